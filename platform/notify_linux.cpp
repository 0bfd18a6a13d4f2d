// org.freedesktop.Notifications over the session bus, with sd-bus (no GLib).
#include <systemd/sd-bus.h>

#include <cstring>
#include <map>
#include <utility>

#include "platform/notify.hpp"

namespace hale {
namespace {

constexpr const char* kService = "org.freedesktop.Notifications";
constexpr const char* kPath = "/org/freedesktop/Notifications";
constexpr std::uint64_t kCallTimeoutUs = 5'000'000;
constexpr std::uint32_t kClosedByPerson = 2;
constexpr std::uint32_t kExpired = 1;

struct MessageDeleter {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using MessagePointer = std::unique_ptr<sd_bus_message, MessageDeleter>;

struct BusDeleter {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};

/// What a level looks like. A tip is "normal", not "low": GNOME shows no banner for low ones, and Hale speaks seldom
/// enough.
struct Look {
  std::uint8_t urgency;  ///< 0 low, 1 normal, 2 critical
  const char* icon;
  std::int32_t expire_ms;  ///< -1 = the service decides, 0 = never
};

Look look_of(Level level) {
  switch (level) {
    case Level::tip:
      return {1, "dialog-information", -1};
    case Level::warning:
      return {1, "dialog-warning", 0};
    case Level::urgent:
      return {2, "dialog-error", 0};
  }
  return {1, "dialog-information", -1};
}

Error bus_error(int code, const std::string& what) { return {Errc::unavailable, what + ": " + std::strerror(-code)}; }

std::string escape_markup(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out.push_back(c);
  }
  return out;
}

class BusNotifier final : public DesktopNotifier {
 public:
  explicit BusNotifier(Events events) : events_(std::move(events)) {}

  Result<> open() {
    sd_bus* raw = nullptr;
    if (const int code = sd_bus_open_user(&raw); code < 0)
      return fail(bus_error(code, "connecting to the session bus"));
    bus_.reset(raw);
    const struct {
      const char* sender;
      const char* path;
      const char* interface;
      const char* member;
      sd_bus_message_handler_t handler;
    } signals[] = {
        {kService, kPath, kService, "ActionInvoked", &on_action},
        {kService, kPath, kService, "NotificationClosed", &on_closed},
        {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", &on_owner},
    };
    for (const auto& each : signals) {
      std::string match = std::string("type='signal',sender='") + each.sender + "',path='" + each.path +
                          "',interface='" + each.interface + "',member='" + each.member + "'";
      if (each.handler == &on_owner) match += std::string(",arg0='") + kService + "'";
      if (const int code = sd_bus_add_match(bus_.get(), nullptr, match.c_str(), each.handler, this); code < 0)
        return fail(bus_error(code, std::string("listening for ") + each.member));
    }
    return {};
  }

  Result<> show(const Notification& notification) override {
    if (!capabilities_known_) ask_capabilities();
    MessagePointer request;
    if (auto built = build(notification, request); !built) return built;
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int code = sd_bus_call(bus_.get(), request.get(), kCallTimeoutUs, &error, &raw);
    const MessagePointer reply(raw);
    const std::string said = error.message != nullptr ? error.message : "";
    sd_bus_error_free(&error);
    if (code < 0)
      return fail(Errc::unavailable, "showing a notification: " + (said.empty() ? std::strerror(-code) : said));
    std::uint32_t number = 0;
    if (const int read = sd_bus_message_read(reply.get(), "u", &number); read < 0)
      return fail(bus_error(read, "the notification service's answer"));
    forget(notification.id);
    shown_[number] = notification.id;
    return {};
  }

  Result<> withdraw(const std::string& notification_id) override {
    for (const auto& [number, id] : shown_) {
      if (id != notification_id) continue;
      const int code =
          sd_bus_call_method(bus_.get(), kService, kPath, kService, "CloseNotification", nullptr, nullptr, "u", number);
      shown_.erase(number);
      if (code < 0) return fail(bus_error(code, "withdrawing a notification"));
      return {};
    }
    return {};
  }

  Result<bool> has_buttons() override {
    if (!capabilities_known_) ask_capabilities();
    if (!capabilities_known_) return fail(Errc::unavailable, "no notification service runs in this session");
    return buttons_;
  }
  int poll_fd() const override { return sd_bus_get_fd(bus_.get()); }

  Result<> dispatch() override {
    for (;;) {
      const int code = sd_bus_process(bus_.get(), nullptr);
      if (code < 0) return fail(bus_error(code, "the session bus"));
      if (code == 0) return {};
    }
  }

 private:
  Result<> build(const Notification& notification, MessagePointer& request) {
    sd_bus_message* raw = nullptr;
    int code = sd_bus_message_new_method_call(bus_.get(), &raw, kService, kPath, kService, "Notify");
    request.reset(raw);
    const auto look = look_of(notification.level);
    const auto body = markup_ ? escape_markup(notification.body) : notification.body;
    if (code >= 0)
      code = sd_bus_message_append(raw, "susss", "Hale", number_of(notification.id), look.icon,
                                   notification.title.c_str(), body.c_str());
    if (code >= 0) code = sd_bus_message_open_container(raw, 'a', "s");
    for (const auto& action : notification.actions)
      if (code >= 0)
        code = sd_bus_message_append(raw, "ss", std::string(to_string(action.answer)).c_str(), action.label.c_str());
    if (code >= 0) code = sd_bus_message_close_container(raw);
    if (code >= 0)
      code = sd_bus_message_append(raw, "a{sv}", 3, "urgency", "y", look.urgency, "desktop-entry", "s", "hale-desktop",
                                   "category", "s", "device");
    if (code >= 0) code = sd_bus_message_append(raw, "i", look.expire_ms);
    if (code < 0) return fail(bus_error(code, "building a notification"));
    return {};
  }

  void ask_capabilities() {
    sd_bus_message* raw = nullptr;
    if (sd_bus_call_method(bus_.get(), kService, kPath, kService, "GetCapabilities", nullptr, &raw, "") < 0) return;
    const MessagePointer reply(raw);
    char** list = nullptr;
    if (sd_bus_message_read_strv(raw, &list) < 0) return;
    for (char** each = list; each != nullptr && *each != nullptr; ++each) {
      buttons_ = buttons_ || std::strcmp(*each, "actions") == 0;
      markup_ = markup_ || std::strcmp(*each, "body-markup") == 0;
      std::free(*each);
    }
    std::free(list);
    capabilities_known_ = true;
  }

  std::uint32_t number_of(const std::string& id) const {
    for (const auto& [number, known] : shown_)
      if (known == id) return number;
    return 0;
  }
  void forget(const std::string& id) {
    std::erase_if(shown_, [&](const auto& each) { return each.second == id; });
  }

  static int on_action(sd_bus_message* message, void* self, sd_bus_error*) {
    auto& notifier = *static_cast<BusNotifier*>(self);
    std::uint32_t number = 0;
    const char* key = nullptr;
    if (sd_bus_message_read(message, "us", &number, &key) < 0) return 0;
    const auto found = notifier.shown_.find(number);
    const auto answer = parse_answer(key);
    if (found == notifier.shown_.end() || !answer) return 0;
    const auto id = found->second;
    notifier.shown_.erase(found);
    if (notifier.events_.answered) notifier.events_.answered(id, *answer);
    return 0;
  }

  static int on_closed(sd_bus_message* message, void* self, sd_bus_error*) {
    auto& notifier = *static_cast<BusNotifier*>(self);
    std::uint32_t number = 0;
    std::uint32_t reason = 0;
    if (sd_bus_message_read(message, "uu", &number, &reason) < 0) return 0;
    const auto found = notifier.shown_.find(number);
    if (found == notifier.shown_.end()) return 0;
    const auto id = found->second;
    notifier.shown_.erase(found);
    if (reason == kClosedByPerson && notifier.events_.closed) notifier.events_.closed(id);
    if (reason == kExpired && notifier.events_.expired) notifier.events_.expired(id);
    return 0;
  }

  static int on_owner(sd_bus_message* message, void* self, sd_bus_error*) {
    auto& notifier = *static_cast<BusNotifier*>(self);
    const char* name = nullptr;
    const char* before = nullptr;
    const char* after = nullptr;
    if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0) return 0;
    notifier.shown_.clear();
    notifier.capabilities_known_ = notifier.markup_ = notifier.buttons_ = false;
    if (*after != '\0' && notifier.events_.appeared) notifier.events_.appeared();
    return 0;
  }

  Events events_;
  std::unique_ptr<sd_bus, BusDeleter> bus_;
  std::map<std::uint32_t, std::string> shown_;  ///< the service's number -> our id
  bool capabilities_known_{false};
  bool markup_{false};
  bool buttons_{false};
};

}  // namespace

Result<std::unique_ptr<DesktopNotifier>> DesktopNotifier::connect(Events events) {
  auto notifier = std::make_unique<BusNotifier>(std::move(events));
  if (auto opened = notifier->open(); !opened) return fail(opened.error());
  return notifier;
}

}  // namespace hale
