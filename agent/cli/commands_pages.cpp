// hale guide, report: pages rendered here, from what the agent answers.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.hpp"
#include "agent/cli/preferences.hpp"
#include "agent/page/guide_page.hpp"
#include "agent/page/html.hpp"
#include "agent/page/open_page.hpp"
#include "agent/page/page_data.hpp"
#include "agent/page/page_files.hpp"
#include "agent/page/report_page.hpp"

namespace hale::agent::cli {
namespace {

using nlohmann::json;

/// Questions of a page; the exit code of what failed is kept beside.
AskAgent asker(AskError& last) {
  return [&last](const json& request) -> Result<json> {
    auto answer = ask(request);
    if (answer) return std::move(*answer);
    last = answer.error();
    return fail(last.error);
  };
}

int show_page(const Context& context, const Result<std::filesystem::path>& page, bool open) {
  if (!page) return complain(context, {page.error(), kFailed});
  if (context.json)
    print_json({{"page", page->string()}});
  else
    print(page->string() + "\n");
  if (!open) return kOk;
  if (auto opened = open_page(*page); !opened) return complain(context, {opened.error(), kFailed});
  return kOk;
}

}  // namespace

int guide(const Context& context, const std::string& id, const std::string& steps, bool open) {
  AskError failed;
  const auto explained =
      gather_guide(asker(failed), id, context.language, steps.empty() ? my_preferences().steps : steps);
  if (!explained) return complain(context, failed);
  return show_page(context, write_guide(*explained, context.language), open);
}

int report(const Context& context, bool open) {
  AskError failed;
  const auto ask_agent = asker(failed);
  const auto gathered = gather_report(ask_agent, context.language);
  if (gathered) return show_page(context, write_report(ask_agent, *gathered, context.language, false), open);
  // From a menu nobody reads a terminal: the page itself says that the agent does not answer.
  if (open) {
    const auto page = write_page(
        "report", render_unreachable_page(failed.error.message, context.language, page_texts(context.language)));
    if (page) static_cast<void>(open_page(*page));
  }
  return complain(context, failed);
}

}  // namespace hale::agent::cli
