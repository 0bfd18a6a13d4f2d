#include <catch2/catch_test_macros.hpp>

#include "rules/notify/notifier.hpp"

using namespace hale;
using namespace hale::rules;

namespace {

constexpr Millis kNoon = 1'767'268'800'000;

struct Room {
  Notifier notifier;
  PolicyOptions options;
  Presence presence;
  Millis utc_offset{};
  std::vector<std::pair<std::string, Millis>> shown;
  std::vector<std::string> withdrawn;
  int welcomes{};

  Notifier::Output output() {
    return {[this](const Speech& speech, Millis time) { shown.emplace_back(speech.fingerprint, time); },
            [this](const std::string& id) { withdrawn.push_back(id); }, [this](Millis) { ++welcomes; }};
  }
  void raise(const std::string& who, Severity severity, Millis time, const std::string& topic = "", Millis after = 0) {
    notifier.raise({who, "disk.test", "disk0", topic.empty() ? who : topic, severity, after, 0}, time);
    flush(time);
  }
  void flush(Millis time) { notifier.flush(time, utc_offset, presence, options, output()); }
  void resolve(const std::string& who) { notifier.resolve(who, output()); }
  void answer(const std::string& who, Answer answer, Millis time) {
    notifier.answer(who, answer, time, options, output());
  }
};

}  // namespace

TEST_CASE("one cause gives one message, whichever rule sees it") {
  Room room;
  room.raise("a", Severity::warning, kNoon, "media_errors disk0");
  room.raise("b", Severity::warning, kNoon + kDay, "media_errors disk0");
  room.flush(kNoon + 3 * kDay);
  CHECK(room.shown.size() == 1);
}

TEST_CASE("the same cause is told again within the cool-down only when it got worse") {
  Room room;
  room.raise("a", Severity::info, kNoon);
  room.resolve("a");
  room.raise("a", Severity::info, kNoon + 10 * kDay);
  CHECK(room.shown.size() == 1);
  room.raise("a", Severity::warning, kNoon + 11 * kDay);
  CHECK(room.shown.size() == 2);
  room.resolve("a");
  room.raise("a", Severity::warning, kNoon + 42 * kDay);
  CHECK(room.shown.size() == 3);
}

TEST_CASE("at most one message a day unless it is urgent, the worst first") {
  Room room;
  room.notifier.raise({"tip", "r", "c", "t1", Severity::info, 0, 0}, kNoon);
  room.notifier.raise({"plan", "r", "c", "t2", Severity::warning, 0, 0}, kNoon);
  room.notifier.raise({"act", "r", "c", "t3", Severity::critical, 0, 0}, kNoon);
  room.flush(kNoon);
  REQUIRE(room.shown.size() == 2);
  CHECK(room.shown[0].first == "act");
  CHECK(room.shown[1].first == "plan");
  room.flush(kNoon + 6 * kHour);
  CHECK(room.shown.size() == 2);
  room.flush(kNoon + kDay);
  REQUIRE(room.shown.size() == 3);
  CHECK(room.shown[2].first == "tip");
}

TEST_CASE("quiet hours hold everything but what is urgent, in local time") {
  Room room;
  room.utc_offset = 12 * kHour;  // noon UTC is midnight here
  room.raise("plan", Severity::warning, kNoon);
  CHECK(room.shown.empty());
  room.raise("act", Severity::critical, kNoon);
  CHECK(room.shown.size() == 1);
  room.flush(kNoon + 8 * kHour - kMinute);
  CHECK(room.shown.size() == 1);
  CHECK(room.notifier.next_due(kNoon, room.utc_offset, room.options) == kNoon + 8 * kHour);
  // Whether somebody free is there matters only once the hour is over.
  CHECK_FALSE(room.notifier.wants_to_speak(kNoon + 8 * kHour - kMinute, room.utc_offset, room.options));
  CHECK(room.notifier.wants_to_speak(kNoon + 8 * kHour, room.utc_offset, room.options));
  room.flush(kNoon + 8 * kHour);
  CHECK(room.shown.size() == 2);
  CHECK_FALSE(room.notifier.wants_to_speak(kNoon + 9 * kHour, room.utc_offset, room.options));
}

TEST_CASE("without a session messages wait, and go out when somebody comes") {
  Room room;
  room.presence.session = false;
  room.raise("act", Severity::critical, kNoon);
  room.flush(kNoon + 5 * kDay);
  CHECK(room.shown.empty());
  room.presence.session = true;
  room.flush(kNoon + 6 * kDay);
  CHECK(room.shown.size() == 1);
}

TEST_CASE("a full-screen program is left alone, by urgent messages for a quarter of an hour") {
  Room room;
  room.presence.full_screen = true;
  room.raise("plan", Severity::warning, kNoon);
  room.raise("act", Severity::critical, kNoon);
  CHECK(room.shown.empty());
  room.flush(kNoon + 15 * kMinute);
  REQUIRE(room.shown.size() == 1);
  CHECK(room.shown[0].first == "act");
  room.presence.full_screen = false;
  room.flush(kNoon + 20 * kMinute);
  CHECK(room.shown.size() == 2);
}

TEST_CASE("a finding must stand as long as its rule says before it is told") {
  Room room;
  room.raise("a", Severity::warning, kNoon, "", 30 * kMinute);
  CHECK(room.shown.empty());
  room.resolve("a");
  room.flush(kNoon + kHour);
  CHECK(room.shown.empty());
  room.raise("a", Severity::warning, kNoon + 2 * kHour, "", 30 * kMinute);
  room.flush(kNoon + 2 * kHour + 30 * kMinute);
  CHECK(room.shown.size() == 1);
}

TEST_CASE("a message is taken down when the last finding of its cause is over") {
  Room room;
  room.raise("a", Severity::warning, kNoon, "topic");
  room.raise("b", Severity::warning, kNoon + kMinute, "topic");
  room.resolve("a");
  CHECK(room.withdrawn.empty());
  room.resolve("b");
  REQUIRE(room.withdrawn.size() == 1);
  CHECK(room.withdrawn[0] == Notifier::message_id("a", kNoon));
}

TEST_CASE("Later reminds after a week if it still stands, not if it is over") {
  Room room;
  room.raise("a", Severity::warning, kNoon);
  room.answer("a", Answer::later, kNoon);
  CHECK(room.withdrawn.size() == 1);
  room.flush(kNoon + 6 * kDay);
  CHECK(room.shown.size() == 1);
  room.flush(kNoon + 7 * kDay);
  CHECK(room.shown.size() == 2);
  room.answer("a", Answer::later, kNoon + 7 * kDay);
  room.resolve("a");
  room.flush(kNoon + 20 * kDay);
  CHECK(room.shown.size() == 2);
}

TEST_CASE("not a problem silences this trouble until it gets worse") {
  Room room;
  room.raise("a", Severity::warning, kNoon);
  room.answer("a", Answer::not_a_problem, kNoon);
  room.resolve("a");
  room.raise("a", Severity::warning, kNoon + 60 * kDay);
  CHECK(room.shown.size() == 1);
  room.raise("a", Severity::critical, kNoon + 61 * kDay);
  CHECK(room.shown.size() == 2);
}

TEST_CASE("the welcome is said once, when somebody is there and it is not night") {
  Room room;
  room.presence.session = false;
  room.notifier.welcome();
  room.flush(kNoon);
  CHECK(room.welcomes == 0);
  room.presence.session = true;
  room.flush(kNoon + 11 * kHour);
  CHECK(room.welcomes == 0);
  room.flush(kNoon + kDay);
  room.flush(kNoon + 2 * kDay);
  CHECK(room.welcomes == 1);
}

TEST_CASE("what the user knows survives a restart") {
  Room room;
  room.raise("a", Severity::warning, kNoon);
  room.raise("b", Severity::info, kNoon);
  StateWriter writer;
  room.notifier.save(writer);
  const std::string bytes = writer.take();
  StateReader reader(bytes);
  room.notifier.restore(reader);
  REQUIRE(reader.good());
  CHECK(reader.at_end());
  room.raise("a", Severity::warning, kNoon + kHour);
  CHECK(room.shown.size() == 1);
  room.flush(kNoon + kDay);
  CHECK(room.shown.size() == 2);
}
