#include "uploader/upload_state.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "uploader/tests/outbox_fixture.hpp"

using namespace hale;
using namespace hale::test;
using namespace std::chrono_literals;

TEST_CASE("Failures wait between 30 seconds and 6 hours, longer and longer on average, never twice the same") {
  std::mt19937 generator(3);
  const Random random = [&] { return std::uniform_real_distribution<double>(0, 1)(generator); };
  UploadState state;
  double early = 0;
  for (int i = 0; i < 2000; ++i) {
    state = after_failure(state, at(0), "no route", {}, random);
    REQUIRE(state.delay >= 30s);
    REQUIRE(state.delay <= 6h);
    REQUIRE(state.not_before == at(0) + state.delay);
    if (i == 0) {
      CHECK(state.delay <= 90s);
      early = static_cast<double>(state.delay.count());
    }
  }
  double late = 0;
  for (int i = 0; i < 50; ++i)
    late += static_cast<double>((state = after_failure(state, at(0), "x", {}, random)).delay.count()) / 50;
  CHECK(late > early);
}

TEST_CASE("The server's Retry-After is kept, at most a day") {
  const auto half = [] { return 0.5; };
  const auto state = after_failure({}, at(0), "busy", 1234, half);
  CHECK(state.server_asked);
  CHECK(time_left(state, at(0)) == 1234s);
  CHECK(time_left(state, at(1234)) == 0s);
  CHECK(time_left(after_failure({}, at(0), "busy", 4'000'000'000U, half), at(0)) == 24h);
}

TEST_CASE("A clock that was set back does not silence the device") {
  const auto state = after_failure({}, at(1'000'000), "x", {}, [] { return 0.0; });
  CHECK(time_left(state, at(0)) == 0s);
}

TEST_CASE("The state outlives the run") {
  TemporaryFolder folder;
  const UploadState state{.delay = 77s, .not_before = at(5), .server_asked = true, .revoked = true, .error = "why"};
  {
    auto database = open_outbox_database(folder.path() / "hale.db");
    CHECK(read_upload_state(database).value() == UploadState{});
    REQUIRE(write_upload_state(database, UploadState{.error = "before"}));
    REQUIRE(write_upload_state(database, state));
  }
  auto database = open_outbox_database(folder.path() / "hale.db");
  CHECK(read_upload_state(database).value() == state);
}
