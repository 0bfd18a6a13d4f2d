#pragma once
#include "fleet/http/message.hpp"

namespace hale::fleet {

/// A page of the console, built into the program: hashed names are cached for ever, what is no file is index.html (the
/// page's own router), and the pre-compressed form goes to those who accept it.
Response console_page(const Request& request);
/// fleet/openapi.yaml.
Response openapi_document();

}  // namespace hale::fleet
