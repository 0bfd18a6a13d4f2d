#include "rules/judge_state.hpp"

namespace hale::rules {
namespace {

constexpr std::string_view kMagic = "hale-judge";
constexpr std::uint32_t kFormat = 2;

void save_context(const Context& context, StateWriter& writer) {
  for (const auto* text :
       {&context.boot_id, &context.os_build, &context.bios_version, &context.platform_profile, &context.host_chassis})
    writer.text(*text);
  writer.number(context.utc_offset.has_value());
  writer.number(context.utc_offset.value_or(0));
}

Context restore_context(StateReader& reader) {
  Context context;
  for (auto* text :
       {&context.boot_id, &context.os_build, &context.bios_version, &context.platform_profile, &context.host_chassis})
    *text = reader.text();
  const bool has_offset = reader.number<bool>();
  const double offset = reader.number<double>();
  if (has_offset) context.utc_offset = offset;
  return context;
}

}  // namespace

std::string Judge::save() const {
  const State& s = *state_;
  StateWriter writer;
  writer.text(kMagic);
  writer.number(kFormat);
  writer.number(s.last.has_value());
  writer.number(s.last.value_or(0));
  writer.number(s.awake_since);
  writer.number(s.interval);
  writer.number(s.dropped);
  writer.number(static_cast<std::uint32_t>(s.plan->overrides().size()));
  for (const auto& [id, type] : s.plan->overrides()) {
    writer.text(id);
    writer.number(type);
  }
  writer.number(static_cast<std::uint32_t>(s.described.size()));
  for (const auto& one : s.described) {
    writer.text(s.plan->component(one.component));
    for (const auto* text : {&one.name, &one.vendor, &one.model, &one.bus}) writer.text(*text);
  }
  writer.number(s.context != nullptr);
  if (s.context) save_context(*s.context, writer);

  std::vector<std::pair<SeriesIndex, const GateState*>> gates;
  for (SeriesIndex i = 0; i < s.plan->known_series(); ++i) {
    const auto slot = s.plan->series(i).gate_slot;
    if (slot >= 0 && static_cast<std::size_t>(slot) < s.gate.size())
      gates.emplace_back(i, &s.gate[static_cast<std::size_t>(slot)]);
  }
  writer.number(static_cast<std::uint32_t>(gates.size()));
  for (const auto& [series, gate] : gates) {
    const SeriesKey& key = s.layout->all_series()[series];
    writer.number(key.metric);
    writer.text(key.component);
    writer.text(key.key);
    gate->save(writer);
  }
  writer.number(static_cast<std::uint32_t>(s.refused ? s.refused->size() : 0));
  if (s.refused) {
    for (const auto& [key, refused] : *s.refused) {
      writer.text(key.first);
      writer.number(key.second);
      writer.number(refused.count);
      writer.number(refused.last);
    }
  }
  s.engine.save(writer);
  writer.number(s.notifier != nullptr);
  if (s.notifier) s.notifier->save(writer);
  return writer.take();
}

Result<> Judge::restore(std::string_view bytes) {
  State& old = *state_;
  StateReader reader(bytes);
  if (reader.text() != kMagic || reader.number<std::uint32_t>() != kFormat) {
    return fail(Errc::unsupported, "the saved state of the rules has another format: judging starts afresh");
  }
  auto fresh = std::make_unique<State>(old.rule_set, *old.layout, old.options, *old.sink);
  State& s = *fresh;
  s.presence = old.presence;
  s.watched = old.watched;
  const bool has_last = reader.number<bool>();
  const Millis last = reader.number<Millis>();
  if (has_last) s.last = last;
  reader.number(s.awake_since);
  reader.number(s.interval);
  reader.number(s.dropped);
  TypeOverrides overrides = old.plan->overrides();
  for (std::uint32_t left = reader.count(5); left > 0 && reader.good(); --left) {
    const std::string id(reader.text());
    const auto type = reader.number<std::uint8_t>();
    if (type <= static_cast<std::uint8_t>(ComponentType::other))
      overrides.try_emplace(id, static_cast<ComponentType>(type));
  }
  s.change_plan(std::move(overrides));
  for (std::uint32_t left = reader.count(16); left > 0 && reader.good(); --left) {
    State::Described one{s.plan->component_index(reader.text()), {}, {}, {}, {}};
    for (auto* text : {&one.name, &one.vendor, &one.model, &one.bus}) *text = reader.text();
    s.described.push_back(std::move(one));
  }
  if (reader.number<bool>()) {
    s.context = std::make_unique<Context>(restore_context(reader));
    s.marks = marks_of(*s.context);
  }
  for (std::uint32_t left = reader.count(10); left > 0 && reader.good(); --left) {
    const auto metric = reader.number<std::uint8_t>();
    const std::string component(reader.text());
    const std::string key(reader.text());
    GateState gate;
    gate.restore(reader);
    if (!reader.good() || metric >= all_metrics().size()) break;
    const SeriesIndex series = s.layout->series(static_cast<Metric>(metric), component, key);
    s.plan->extend();
    const auto slot = s.plan->series(series).gate_slot;
    if (slot < 0) continue;
    if (s.gate.size() <= static_cast<std::size_t>(slot)) s.gate.resize(static_cast<std::size_t>(slot) + 1);
    s.gate[static_cast<std::size_t>(slot)] = gate;
  }
  for (std::uint32_t left = reader.count(10); left > 0 && reader.good(); --left) {
    std::string series(reader.text());
    const auto refusal = reader.number<std::uint8_t>();
    State::Refused refused;
    reader.number(refused.count);
    reader.number(refused.last);
    if (refusal >= kRefusals) continue;
    if (!s.refused) s.refused = std::make_unique<std::map<State::RefusedKey, State::Refused>>();
    (*s.refused)[{std::move(series), static_cast<Refusal>(refusal)}] = refused;
  }
  s.engine.restore(reader);
  if (reader.number<bool>()) s.talker().restore(reader);
  if (!reader.good() || !reader.at_end())
    return fail(Errc::invalid_input, "the saved state of the rules is damaged: judging starts afresh");
  state_ = std::move(fresh);
  return {};
}

}  // namespace hale::rules
