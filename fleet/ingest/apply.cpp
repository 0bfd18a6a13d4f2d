#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "fleet/ingest/batch.hpp"
#include "fleet/ingest/chain.hpp"

namespace hale::fleet {
namespace {

Result<bool> apply_finding(Store& store, const Device& device, const DecodedItem& item) {
  Transition transition = item.transition;
  transition.device = device.number;
  transition.item = item.id;
  transition.body = item.body;
  return store.add_transition(transition);
}

Result<bool> apply_inventory(Store& store, const Device& device, const DecodedItem& item) {
  auto put = store.put_document(device.number, DocumentKind::inventory, {item.time, item.body});
  if (!put || !*put) return put;
  DeviceFacts facts = item.facts;
  if (facts.name.empty()) facts.name = device.name;
  if (facts.os.empty()) facts.os = device.os;
  if (facts.agent_version.empty()) facts.agent_version = device.agent_version;
  if (auto set = store.set_facts(device.number, facts); !set) return fail(set.error());
  return true;
}

Result<bool> apply_item(Store& store, const Device& device, const DecodedItem& item) {
  switch (item.kind) {
    case ItemKind::finding:
      return apply_finding(store, device, item);
    case ItemKind::inventory:
      return apply_inventory(store, device, item);
    case ItemKind::status:
      return store.put_document(device.number, DocumentKind::status, {item.time, item.body});
    case ItemKind::telemetry: {
      TelemetryBlob telemetry = item.telemetry;
      telemetry.item = item.id;
      telemetry.body = item.body;
      return store.add_telemetry(device.number, telemetry);
    }
    case ItemKind::notification:
    case ItemKind::feedback:
    case ItemKind::outcome:
    case ItemKind::report:
    case ItemKind::event:
      return store.add_activity({device.number, item.id, std::string(to_string(item.kind)), item.time, item.body});
  }
  return fail(Errc::internal, "an item of unknown kind");
}

/// Once a day is enough: a copy that does not listen says the same with every upload.
Result<> note_fork(Store& store, const Device& device, Timestamp now) {
  if (device.status == DeviceStatus::active) {
    if (auto marked = store.set_status(device.number, DeviceStatus::cloned); !marked) return marked;
  }
  const std::string day = to_rfc3339(now).substr(0, 10);
  const nlohmann::json body = {{"change", "forked"}, {"detail", ""}};
  auto added = store.add_activity({device.number, "device:forked-" + day, "device", now, dump_json(body)});
  if (!added) return fail(added.error());
  if (!*added) return {};
  return store.audit({now, "device", "device.forked", device.id, "two PCs upload with this identity"});
}

}  // namespace

Result<Applied> apply_batch(Store& store, const Device& device, const DecodedBatch& batch, Timestamp now) {
  Applied applied;
  auto known = store.batch_answer(device.number, batch.batch);
  if (!known) return fail(known.error());
  if (!*known) {
    const auto step = follow_chain(store, device, batch, now);
    if (!step) return fail(step.error());
    applied.copied = *step == ChainStep::copied;
    applied.forked = *step == ChainStep::forked;
    if (applied.forked || applied.copied) {
      if (auto noted = note_fork(store, device, now); !noted) return fail(noted.error());
    }
    if (applied.copied) return applied;
  }
  if (auto seen = store.set_seen(device.number, now); !seen) return fail(seen.error());
  if (*known) {
    applied.answer = std::move(**known);
    return applied;
  }
  Delivery delivery;
  delivery.rejected = batch.rejected;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    auto fresh = apply_item(store, device, batch.items[i]);
    if (!fresh) return fail(std::move(fresh.error()).with_context("item " + batch.items[i].id));
    if (*fresh) applied.fresh.push_back(i);
    delivery.accepted.push_back(batch.items[i].id);
  }
  applied.answer = encode(delivery);
  if (auto put = store.put_batch_answer(device.number, batch.batch, applied.answer); !put) return fail(put.error());
  return applied;
}

}  // namespace hale::fleet
