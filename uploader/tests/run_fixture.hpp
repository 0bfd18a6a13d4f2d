#pragma once
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

#include "platform/clock.hpp"
#include "platform/files.hpp"
#include "platform/secrets.hpp"
#include "uploader/enroll_command.hpp"
#include "uploader/run.hpp"
#include "uploader/tests/outbox_fixture.hpp"
#include "uploader/tests/test_fleet.hpp"
#include "uploader/upload_state.hpp"

namespace hale::test {

/// A wall clock that a test can move; the steady clock is the real one.
class MovedClock final : public Clock {
 public:
  Timestamp now() const override { return system_clock().now() + moved; }
  Steady steady() const override { return system_clock().steady(); }
  std::chrono::milliseconds moved{0};
};

inline const std::string kHardware = "uuid=11;board=22;mac=33;cpu=44";
inline const std::string kOtherHardware = "uuid=99;board=98;mac=97;cpu=44";

/// A PC's state folder as haled leaves it, with an open outbox.
struct Pc {
  TemporaryFolder folder;
  MovedClock clock;
  std::string hardware{kHardware};
  Timestamp boot_time{};
  bool filled;  ///< before the database is opened
  std::unique_ptr<Database> database{std::make_unique<Database>(open_outbox_database(folder.path() / "hale.db"))};
  std::string spool_key{Secrets(folder.path()).spool_key().value()};
  Outbox outbox{*database, spool_key};

  /// `image`: another PC's state folder, as a copied disk holds it.
  explicit Pc(const std::filesystem::path& image = {}) : filled(fill(image)) {
    REQUIRE(database->execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)"));
  }
  bool fill(const std::filesystem::path& image) const {
    if (!image.empty())
      std::filesystem::copy(
          image, folder.path(),
          std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    return !image.empty();
  }

  void say(const std::string& name, const std::string& value) {
    auto statement = database->prepare("REPLACE INTO meta VALUES (?, ?)");
    REQUIRE(statement);
    REQUIRE(statement->bind(1, std::string_view(name)).bind(2, std::string_view(value)).run());
  }
  /// What haled notes once the person agreed.
  void consent() {
    say("consent", "granted");
    say("uploading_for", read_identity(folder.path()).value().device_id);
  }
  Result<Identity> enroll(const std::string& token, bool force = false, const std::string& url = {}) {
    return run_enroll(EnrollCommand{.state_folder = folder.path(),
                                    .url = url,
                                    .token_text = token,
                                    .hardware = hardware,
                                    .system = "Test OS",
                                    .boot_time = boot_time,
                                    .proxy = {"direct"},
                                    .force = force,
                                    .cancel = nullptr},
                      clock);
  }
  void join(const TestFleet& fleet) {
    const auto identity = enroll(fleet.token());
    INFO((identity ? std::string() : identity.error().message));
    REQUIRE(identity);
    consent();
  }
  UploadReport run(bool now = true, const std::string& proxy = "direct") {
    return run_upload(UploadOptions{.state_folder = folder.path(),
                                    .hardware = hardware,
                                    .boot_time = boot_time,
                                    .system = "Test OS",
                                    .proxy = {proxy},
                                    .session = {},
                                    .now = now,
                                    .cancel = nullptr},
                      clock);
  }
  void put(const std::string& id, ItemKind kind = ItemKind::finding) {
    REQUIRE(outbox.put({id, kind, clock.now(), R"({"n":")" + id + R"("})"}));
  }
  Identity identity() const { return read_identity(folder.path()).value(); }
};

}  // namespace hale::test
