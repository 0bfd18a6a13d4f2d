#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/time.hpp"
#include "platform/database_sqlite.hpp"

namespace hale::fleet {

/// One run of a prepared statement; it is reset when the run ends, so that it can be used again and holds no read
/// snapshot.
class Query {
 public:
  explicit Query(Result<Statement*> statement) : statement_(std::move(statement)) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() {
    if (statement_) (*statement_)->reset();
  }

  template <class... Values>
  Query& with(const Values&... values) {
    (add(values), ...);
    return *this;
  }
  Query& with_blob(std::string_view bytes) {
    if (statement_) (*statement_)->bind_blob(++bound_, bytes);
    return *this;
  }

  Result<bool> next() { return statement_ ? (*statement_)->step() : Result<bool>(fail(statement_.error())); }
  Result<> run() { return statement_ ? (*statement_)->run() : Result<>(fail(statement_.error())); }

  std::int64_t number(int column) const { return (*statement_)->column_int(column); }
  std::string text(int column) const { return (*statement_)->column_text(column); }
  std::string blob(int column) const { return (*statement_)->column_blob(column); }
  Timestamp time(int column) const { return from_unix_ms(number(column)); }
  std::optional<Timestamp> optional_time(int column) const {
    if ((*statement_)->column_null(column)) return std::nullopt;
    return time(column);
  }

 private:
  void add(std::string_view text) {
    if (statement_) (*statement_)->bind(++bound_, text);
  }
  void add(Timestamp time) {
    if (statement_) (*statement_)->bind(++bound_, to_unix_ms(time));
  }
  void add(std::optional<Timestamp> time) {
    if (time) return add(*time);
    if (statement_) (*statement_)->bind_null(++bound_);
  }
  template <class Value>
  requires std::is_integral_v<Value> || std::is_enum_v<Value>
  void add(Value value) {
    if (statement_) (*statement_)->bind(++bound_, static_cast<std::int64_t>(value));
  }

  Result<Statement*> statement_;
  int bound_{0};
};

/// Prepared statements of one connection, by their SQL.
class Statements {
 public:
  explicit Statements(Database& database) : database_(&database) {}

  Query query(std::string_view sql) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
      if (statements_.size() > 200) statements_.clear();  // SQL that varies with a request's filters
      auto made = database_->prepare(sql);
      if (!made) return Query(fail(made.error()));
      found = statements_.emplace(std::string(sql), std::move(*made)).first;
    }
    return Query(&found->second);
  }
  void clear() { statements_.clear(); }

 private:
  Database* database_;
  std::map<std::string, Statement, std::less<>> statements_;
};

}  // namespace hale::fleet
