#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fleet/store/statements_sqlite.hpp"
#include "fleet/store/store.hpp"

/// For the store_sqlite*.cpp files only.
namespace hale::fleet {

/// fleet.db beside telemetry/YYYY-MM-DD.db, one a day of arrival. A transaction spans fleet.db and today's file;
/// fleet.db commits first and the batch's answer lies in the day file, so that an answer is never remembered for items
/// that are not there: after a crash in between the batch comes again and every item is recognised by its id.
class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const StoreLocation& location);

  Result<> begin() override;
  Result<> commit() override;
  void rollback() override;
  Result<> begin_part() override;
  Result<> end_part() override;
  void undo_part() override;

  Result<std::optional<std::string>> setting(std::string_view key) override;
  Result<> set_setting(std::string_view key, std::string_view value) override;

  Result<DeviceNumber> add_device(const Device& device) override;
  Result<std::optional<Device>> find_device(std::string_view id) override;
  Result<PageOf<Device>> list_devices(const DeviceQuery& query) override;
  Result<> set_facts(DeviceNumber device, const DeviceFacts& facts) override;
  Result<> set_status(DeviceNumber device, DeviceStatus status) override;
  Result<> set_seen(DeviceNumber device, Timestamp time) override;
  Result<std::vector<Device>> copies_of(std::string_view id, std::int64_t limit) override;
  Result<std::int64_t> count_copies(std::string_view id, Timestamp since) override;
  Result<Counts> counts(Timestamp silent_before) override;

  Result<> add_certificate(const Certificate& certificate) override;
  Result<std::vector<Certificate>> certificates(DeviceNumber device) override;
  Result<std::optional<Standing>> standing(std::string_view serial) override;
  Result<> revoke_certificates(DeviceNumber device, Timestamp time, std::string_view reason) override;

  Result<bool> add_transition(const Transition& transition) override;
  Result<bool> add_activity(const Activity& activity) override;
  Result<bool> add_telemetry(DeviceNumber device, const TelemetryBlob& telemetry) override;
  Result<bool> put_document(DeviceNumber device, DocumentKind kind, const Document& document) override;
  Result<std::optional<Document>> document(DeviceNumber device, DocumentKind kind) override;
  Result<std::optional<std::string>> batch_answer(DeviceNumber device, std::string_view batch) override;
  Result<> put_batch_answer(DeviceNumber device, std::string_view batch, std::string_view answer) override;

  Result<bool> advance_line(DeviceNumber device, std::string_view after, std::string_view batch,
                            Timestamp now) override;
  Result<std::vector<ChainLine>> lines(DeviceNumber device) override;
  Result<> put_line(DeviceNumber device, const ChainLine& line) override;
  Result<> remove_line(DeviceNumber device, std::int64_t number) override;

  Result<PageOf<Transition>> list_findings(const FindingQuery& query) override;
  Result<PageOf<Activity>> timeline(const TimelineQuery& query) override;
  Result<std::vector<SeriesRange>> series(DeviceNumber device) override;
  Result<> telemetry(DeviceNumber device, Timestamp from, Timestamp to, std::size_t max_items,
                     const std::function<void(std::string_view body)>& each) override;

  Result<> add_token(const Token& token) override;
  Result<std::vector<Token>> tokens() override;
  Result<std::optional<Token>> token_by_secret(std::string_view secret_hash) override;
  Result<> use_token(std::string_view id) override;
  Result<bool> revoke_token(std::string_view id) override;
  Result<> put_user(const User& user) override;
  Result<bool> remove_user(std::string_view name) override;
  Result<std::vector<User>> users() override;
  Result<std::optional<User>> user(std::string_view name) override;
  Result<> add_session(const SessionRow& session) override;
  Result<std::optional<SessionRow>> session(std::string_view id_hash) override;
  Result<> touch_session(std::string_view id_hash, Timestamp time) override;
  Result<> remove_session(std::string_view id_hash) override;
  Result<> remove_sessions(std::string_view user, std::string_view but_id_hash) override;
  Result<> audit(const AuditEntry& entry) override;
  Result<PageOf<AuditEntry>> audit_log(std::int64_t limit, std::int64_t offset) override;
  Result<bool> expire(Timestamp now, std::chrono::days telemetry_kept, std::chrono::days activity_kept) override;

 private:
  // A day's file, open. The statements must go before their database.
  struct Day {
    explicit Day(Database opened) : database(std::move(opened)), statements(database) {}
    Database database;
    Statements statements;
  };

  SqliteStore(std::filesystem::path folder, bool read_only, Database database)
      : folder_(std::move(folder)), read_only_(read_only), database_(std::move(database)), statements_(database_) {}

  Query query(std::string_view sql) { return statements_.query(sql); }
  bool changed() const { return database_.changes() > 0; }

  /// Today's file, inside the transaction when there is one. Made when it does not exist.
  Result<Day*> today();
  /// The file of a day, for reading; null when there is none.
  Result<Day*> past_day(const std::string& name);
  /// Names of the day files ("2026-11-23.db"), ascending.
  Result<std::vector<std::string>> day_names() const;
  Result<> refresh_health(DeviceNumber device);
  Result<> note_series(DeviceNumber device, const TelemetryBlob& telemetry);

  std::filesystem::path folder_;
  bool read_only_{};
  Database database_;
  Statements statements_;
  std::map<std::string, std::unique_ptr<Day>> days_;  // open files by name, at most kMaxOpenDays
  std::string writing_day_;                           // the day whose file takes part in the transaction
  bool in_transaction_{false};
  bool in_part_{false};

  // Which series of a device are already noted, so that most telemetry items change no row of `series`.
  struct Noted {
    std::size_t names_hash{};
    Timestamp until{};
  };
  std::unordered_map<DeviceNumber, Noted> noted_;
};

}  // namespace hale::fleet
