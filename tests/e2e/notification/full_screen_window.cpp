// A window that fills the screen until it is ended: asked of the window manager, or (--unmanaged) without asking.
#include <xcb/xcb.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

xcb_atom_t atom(xcb_connection_t* x, std::string_view name) {
  auto* reply =
      xcb_intern_atom_reply(x, xcb_intern_atom(x, 0, static_cast<std::uint16_t>(name.size()), name.data()), nullptr);
  const xcb_atom_t found = reply != nullptr ? reply->atom : xcb_atom_t{XCB_ATOM_NONE};
  std::free(reply);
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  const bool unmanaged = argc > 1 && std::string_view(argv[1]) == "--unmanaged";
  auto* x = xcb_connect(nullptr, nullptr);
  if (xcb_connection_has_error(x) != 0) return 1;
  const auto* screen = xcb_setup_roots_iterator(xcb_get_setup(x)).data;
  const auto window = xcb_generate_id(x);
  const std::uint32_t values[] = {0x204060, unmanaged ? 1U : 0U, XCB_EVENT_MASK_STRUCTURE_NOTIFY};
  xcb_create_window(x, XCB_COPY_FROM_PARENT, window, screen->root, 0, 0, unmanaged ? screen->width_in_pixels : 300,
                    unmanaged ? screen->height_in_pixels : 200, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
                    XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
  const auto full_screen = atom(x, "_NET_WM_STATE_FULLSCREEN");
  if (!unmanaged)
    xcb_change_property(x, XCB_PROP_MODE_REPLACE, window, atom(x, "_NET_WM_STATE"), XCB_ATOM_ATOM, 32, 1, &full_screen);
  xcb_map_window(x, window);
  xcb_flush(x);
  while (auto* event = xcb_wait_for_event(x)) {
    if ((event->response_type & 0x7F) == XCB_MAP_NOTIFY) std::puts("mapped");
    std::fflush(stdout);
    std::free(event);
  }
  return 0;
}
