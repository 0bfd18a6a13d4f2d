#include "agent/page/html.hpp"

#include <fmt/format.h>

namespace hale::agent {
namespace {

/// System fonts, so that Chinese is set by what the PC has. Colours pass WCAG AA on both grounds.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ground:#fff;--ink:#1c1f23;--soft:#5a636e;--line:#d8dde3;--card:#f5f7f9;--accent:#0b6bcb;--tip:#0b6bcb;--warning:#9a5b00;--urgent:#b3261e}
@media(prefers-color-scheme:dark){:root{--ground:#14171a;--ink:#e8ebee;--soft:#a2abb5;--line:#353c44;--card:#1d2226;--accent:#6cb2f7;--tip:#6cb2f7;--warning:#e5a84b;--urgent:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:46rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.25;margin:.25rem 0 .75rem}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
.level{font-weight:600}.tip{color:var(--tip)}.warning{color:var(--warning)}.urgent{color:var(--urgent)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem 1.25rem;margin:1rem 0}
.first{font-size:1.1rem;margin:0}
ol{padding-left:1.5rem}li{margin:.4rem 0}
table{border-collapse:collapse;width:100%}td,th{padding:.4rem .5rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.soft{color:var(--soft);font-size:.9rem}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}
.button{display:inline-block;padding:.6rem 1.1rem;border-radius:.5rem;border:1px solid var(--accent);color:var(--accent);text-decoration:none;font-weight:600}
.button.main{background:var(--accent);color:var(--ground)}
.button:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:12px}
code{font-family:ui-monospace,"Noto Sans Mono",monospace;font-size:.9em}
@media print{.actions{display:none}}
)css";

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string make_page(std::string_view language, std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
      "<title>{}</title><style>{}</style></head><body><main>\n{}\n</main></body></html>\n",
      escape_html(language), escape_html(title), kStyle, body);
}

}  // namespace hale::agent
