#pragma once
#include <filesystem>
#include <string>

namespace hale {

/// The first "model name" (x86), "Hardware" or "Model" (ARM) of <proc>/cpuinfo; empty when it says none.
std::string cpu_model(const std::filesystem::path& proc);

}  // namespace hale
