#include "platform/database_sqlite.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <thread>

#include "tests/support/data.hpp"

using namespace hale;

namespace {

Database open_database(const std::filesystem::path& path, DatabaseOptions options = {}) {
  auto database = Database::open(path, options);
  if (!database) FAIL(database.error().message);
  return std::move(*database);
}

Statement prepare(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) FAIL(statement.error().message);
  return std::move(*statement);
}

std::int64_t number(Database& database, std::string_view sql) {
  auto statement = prepare(database, sql);
  REQUIRE(statement.step() == true);
  return statement.column_int(0);
}

constexpr std::array<EmbeddedFile, 2> kMigrations{{{"0001_first.sql", "CREATE TABLE a(x INTEGER); INSERT INTO a VALUES(1);"},
                                                   {"0002_second.sql", "ALTER TABLE a ADD COLUMN y TEXT;"}}};

}  // namespace

TEST_CASE("values come back from the database as they went in") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  REQUIRE(database.execute("CREATE TABLE t(i INTEGER, d REAL, s TEXT, b BLOB, n TEXT, e TEXT)"));
  const std::string blob("\0\xff\x01", 3);
  auto insert = prepare(database, "INSERT INTO t VALUES(?,?,?,?,?,?)");
  REQUIRE(insert.bind(1, std::int64_t{-5}).bind(2, 1.5).bind(3, "风扇").bind_blob(4, blob).bind_null(5).bind(6, std::string_view()).run());
  CHECK(database.changes() == 1);
  CHECK(database.last_insert_id() == 1);
  auto select = prepare(database, "SELECT * FROM t");
  REQUIRE(select.step() == true);
  CHECK(select.column_int(0) == -5);
  CHECK(select.column_double(1) == 1.5);
  CHECK(select.column_text(2) == "风扇");
  CHECK(select.column_blob(3) == blob);
  CHECK(select.column_null(4));
  CHECK_FALSE(select.column_null(5));
  CHECK(select.column_text(5).empty());
  CHECK(select.step() == false);
}

TEST_CASE("a statement can be run again with other values") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  REQUIRE(database.execute("CREATE TABLE t(x INTEGER)"));
  auto insert = prepare(database, "INSERT INTO t VALUES(?)");
  for (std::int64_t i = 1; i <= 3; ++i) REQUIRE(insert.bind(1, i).run());
  CHECK(number(database, "SELECT sum(x) FROM t") == 6);
}

TEST_CASE("binding a parameter that does not exist is reported when the statement runs, and only then") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  auto select = prepare(database, "SELECT ?");
  CHECK(select.bind(2, std::int64_t{1}).step().error().code == Errc::internal);
  CHECK(select.bind(1, std::int64_t{1}).step() == true);
}

TEST_CASE("malformed SQL is reported with the statement") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  const auto statement = database.prepare("SELEKT 1");
  REQUIRE_FALSE(statement);
  CHECK(statement.error().message.find("SELEKT") != std::string::npos);
  CHECK_FALSE(database.prepare(""));
}

TEST_CASE("a connection writes ahead, enforces foreign keys and distrusts the schema") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  auto mode = prepare(database, "PRAGMA journal_mode");
  REQUIRE(mode.step() == true);
  CHECK(mode.column_text(0) == "wal");
  CHECK(number(database, "PRAGMA foreign_keys") == 1);
  CHECK(number(database, "PRAGMA trusted_schema") == 0);
  CHECK(number(database, "PRAGMA synchronous") == 2);
  CHECK(number(database, "PRAGMA cache_size") == -256);
  REQUIRE(database.execute("CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id))"));
  CHECK(database.execute("INSERT INTO c VALUES(7)").error().code == Errc::conflict);
}

TEST_CASE("migrations run once, in order") {
  const test::TemporaryFolder folder;
  {
    auto database = open_database(folder.path() / "db");
    REQUIRE(database.migrate(std::span(kMigrations).first(1)));
    REQUIRE(database.migrate(kMigrations));
    REQUIRE(database.migrate(kMigrations));
    CHECK(number(database, "PRAGMA user_version") == 2);
  }
  auto database = open_database(folder.path() / "db");
  REQUIRE(database.migrate(kMigrations));
  CHECK(number(database, "SELECT count(*) FROM a WHERE y IS NULL") == 1);
}

TEST_CASE("a migration that fails leaves the database as it was before it") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  const std::array<EmbeddedFile, 2> broken{{{"0001_ok.sql", "CREATE TABLE a(x)"}, {"0002_bad.sql", "CREATE TABLE b(x); CREATE TABLE a(x);"}}};
  const auto migrated = database.migrate(broken);
  REQUIRE_FALSE(migrated);
  CHECK(migrated.error().message.starts_with("migration 0002_bad.sql: "));
  CHECK(number(database, "PRAGMA user_version") == 1);
  CHECK(number(database, "SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("a database written by a newer version is refused and not touched") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  REQUIRE(database.migrate(kMigrations));
  const auto refused = database.migrate(std::span(kMigrations).first(1));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::unsupported);
  CHECK(refused.error().message.find("newer Hale") != std::string::npos);
}

TEST_CASE("migrations out of order or badly named are a defect that is said aloud") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  const std::array<EmbeddedFile, 2> unordered{{{"0002_b.sql", "CREATE TABLE b(x)"}, {"0001_a.sql", "CREATE TABLE a(x)"}}};
  const std::array<EmbeddedFile, 1> unnamed{{{"first.sql", "CREATE TABLE a(x)"}}};
  CHECK(database.migrate(unordered).error().code == Errc::internal);
  CHECK(database.migrate(unnamed).error().code == Errc::internal);
  CHECK(number(database, "SELECT count(*) FROM sqlite_schema") == 0);
}

TEST_CASE("two modules in one database count their migrations apart") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  const std::array<EmbeddedFile, 1> other{{{"0001_outbox.sql", "CREATE TABLE outbox(x)"}}};
  REQUIRE(database.migrate("store", kMigrations));
  REQUIRE(database.migrate("outbox", other));
  REQUIRE(database.migrate("store", kMigrations));
  CHECK(number(database, "SELECT count(*) FROM sqlite_schema WHERE name IN ('a','outbox')") == 2);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  REQUIRE(database.execute("CREATE TABLE t(x)"));
  {
    auto transaction = Transaction::begin(database);
    REQUIRE(transaction);
    REQUIRE(database.execute("INSERT INTO t VALUES(1)"));
  }
  CHECK(number(database, "SELECT count(*) FROM t") == 0);
  auto transaction = Transaction::begin(database);
  REQUIRE(transaction);
  REQUIRE(database.execute("INSERT INTO t VALUES(1)"));
  REQUIRE(transaction->commit());
  CHECK(number(database, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("a full disk is reported as such, keeps what was committed, and writing goes on once there is room") {
  const test::TemporaryFolder folder;
  auto database = open_database(folder.path() / "db");
  REQUIRE(database.execute("CREATE TABLE t(b BLOB)"));
  REQUIRE(database.execute("INSERT INTO t VALUES(zeroblob(10))"));
  REQUIRE(database.execute("PRAGMA max_page_count=16"));
  {
    auto transaction = Transaction::begin(database);
    REQUIRE(transaction);
    REQUIRE(database.execute("INSERT INTO t VALUES(zeroblob(20))"));
    const auto full = database.execute("INSERT INTO t VALUES(zeroblob(1000000))");
    REQUIRE_FALSE(full);
    CHECK(full.error().code == Errc::unavailable);
    CHECK(full.error().message.find("free some space") != std::string::npos);
  }
  CHECK(number(database, "SELECT count(*) FROM t") == 1);
  REQUIRE(database.execute("PRAGMA max_page_count=100000"));
  CHECK(database.execute("INSERT INTO t VALUES(zeroblob(1000000))"));
}

TEST_CASE("a file that is no database is refused with advice") {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "db") << std::string(8192, 'x');
  const auto database = Database::open(folder.path() / "db");
  REQUIRE_FALSE(database);
  CHECK(database.error().code == Errc::invalid_input);
  CHECK(database.error().message.find((folder.path() / "db").string()) != std::string::npos);
  CHECK(database.error().message.find("move the file away") != std::string::npos);
}

TEST_CASE("a database in a folder that does not exist is not found") {
  const test::TemporaryFolder folder;
  CHECK(Database::open(folder.path() / "absent" / "db").error().code == Errc::not_found);
  CHECK(Database::open(folder.path() / "db", {.read_only = true}).error().code == Errc::not_found);
}

TEST_CASE("a reader sees what a writer committed, and cannot write") {
  const test::TemporaryFolder folder;
  auto writer = open_database(folder.path() / "db");
  REQUIRE(writer.execute("CREATE TABLE t(x); INSERT INTO t VALUES(7)"));
  auto reader = open_database(folder.path() / "db", {.read_only = true});
  CHECK(number(reader, "SELECT x FROM t") == 7);
  CHECK(reader.execute("INSERT INTO t VALUES(8)").error().code == Errc::permission);
}

TEST_CASE("a database that somebody else holds is unavailable after the busy timeout, not for ever") {
  const test::TemporaryFolder folder;
  auto holder = open_database(folder.path() / "db");
  REQUIRE(holder.execute("CREATE TABLE t(x)"));
  auto transaction = Transaction::begin(holder);
  REQUIRE(transaction);
  auto other = open_database(folder.path() / "db", {.busy_timeout_ms = 50});
  CHECK(Transaction::begin(other).error().code == Errc::unavailable);
}

TEST_CASE("a process killed at any moment loses nothing that it committed") {
  const test::TemporaryFolder folder;
  { REQUIRE(open_database(folder.path() / "db").execute("CREATE TABLE t(x INTEGER PRIMARY KEY)")); }
  for (int round = 0; round < 5; ++round) {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto database = Database::open(folder.path() / "db");
      while (database && database->execute("INSERT INTO t VALUES(NULL)")) {
        const std::int64_t id = database->last_insert_id();
        if (::write(pipe[1], &id, sizeof(id)) != sizeof(id)) break;
      }
      ::_exit(1);
    }
    ::close(pipe[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + round * 17));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    std::int64_t acknowledged = 0;
    std::int64_t id = 0;
    while (::read(pipe[0], &id, sizeof(id)) == sizeof(id)) acknowledged = id;
    ::close(pipe[0]);
    auto database = open_database(folder.path() / "db");
    CHECK(number(database, "SELECT ifnull(max(x),0) FROM t") >= acknowledged);
    auto check = prepare(database, "PRAGMA integrity_check");
    REQUIRE(check.step() == true);
    CHECK(check.column_text(0) == "ok");
  }
}
