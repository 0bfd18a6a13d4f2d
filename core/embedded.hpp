#pragma once
#include <span>
#include <string_view>

namespace hale {

/// A data file built into the program (rule packs, texts, migrations, web pages). Valid for the life of the process.
struct EmbeddedFile {
  std::string_view name;   ///< path relative to the folder it was embedded from, '/' separated
  std::string_view bytes;
};

/// The file of that name, or nullptr.
const EmbeddedFile* find_embedded(std::span<const EmbeddedFile> files, std::string_view name);

}  // namespace hale

/// Declares the table that `hale_embed(target SYMBOL ...)` generated.
#define HALE_DECLARE_EMBEDDED(symbol)          \
  namespace hale::embedded {                   \
  std::span<const hale::EmbeddedFile> symbol(); \
  }
