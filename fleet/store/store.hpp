#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

/// The one interface between the fleet server and its database. Values only; no SQL above it, no HTTP or JSON below it.
namespace hale::fleet {

enum class Health : std::uint8_t { unknown, ok, info, warning, critical };
enum class DeviceStatus : std::uint8_t { active, revoked, cloned };
enum class Role : std::uint8_t { viewer, support, admin };
enum class SortBy : std::uint8_t { health, last_seen, name, model, os, agent, enrolled };

std::string_view to_string(Health);
std::string_view to_string(DeviceStatus);
std::string_view to_string(Role);
std::optional<Health> parse_health(std::string_view);
std::optional<DeviceStatus> parse_device_status(std::string_view);
std::optional<Role> parse_role(std::string_view);
std::optional<SortBy> parse_sort(std::string_view);

/// A device's number inside this database; its UUID is what everybody else sees.
using DeviceNumber = std::int64_t;

struct Device {
  DeviceNumber number{};
  std::string id;
  std::string name, vendor, model, os, agent_version, chassis;
  DeviceStatus status{DeviceStatus::active};
  Health health{Health::unknown};
  Timestamp enrolled{};
  std::optional<Timestamp> last_seen;
  std::optional<Timestamp> telemetry_to;  ///< end of the newest telemetry
  std::string hardware;
  std::string clone_of;      ///< UUID or empty
  std::int64_t active[3]{};  ///< active findings by Severity
};

/// What an inventory says of a device, for lists and search.
struct DeviceFacts {
  std::string name, vendor, model, os, agent_version, chassis;
};

struct DeviceQuery {
  std::string search;
  std::vector<Health> health;
  std::vector<DeviceStatus> status;
  std::optional<bool> silent;
  Timestamp silent_before{};  ///< not heard from since then = silent
  SortBy sort{SortBy::health};
  bool descending{true};
  std::int64_t limit{50};
  std::int64_t offset{0};
};

struct Certificate {
  std::string serial;  ///< hex
  DeviceNumber device{};
  Timestamp not_before{}, not_after{};
  std::optional<Timestamp> revoked;
  std::string reason;
};

/// Whether a serial may speak, read at every request.
struct Standing {
  DeviceNumber device{};
  std::string device_id;
  bool revoked{};
  std::string reason;
};

/// A finding's transition; `body` is the wire's JSON.
struct Transition {
  std::int64_t id{};
  DeviceNumber device{};
  std::string device_id, device_name;  ///< filled when read
  std::string item;                    ///< the wire's item id: the idempotence key
  std::string fingerprint, rule, cause, component;
  Severity severity{};
  FindingState state{};
  Timestamp time{};
  std::string body;
};

struct FindingQuery {
  std::optional<DeviceNumber> device;
  std::optional<FindingState> state;
  std::vector<Severity> severity;
  std::string cause, rule;
  bool transitions{
      false};  ///< every stored transition, oldest first; else the latest of each fingerprint, newest first
  std::int64_t limit{50};
  std::int64_t offset{0};
};

/// Anything else that happened: notification, feedback, outcome, event, report, device.
struct Activity {
  DeviceNumber device{};
  std::string item;
  std::string kind;
  Timestamp time{};
  std::string body;
};

struct TimelineQuery {
  DeviceNumber device{};
  std::vector<std::string> kinds;  ///< empty: all
  std::int64_t limit{50};
  std::int64_t offset{0};
};

struct Document {
  Timestamp time{};
  std::string body;
};
enum class DocumentKind : std::uint8_t { inventory, status };

struct SeriesName {
  std::string metric, component, key;
  auto operator<=>(const SeriesName&) const = default;
};
struct SeriesRange {
  SeriesName name;
  Timestamp from{}, to{};
};

/// A telemetry item: `body` is the wire's JSON, stored compressed.
struct TelemetryBlob {
  std::string item;
  Timestamp start{}, end{};
  std::vector<SeriesName> series;
  std::string body;
};

struct Token {
  std::string id;
  std::string secret_hash;
  Timestamp created{}, expires{};
  std::string created_by, note;
  std::int64_t uses{}, used{};
  bool revoked{};
};

struct User {
  std::string name;
  Role role{};
  std::string password_hash;
  Timestamp created{};
  std::optional<Timestamp> last_login;
};

struct SessionRow {
  std::string id_hash;
  std::string user;
  Role role{};
  Timestamp created{}, last_used{}, expires{};
};

struct AuditEntry {
  Timestamp time{};
  std::string user, action, target, detail;
};

/// A line of a device's batches, each of which names the one before it (ingest/chain.hpp).
enum class LineState : std::uint8_t { replaced, current, copy };
struct ChainLine {
  std::int64_t number{};  ///< ascending as they began
  std::string head;       ///< the newest batch
  Timestamp born{}, moved{};
  LineState state{};
};

struct Counts {
  std::int64_t health[5]{};  ///< by Health; without revoked devices
  std::int64_t silent{}, cloned{}, revoked{};
  std::int64_t active[3]{};  ///< active findings by Severity
  std::vector<std::pair<std::string, std::int64_t>> causes, agents;
};

template <class T>
struct PageOf {
  std::vector<T> rows;
  std::int64_t total{};
};

/// One connection: belongs to one thread. Errors: unavailable (busy, full disk), invalid_input (corrupt), io.
/// Changes happen between begin() and commit(); commit() returns once they are on the disk.
class Store {
 public:
  virtual ~Store() = default;

  virtual Result<> begin() = 0;
  virtual Result<> commit() = 0;
  virtual void rollback() = 0;
  /// A part of a transaction that can be undone by itself.
  virtual Result<> begin_part() = 0;
  virtual Result<> end_part() = 0;
  virtual void undo_part() = 0;

  virtual Result<std::optional<std::string>> setting(std::string_view key) = 0;
  virtual Result<> set_setting(std::string_view key, std::string_view value) = 0;

  virtual Result<DeviceNumber> add_device(const Device& device) = 0;
  virtual Result<std::optional<Device>> find_device(std::string_view id) = 0;
  virtual Result<PageOf<Device>> list_devices(const DeviceQuery& query) = 0;
  virtual Result<> set_facts(DeviceNumber device, const DeviceFacts& facts) = 0;
  virtual Result<> set_status(DeviceNumber device, DeviceStatus status) = 0;
  virtual Result<> set_seen(DeviceNumber device, Timestamp time) = 0;
  /// Devices that enrolled as copies of this one's disk, newest first.
  virtual Result<std::vector<Device>> copies_of(std::string_view id, std::int64_t limit) = 0;
  virtual Result<std::int64_t> count_copies(std::string_view id, Timestamp since) = 0;
  virtual Result<Counts> counts(Timestamp silent_before) = 0;

  virtual Result<> add_certificate(const Certificate& certificate) = 0;
  virtual Result<std::vector<Certificate>> certificates(DeviceNumber device) = 0;
  virtual Result<std::optional<Standing>> standing(std::string_view serial) = 0;
  virtual Result<> revoke_certificates(DeviceNumber device, Timestamp time, std::string_view reason) = 0;

  /// False: that item was there already.
  virtual Result<bool> add_transition(const Transition& transition) = 0;
  virtual Result<bool> add_activity(const Activity& activity) = 0;
  virtual Result<bool> add_telemetry(DeviceNumber device, const TelemetryBlob& telemetry) = 0;
  /// False: a newer one is there.
  virtual Result<bool> put_document(DeviceNumber device, DocumentKind kind, const Document& document) = 0;
  virtual Result<std::optional<Document>> document(DeviceNumber device, DocumentKind kind) = 0;

  /// The answer given to a batch within the last days.
  virtual Result<std::optional<std::string>> batch_answer(DeviceNumber device, std::string_view batch) = 0;
  virtual Result<> put_batch_answer(DeviceNumber device, std::string_view batch, std::string_view answer) = 0;

  /// The usual step of a chain: the current line's head was `after` and becomes `batch`. False: it was not.
  virtual Result<bool> advance_line(DeviceNumber device, std::string_view after, std::string_view batch,
                                    Timestamp now) = 0;
  virtual Result<std::vector<ChainLine>> lines(DeviceNumber device) = 0;      ///< the eldest first
  virtual Result<> put_line(DeviceNumber device, const ChainLine& line) = 0;  ///< new, or replaces that number
  virtual Result<> remove_line(DeviceNumber device, std::int64_t number) = 0;

  virtual Result<PageOf<Transition>> list_findings(const FindingQuery& query) = 0;
  virtual Result<PageOf<Activity>> timeline(const TimelineQuery& query) = 0;  ///< findings too, as kind "finding"
  virtual Result<std::vector<SeriesRange>> series(DeviceNumber device) = 0;
  /// Bodies of the telemetry items that overlap [from, to), oldest first, at most `max_items`.
  virtual Result<> telemetry(DeviceNumber device, Timestamp from, Timestamp to, std::size_t max_items,
                             const std::function<void(std::string_view body)>& each) = 0;

  virtual Result<> add_token(const Token& token) = 0;
  virtual Result<std::vector<Token>> tokens() = 0;
  virtual Result<std::optional<Token>> token_by_secret(std::string_view secret_hash) = 0;
  virtual Result<> use_token(std::string_view id) = 0;
  virtual Result<bool> revoke_token(std::string_view id) = 0;  ///< false: no such token

  virtual Result<> put_user(const User& user) = 0;  ///< new, or replaces the one of that name
  virtual Result<bool> remove_user(std::string_view name) = 0;
  virtual Result<std::vector<User>> users() = 0;
  virtual Result<std::optional<User>> user(std::string_view name) = 0;

  virtual Result<> add_session(const SessionRow& session) = 0;
  virtual Result<std::optional<SessionRow>> session(std::string_view id_hash) = 0;
  virtual Result<> touch_session(std::string_view id_hash, Timestamp time) = 0;
  virtual Result<> remove_session(std::string_view id_hash) = 0;
  /// All of a user's but one (empty: all).
  virtual Result<> remove_sessions(std::string_view user, std::string_view but_id_hash) = 0;

  virtual Result<> audit(const AuditEntry& entry) = 0;
  virtual Result<PageOf<AuditEntry>> audit_log(std::int64_t limit, std::int64_t offset) = 0;

  /// Drops telemetry files and prunes activity and sessions older than they are kept. In slices: call again while it
  /// returns true.
  virtual Result<bool> expire(Timestamp now, std::chrono::days telemetry_kept, std::chrono::days activity_kept) = 0;
};

struct StoreLocation {
  std::filesystem::path folder;  ///< fleet.db and telemetry/ inside it
  bool read_only{false};
};

/// Opens an embedded store and brings it to this build's schema (writers only; a reader refuses an older one: "run
/// hale-fleet migrate").
Result<std::unique_ptr<Store>> open_store_sqlite(const StoreLocation& location);

/// Integrity of every database file; the problems found, empty when sound.
Result<std::vector<std::string>> check_store_sqlite(const std::filesystem::path& folder);
/// A consistent copy of every database file into another folder, while the server runs.
Result<> copy_store_sqlite(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace hale::fleet
