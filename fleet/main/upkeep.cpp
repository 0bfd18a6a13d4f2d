#include <fmt/format.h>

#include "fleet/main/admin.hpp"
#include "fleet/main/lock.hpp"
#include "fleet/service/data_folder.hpp"
#include "fleet/store/store.hpp"
#include "platform/clock.hpp"
#include "platform/files.hpp"

namespace hale::fleet {
namespace {

constexpr const char* kKeyFiles[] = {"ca.pem", "server.pem", "server.key", "server.names", "command.key", "ca.key"};

Result<> copy_keys(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* name : kKeyFiles) {
    auto text = read_file(from / name, 64u << 10);
    if (!text) return fail(std::move(text.error()).with_context((from / name).string()));
    const bool secret = std::string_view(name).ends_with(".key");
    if (auto written = write_file_atomically(to / name, *text, secret ? 0600 : 0644); !written) return written;
  }
  return {};
}

Result<> make_private_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_empty(folder, error)) {
    return fail(Errc::conflict, folder.string() + " is not empty; name a new folder");
  }
  std::filesystem::create_directories(folder, error);
  if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return fail(Errc::io, "making " + folder.string() + ": " + error.message());
  return {};
}

// A half-made copy must not be taken for a whole one.
Result<> copy_all(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (auto made = make_private_folder(to); !made) return made;
  Result<> copied = copy_store_sqlite(from, to);
  if (copied) copied = copy_keys(from, to);
  if (!copied) {
    std::error_code ignored;
    std::filesystem::remove_all(to, ignored);
  }
  return copied;
}

}  // namespace

Result<> backup_fleet(const std::filesystem::path& data, const std::filesystem::path& to) {
  if (auto keys = load_fleet_keys(data); !keys) return fail(keys.error());
  if (auto copied = copy_all(data, to); !copied) return copied;
  if (auto sound = check_fleet(to); !sound) return sound;
  fmt::print("backed up to {}; it holds private keys: keep it as safe as the server\n", to.string());
  return {};
}

Result<> restore_fleet(const std::filesystem::path& from, const std::filesystem::path& data) {
  if (auto sound = check_fleet(from); !sound) return fail(Error(sound.error()).with_context("the backup"));
  if (auto copied = copy_all(from, data); !copied) return copied;
  fmt::print("restored into {}\n", data.string());
  return {};
}

Result<> check_fleet(const std::filesystem::path& data) {
  if (auto keys = load_fleet_keys(data); !keys) return fail(keys.error());
  const auto problems = check_store_sqlite(data);
  if (!problems) return fail(problems.error());
  if (problems->empty()) {
    fmt::print("{}: sound\n", data.string());
    return {};
  }
  std::string all = data.string() + " is damaged; restore a backup (hale-fleet restore)";
  for (const auto& problem : *problems) all += "\n  " + problem;
  return fail(Errc::io, std::move(all));
}

Result<> migrate_fleet(const std::filesystem::path& data) {
  if (auto keys = load_fleet_keys(data); !keys) return fail(keys.error());
  auto lock = FolderLock::take(data);
  if (!lock) return fail(lock.error());
  auto store = open_store_sqlite({data, false});
  if (!store) return fail(store.error());
  fmt::print("{}: the database has this version's schema\n", data.string());
  return {};
}

}  // namespace hale::fleet
