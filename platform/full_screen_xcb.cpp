// Full-screen windows as EWMH tells them, and those that no window manager knows of (old games, screen lockers).
#include <xcb/randr.h>
#include <xcb/shape.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "platform/attention.hpp"

namespace hale {
namespace {

constexpr std::uint32_t kMaxStates = 64;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
template <typename T>
using Reply = std::unique_ptr<T, Free>;

struct Disconnect {
  void operator()(xcb_connection_t* connection) const { xcb_disconnect(connection); }
};

struct Area {
  int x{};
  int y{};
  int width{};
  int height{};
};

bool covers(const Area& window, const Area& monitor) {
  return window.x <= monitor.x && window.y <= monitor.y && window.x + window.width >= monitor.x + monitor.width &&
         window.y + window.height >= monitor.y + monitor.height;
}

class FullScreen final : public Attention {
 public:
  bool open() {
    int number = 0;
    connection_.reset(xcb_connect(nullptr, &number));
    if (xcb_connection_has_error(x()) != 0) return false;
    auto screen = xcb_setup_roots_iterator(xcb_get_setup(x()));
    for (; screen.rem > 1 && number > 0; --number) xcb_screen_next(&screen);
    if (screen.rem == 0) return false;
    root_ = screen.data->root;
    whole_ = {0, 0, screen.data->width_in_pixels, screen.data->height_in_pixels};
    active_atom_ = atom("_NET_ACTIVE_WINDOW");
    state_atom_ = atom("_NET_WM_STATE");
    full_screen_atom_ = atom("_NET_WM_STATE_FULLSCREEN");
    has_monitors_ = has_extension("RANDR");
    has_shapes_ = has_extension("SHAPE");
    listen(root_, XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY);
    return true;
  }

  bool is_busy() override { return active_is_full_screen() || unmanaged_covers_a_monitor(); }

  int poll_fd() const override { return xcb_connection_has_error(x()) != 0 ? -1 : xcb_get_file_descriptor(x()); }

  bool dispatch() override {
    bool changed = false;
    while (const Reply<xcb_generic_event_t> event{xcb_poll_for_event(x())}) changed = matters(*event) || changed;
    return changed;
  }

 private:
  xcb_connection_t* x() const { return connection_.get(); }

  xcb_atom_t atom(std::string_view name) {
    const Reply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(
        x(), xcb_intern_atom(x(), 0, static_cast<std::uint16_t>(name.size()), name.data()), nullptr));
    return reply ? reply->atom : xcb_atom_t{XCB_ATOM_NONE};
  }

  bool has_extension(std::string_view name) {
    const Reply<xcb_query_extension_reply_t> reply(xcb_query_extension_reply(
        x(), xcb_query_extension(x(), static_cast<std::uint16_t>(name.size()), name.data()), nullptr));
    return reply && reply->present != 0;
  }

  void listen(xcb_window_t window, std::uint32_t events) {
    xcb_change_window_attributes(x(), window, XCB_CW_EVENT_MASK, &events);
    xcb_flush(x());
  }

  /// Numbers of a property of a window; none when the window is gone.
  std::vector<std::uint32_t> property(xcb_window_t window, xcb_atom_t name, xcb_atom_t type) {
    const Reply<xcb_get_property_reply_t> reply(
        xcb_get_property_reply(x(), xcb_get_property(x(), 0, window, name, type, 0, kMaxStates), nullptr));
    if (!reply || reply->format != 32) return {};
    const auto* values = static_cast<const std::uint32_t*>(xcb_get_property_value(reply.get()));
    return {values, values + static_cast<std::size_t>(xcb_get_property_value_length(reply.get())) / 4};
  }

  bool active_is_full_screen() {
    const auto active = property(root_, active_atom_, XCB_ATOM_WINDOW);
    if (active.empty() || active[0] == XCB_WINDOW_NONE) return false;
    if (active[0] != heard_) {
      if (heard_ != XCB_WINDOW_NONE) listen(heard_, XCB_EVENT_MASK_NO_EVENT);
      heard_ = active[0];
      listen(heard_, XCB_EVENT_MASK_PROPERTY_CHANGE);
    }
    const auto states = property(active[0], state_atom_, XCB_ATOM_ATOM);
    return std::find(states.begin(), states.end(), full_screen_atom_) != states.end();
  }

  std::vector<Area> monitors() {
    std::vector<Area> found;
    if (has_monitors_) {
      const Reply<xcb_randr_get_monitors_reply_t> reply(
          xcb_randr_get_monitors_reply(x(), xcb_randr_get_monitors(x(), root_, 1), nullptr));
      if (reply)
        for (auto each = xcb_randr_get_monitors_monitors_iterator(reply.get()); each.rem > 0;
             xcb_randr_monitor_info_next(&each))
          found.push_back({each.data->x, each.data->y, each.data->width, each.data->height});
    }
    if (found.empty()) found.push_back(whole_);
    return found;
  }

  /// A compositor's own overlay covers everything and lets every click through: that is no program.
  bool takes_input(xcb_window_t window) {
    if (!has_shapes_) return true;
    const Reply<xcb_shape_get_rectangles_reply_t> reply(
        xcb_shape_get_rectangles_reply(x(), xcb_shape_get_rectangles(x(), window, XCB_SHAPE_SK_INPUT), nullptr));
    return reply && xcb_shape_get_rectangles_rectangles_length(reply.get()) > 0;
  }

  bool unmanaged_covers_a_monitor() {
    const Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(x(), xcb_query_tree(x(), root_), nullptr));
    if (!tree) return false;
    const auto* first = xcb_query_tree_children(tree.get());
    const std::vector<xcb_window_t> children(first, first + xcb_query_tree_children_length(tree.get()));
    std::vector<xcb_get_window_attributes_cookie_t> asked;
    for (const auto child : children) asked.push_back(xcb_get_window_attributes(x(), child));
    std::vector<xcb_window_t> unmanaged;
    for (std::size_t i = 0; i < children.size(); ++i) {
      const Reply<xcb_get_window_attributes_reply_t> about(xcb_get_window_attributes_reply(x(), asked[i], nullptr));
      if (about && about->override_redirect != 0 && about->map_state == XCB_MAP_STATE_VIEWABLE &&
          about->_class == XCB_WINDOW_CLASS_INPUT_OUTPUT)
        unmanaged.push_back(children[i]);
    }
    if (unmanaged.empty()) return false;
    const auto all = monitors();
    return std::any_of(unmanaged.begin(), unmanaged.end(), [&](xcb_window_t window) {
      const Reply<xcb_get_geometry_reply_t> at(xcb_get_geometry_reply(x(), xcb_get_geometry(x(), window), nullptr));
      if (!at) return false;
      const Area area{at->x, at->y, at->width + 2 * at->border_width, at->height + 2 * at->border_width};
      return std::any_of(all.begin(), all.end(), [&](const Area& monitor) { return covers(area, monitor); }) &&
             takes_input(window);
    });
  }

  bool matters(const xcb_generic_event_t& event) const {
    switch (event.response_type & 0x7F) {
      case XCB_PROPERTY_NOTIFY: {
        const auto name = reinterpret_cast<const xcb_property_notify_event_t&>(event).atom;
        return name == active_atom_ || name == state_atom_;
      }
      case XCB_MAP_NOTIFY:
        return reinterpret_cast<const xcb_map_notify_event_t&>(event).override_redirect != 0;
      case XCB_CONFIGURE_NOTIFY:
        return reinterpret_cast<const xcb_configure_notify_event_t&>(event).override_redirect != 0;
      case XCB_UNMAP_NOTIFY:
      case XCB_DESTROY_NOTIFY:
        return true;
      default:
        return false;
    }
  }

  std::unique_ptr<xcb_connection_t, Disconnect> connection_;
  xcb_window_t root_{};
  xcb_window_t heard_{XCB_WINDOW_NONE};  ///< the active window, whose state we hear of
  Area whole_;
  xcb_atom_t active_atom_{};
  xcb_atom_t state_atom_{};
  xcb_atom_t full_screen_atom_{};
  bool has_monitors_{};
  bool has_shapes_{};
};

}  // namespace

std::unique_ptr<Attention> watch_full_screen() {
  auto watch = std::make_unique<FullScreen>();
  if (!watch->open()) return nullptr;
  return watch;
}

}  // namespace hale
