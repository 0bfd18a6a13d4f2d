#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/store/block.hpp"
#include "core/envelope.hpp"
#include "core/finding.hpp"
#include "core/reading.hpp"
#include "core/result.hpp"
#include "platform/database_sqlite.hpp"
#include "uploader/outbox.hpp"

namespace hale::agent {

enum class MessageState : std::uint8_t { waiting, shown, answered, withdrawn };
std::string_view to_string(MessageState state);

/// What must be durable at once and together: either all of it is there after a crash, or none.
struct UrgentChange {
  std::vector<Finding> findings;  ///< transitions, in time order
  std::vector<Notification> messages;
  std::vector<std::pair<std::string, MessageState>> message_states;
  std::vector<Outcome> outcomes;
  struct Answered {
    std::string fingerprint, rule;
    Answer answer{};
    Timestamp time;
  };
  std::vector<Answered> answers;
  std::vector<Item> items;                  ///< for the outbox
  std::map<std::string, std::string> meta;  ///< judge state, bookmarks
  bool empty() const;
};

/// What can wait for the next grouped write.
struct GroupedChange {
  std::optional<Block> detail;  ///< column series are ids of Store::series_id
  std::vector<Component> components;
  struct Rejected {
    std::string series, reason;
    std::uint64_t count{};
  };
  std::vector<Rejected> rejected;  ///< counts to add
  UrgentChange also;
};

struct StoreOptions {
  std::uint64_t max_bytes{64u << 20};
  std::uint64_t outbox_max_bytes{16u << 20};
  bool durable{true};  ///< false: replays, which can be run again
};

/// A series by its names.
struct SeriesName {
  Metric metric{};
  std::string component, key;
};

/// The agent's database, <state>/hale.db. One thread.
///
/// A failing disk does not stop the agent: what cannot be written is kept in memory (bounded: all findings, the newest
/// readings), `trouble()` says so, and the next write that works brings everything along.
class Store {
 public:
  /// Opens or makes it. A damaged database is moved aside (hale.db.damaged) and a new one begun; a database that cannot
  /// be opened at all (full disk, no permission) leaves a Store that works in memory and tries again at each write.
  Store(std::filesystem::path file, std::string spool_key, StoreOptions options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// What keeps it from writing, for people; empty when all is well.
  const std::string& trouble() const { return trouble_; }
  /// What happened at opening (a damaged database was moved aside), for the log; empty when nothing.
  const std::string& opening_note() const { return opening_note_; }

  std::uint32_t series_id(Metric metric, const std::string& component, const std::string& key);

  void write(UrgentChange change);
  void write(GroupedChange change, Timestamp now);
  /// Tries again to write what is kept in memory.
  void retry();

  std::optional<std::string> meta(const std::string& name);
  std::map<std::string, std::string> meta_with_prefix(const std::string& prefix);
  std::vector<Finding> findings(bool resolved_too, std::size_t limit = 1000);
  std::vector<Finding> transitions(std::size_t newest);   ///< in time order
  std::optional<Finding> finding(const std::string& id);  ///< fingerprint, at least 8 characters of it, or rule
  struct StoredMessage {
    Notification message;
    MessageState state{};
  };
  std::vector<StoredMessage> messages(std::optional<MessageState> state, std::size_t limit = 200);
  /// What the person said last about a finding.
  std::optional<Answer> last_answer(const std::string& fingerprint);
  std::vector<Component> components();
  std::map<std::string, std::uint64_t> rejected_since(std::int64_t day);  ///< by "series reason"

  /// Stored readings of a tier (0 detail, 1 five minutes, 2 hours, 3 days) in [from, to), for plots and reports.
  /// Damaged blocks are left out.
  std::vector<std::pair<Timestamp, double>> history(int tier, Metric metric, const std::string& component,
                                                    const std::string& key, Timestamp from, Timestamp to);

  /// One series over several tiers: the coarsest that `step_ms` allows, and finer ones for what is not rolled up yet.
  struct HistoryPoint {
    std::int64_t start_ms{};  ///< of the step, Unix ms
    double mean{}, low{}, high{};
  };
  /// Steps of `step_ms` in [from, to), one list a series, in the order asked. A series that was never stored is empty.
  std::vector<std::vector<HistoryPoint>> history(std::span<const SeriesName> series, Timestamp from, Timestamp to,
                                                 std::int64_t step_ms);

  struct Size {
    std::uint64_t bytes{};
    std::uint64_t blocks[4]{};
    std::uint64_t findings{};
  };
  Size size();

  /// The outbox in the same database; null while the database cannot be opened.
  Outbox* outbox();
  /// hale forget: every row of every table; the file is compacted.
  Result<> erase_all();

 private:
  struct Pending;
  std::optional<std::uint32_t> known_series(const std::string& name);
  Result<> open();
  bool ready();
  Result<> apply(const UrgentChange& change);
  Result<> apply(const GroupedChange& change);
  Result<> put_findings(const UrgentChange& change);
  Result<> put_messages(const UrgentChange& change);
  Result<> put_components(const GroupedChange& change);
  Result<> put_meta(const std::string& name, std::string_view value);
  Result<> put_block(int tier, const Block& block);
  /// Decodes the blocks of a tier one after the other: never more than one in memory.
  Result<> each_block(int tier, std::int64_t from, std::int64_t to, const std::function<void(const Block&)>& take);
  Result<std::vector<Block>> blocks(int tier, std::int64_t from, std::int64_t to);
  Result<> roll_up(std::int64_t now_ms);
  Result<> roll_up_tier(int from_tier, std::int64_t step_ms, std::int64_t span_ms, std::int64_t now_ms);
  Result<> shrink(std::int64_t now_ms);
  Result<std::uint64_t> used_bytes();
  Result<Statement*> prepared(const char* sql);
  Result<> scalar(const char* sql, std::int64_t& value);
  void failed(const Error& error);

  std::filesystem::path file_;
  std::string spool_key_;
  StoreOptions options_;
  std::optional<Database> database_;
  std::optional<Outbox> outbox_;
  std::map<const char*, Statement> statements_;  ///< by the address of their literal
  std::map<std::string, std::uint32_t> series_ids_;
  std::unique_ptr<Pending> pending_;
  std::string trouble_;
  std::string opening_note_;
};

}  // namespace hale::agent
