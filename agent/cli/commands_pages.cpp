// hale guide, report: pages rendered here, from what the agent answers.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.hpp"
#include "agent/page/guide_page.hpp"

namespace hale::agent::cli {
namespace {

int show_page(const Context& context, const std::string& name, const std::string& html, bool open) {
  const auto page = write_page(name, html);
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
  const auto explained = ask_explanation(context, id, steps);
  if (!explained) return complain(context, explained.error());
  const auto html = render_guide_page(*explained, context.texts);
  if (!html) return complain(context, {html.error(), kFailed});
  return show_page(context, "guide-" + explained->at("finding").at("fingerprint").get<std::string>(), *html, open);
}

int report(const Context& context, bool open) {
  const auto status = ask({{"do", "status"}});
  if (!status) return complain(context, status.error());
  const auto components = ask({{"do", "components"}});
  if (!components) return complain(context, components.error());
  const auto findings = ask({{"do", "findings"}, {"all", false}});
  if (!findings) return complain(context, findings.error());
  return show_page(context, "report",
                   render_report_page(*status, *components, *findings, context.language, context.texts), open);
}

}  // namespace hale::agent::cli
