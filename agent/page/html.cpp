#include "agent/page/html.hpp"

#include <fmt/format.h>

#include "agent/page/drawings.hpp"
#include "core/embedded.hpp"

HALE_DECLARE_EMBEDDED(pages)

namespace hale::agent {
namespace {

constexpr std::size_t kMaxText = 8 << 10;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string_view file(std::string_view name) {
  const auto* found = find_embedded(embedded::pages(), name);
  return found != nullptr ? found->bytes : std::string_view();
}

/// Length of the valid UTF-8 character at the start; 0 when there is none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : first == '\n' || first == '\t' ? 1 : 0;
  const std::size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first >= 0xF5 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) || (first == 0xF0 && byte(1) < 0x90) ||
      (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return length;
}

std::string_view sign(std::string_view look) {
  if (look == "good") return "<path d=\"M3 9l4 4L14 4\"/>";
  if (look == "tip") return "<circle cx=\"8.5\" cy=\"8.5\" r=\"7\"/><path d=\"M8.5 8v4M8.5 5v.1\"/>";
  if (look == "warning") return "<path d=\"M8.5 2L16 15H1Z\"/><path d=\"M8.5 7v4M8.5 13v.1\"/>";
  if (look == "urgent") return "<path d=\"M5 1.5h7L15.5 5v7L12 15.5H5L1.5 12V5Z\"/><path d=\"M8.5 5v5M8.5 12.4v.1\"/>";
  return "<path d=\"M3 8.5h11\"/>";
}

}  // namespace

Texts page_texts(std::string_view language) {
  Texts texts(language);
  texts.add(file(language == "zh-CN" ? "words/zh-CN.json" : "words/en.json"));
  return texts;
}

std::string escape_html(std::string_view text) {
  std::string out;
  const bool cut = text.size() > kMaxText;
  text = text.substr(0, kMaxText);
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const auto length = character(text);
    const char c = text[0];
    if (length == 0)
      out += kReplacement;
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return cut ? out + "…" : out;
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string paragraph(std::string_view text, std::string_view look) {
  if (text.empty()) return {};
  return (look.empty() ? "<p>" : fmt::format("<p class=\"{}\">", look)) + escape_html(text) + "</p>\n";
}

std::string heading(std::string_view text) { return "<h2>" + escape_html(text) + "</h2>\n"; }

std::string level_word(Severity severity, const Texts& texts) {
  switch (severity) {
    case Severity::info:
      return texts.get("level.tip");
    case Severity::warning:
      return texts.get("level.warning");
    case Severity::critical:
      return texts.get("level.urgent");
  }
  return {};
}

std::string mark(std::string_view look, std::string_view word) {
  return fmt::format("<span class=\"level {}\"><svg viewBox=\"0 0 17 17\" aria-hidden=\"true\">{}</svg>{}</span>", look,
                     sign(look), escape_html(word));
}

std::string level_mark(Severity severity, const Texts& texts) {
  return mark(to_string(level_of(severity)), level_word(severity, texts));
}

std::string row(std::initializer_list<std::string_view> cells) {
  std::string html = "<tr>";
  for (const auto cell : cells) html += "<td>" + escape_html(cell) + "</td>";
  return html + "</tr>\n";
}

std::string make_page(std::string_view language, const PageParts& parts) {
  const auto texts = page_texts(language);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"{0}\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri "
      "'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"referrer\" "
      "content=\"no-referrer\">\n<title>{1}</title>\n<style>\n{2}{3}</style></head>\n<body>\n{4}"
      "<header><strong>{5}</strong><span>{6}</span></header>\n<main>\n{7}</main>\n<footer>{8}</footer>\n"
      "</body></html>\n",
      escape_html(language), escape_html(parts.title), file("page.css"), parts.drawings ? file("drawings.css") : "",
      parts.drawings ? drawing_parts() : std::string(), escape_html(texts.get("page.brand")),
      escape_html(parts.machine), parts.body, escape_html(texts.get("page.made_here")));
}

}  // namespace hale::agent
