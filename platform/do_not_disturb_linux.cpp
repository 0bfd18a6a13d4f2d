// What desktops say on the session bus about being disturbed, asked with sd-bus.
#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "platform/attention.hpp"

namespace hale {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::uint64_t kTimeoutUs = 1'000'000;
constexpr std::uint32_t kKeepsFromIdle = 8;  ///< org.gnome.SessionManager's flag of an inhibitor
/// What keeps a session awake for longer is a setting ("caffeine"), no film and no presentation [own].
constexpr auto kLongestShow = std::chrono::hours(4);

struct Place {
  const char* service;
  const char* path;
  const char* interface;
  const char* name;  ///< of the property or method
};
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
constexpr const char* kNotifications = "org.freedesktop.Notifications";
constexpr const char* kNotificationsPath = "/org/freedesktop/Notifications";
constexpr Place kPlasma{kNotifications, kNotificationsPath, kNotifications, "Inhibited"};
constexpr Place kDunst{kNotifications, kNotificationsPath, "org.dunstproject.cmd0", "paused"};
constexpr Place kXfce{"org.xfce.Xfconf", "/org/xfce/Xfconf", "org.xfce.Xfconf", "GetProperty"};
constexpr Place kGnome{"org.gnome.SessionManager", "/org/gnome/SessionManager", "org.gnome.SessionManager",
                       "IsInhibited"};

constexpr const char* kChanges[] = {
    // In brackets: clang takes two literals in a list for a forgotten comma.
    ("type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
     "path='/org/freedesktop/Notifications'"),
    "type='signal',interface='org.xfce.Xfconf',path='/org/xfce/Xfconf',arg0='xfce4-notifyd'",
    "type='signal',interface='org.gnome.SessionManager',path='/org/gnome/SessionManager'",
    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.Notifications'",
};

struct Release {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
using Message = std::unique_ptr<sd_bus_message, Release>;

bool is_wayland() {
  const char* type = std::getenv("XDG_SESSION_TYPE");
  return std::getenv("WAYLAND_DISPLAY") != nullptr || (type != nullptr && std::string_view(type) == "wayland");
}

class DoNotDisturb final : public Attention {
 public:
  bool open() {
    sd_bus* raw = nullptr;
    if (sd_bus_open_user(&raw) < 0) return false;
    bus_.reset(raw);
    for (const char* match : kChanges)
      if (sd_bus_add_match(raw, nullptr, match, &on_change, this) < 0) return false;
    return true;
  }

  bool is_busy() override {
    return property(kPlasma) || property(kDunst) || xfce() || (is_wayland() && gnome_keeps_awake());
  }

  int poll_fd() const override { return lost_ ? -1 : sd_bus_get_fd(bus_.get()); }

  bool dispatch() override {
    changed_ = false;
    int code = lost_ ? 0 : 1;
    while (code > 0) code = sd_bus_process(bus_.get(), nullptr);
    lost_ = lost_ || code < 0;
    return changed_;
  }

 private:
  static int on_change(sd_bus_message*, void* self, sd_bus_error*) {
    static_cast<DoNotDisturb*>(self)->changed_ = true;
    return 0;
  }

  Message request(const Place& place, const char* interface, const char* method) {
    sd_bus_message* raw = nullptr;
    if (sd_bus_message_new_method_call(bus_.get(), &raw, place.service, place.path, interface, method) < 0)
      return nullptr;
    sd_bus_message_set_auto_start(raw, 0);  // a desktop that is not there is not brought up by asking
    return Message(raw);
  }

  /// The boolean answered, bare or in a variant. Nothing where the service, the property or the answer is not there.
  bool answer(const Message& question, const char* type) {
    sd_bus_message* raw = nullptr;
    if (sd_bus_call(bus_.get(), question.get(), kTimeoutUs, nullptr, &raw) < 0) return false;
    const Message reply(raw);
    int yes = 0;
    return (*type == 'v' ? sd_bus_message_read(raw, "v", "b", &yes) : sd_bus_message_read(raw, "b", &yes)) > 0 &&
           yes != 0;
  }

  bool property(const Place& place) {
    const auto question = request(place, kProperties, "Get");
    return question && sd_bus_message_append(question.get(), "ss", place.interface, place.name) >= 0 &&
           answer(question, "v");
  }

  bool xfce() {
    const auto question = request(kXfce, kXfce.interface, kXfce.name);
    return question && sd_bus_message_append(question.get(), "ss", "xfce4-notifyd", "/do-not-disturb") >= 0 &&
           answer(question, "v");
  }

  bool gnome_keeps_awake() {
    const auto question = request(kGnome, kGnome.interface, kGnome.name);
    const bool awake =
        question && sd_bus_message_append(question.get(), "u", kKeepsFromIdle) >= 0 && answer(question, "b");
    if (!awake) awake_since_.reset();
    if (awake && !awake_since_) awake_since_ = Steady::now();
    return awake && Steady::now() - *awake_since_ < kLongestShow;
  }

  std::unique_ptr<sd_bus, Release> bus_;
  std::optional<Steady::time_point> awake_since_;
  bool changed_{false};
  bool lost_{false};
};

}  // namespace

std::unique_ptr<Attention> watch_do_not_disturb() {
  auto watch = std::make_unique<DoNotDisturb>();
  if (!watch->open()) return nullptr;
  return watch;
}

}  // namespace hale
