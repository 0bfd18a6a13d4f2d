#include "fleet/service/enrolment.hpp"

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/copy_statement.hpp"
#include "core/text.hpp"
#include "fleet/service/tokens.hpp"
#include "platform/crypto.hpp"

namespace hale::fleet {
namespace {

Result<> note_change(Store& store, DeviceNumber device, std::string_view change, std::string_view detail,
                     Timestamp now) {
  const nlohmann::json body = {{"change", change}, {"detail", detail}};
  auto added = store.add_activity({device, "device:" + crypto::random_uuid(), "device", now, dump_json(body)});
  if (!added) return fail(added.error());
  return {};
}

Certificate row_of(const IssuedCertificate& certificate, DeviceNumber device) {
  Certificate row;
  row.serial = certificate.facts.serial;
  row.device = device;
  row.not_before = certificate.facts.not_before;
  row.not_after = certificate.facts.not_after;
  return row;
}

Result<> mark_clones(Store& store, DeviceNumber fresh, const std::string& id, const std::string& previous,
                     Timestamp now) {
  auto original = store.find_device(previous);
  if (!original) return fail(original.error());
  if (!*original) return {};  // the disk comes from another fleet
  if (auto told = store.audit({now, "device", "device.copy", id, "its disk carried the identity " + previous}); !told)
    return told;
  if (auto marked = store.set_status(fresh, DeviceStatus::cloned); !marked) return marked;
  if (auto noted = note_change(store, fresh, "cloned", "this disk carried the identity " + previous, now); !noted)
    return noted;
  if ((*original)->status == DeviceStatus::active) {
    if (auto marked = store.set_status((*original)->number, DeviceStatus::cloned); !marked) return marked;
  }
  return note_change(store, (*original)->number, "cloned", "a copy of this disk enrolled as " + id, now);
}

}  // namespace

namespace {

Result<PreparedIdentity> certify_new(const CertificateAuthority& authority, const EnrolRequest& request,
                                     Timestamp now) {
  PreparedIdentity identity;
  identity.device.id = crypto::random_uuid();
  identity.device.name = identity.device.id.substr(0, 8);
  identity.device.agent_version = sanitize_utf8(request.agent_version, 64);
  identity.device.os = sanitize_utf8(request.agent_os, 200);
  identity.device.hardware = sanitize_utf8(request.hardware, 1024);
  identity.device.enrolled = now;
  identity.device.clone_of = request.previous;
  identity.previous = request.previous;
  auto certificate = authority.issue_device(request.csr, identity.device.id, now);
  if (!certificate) return fail(certificate.error());
  identity.certificate = std::move(*certificate);
  return identity;
}

/// The certificate is of a device that is known, not revoked, and not too old to be trusted without its renewal.
Result<Device> standing_device(Store& store, const CertificateFacts& facts, Timestamp now) {
  auto standing = store.standing(facts.serial);
  if (!standing) return fail(standing.error());
  if (!*standing || (*standing)->device_id != facts.common_name)
    return fail(Errc::permission, "the certificate is not known here; enrol again with a new token");
  if ((*standing)->revoked)
    return fail(Errc::permission, "the certificate was revoked: " + (*standing)->reason + "; ask your administrator");
  if (now - facts.not_before > kMaxRenewalAge)
    return fail(Errc::permission, "the certificate is older than 400 days; enrol again with a new token");
  auto device = store.find_device(facts.common_name);
  if (!device) return fail(device.error());
  if (!*device) return fail(Errc::permission, "the device is not known here; enrol again with a new token");
  return std::move(**device);
}

}  // namespace

Result<PreparedIdentity> prepare_copy(Store& store, const CertificateAuthority& authority, Challenges& challenges,
                                      const EnrolRequest& request, Timestamp now) {
  auto facts = authority.check_proof(request.certificate, request.csr, request.proof, [&](const std::string& der) {
    return copy_statement(request.previous, request.challenge, request.hardware, der);
  });
  if (!facts) return fail(facts.error());
  if (facts->common_name != request.previous)
    return fail(Errc::permission, "previous: the certificate is of another device");
  if (auto device = standing_device(store, *facts, now); !device) return fail(device.error());
  if (auto fresh = challenges.use(request.challenge, now); !fresh) return fail(fresh.error());
  // After the proof: only who holds the key learns the policy.
  auto policy = store.setting("copies");
  if (!policy) return fail(policy.error());
  if (policy->value_or("allowed") != "allowed") {
    return fail(Errc::conflict,
                "this fleet lets no copy of a disk enrol by itself; its administrator makes a token for it "
                "(hale-fleet token create), or allows copies (hale-fleet policy --copies allowed)");
  }
  return certify_new(authority, request, now);
}

Result<PreparedIdentity> prepare_enrolment(Store& store, const CertificateAuthority& authority,
                                           const EnrolRequest& request, Timestamp now) {
  // The secret has 256 random bits and is looked up by its hash: what a lookup's time tells is of no use to a guesser.
  auto hash = secret_hash_of(request.token);
  if (!hash) return fail(Errc::permission, hash.error().message);
  auto token = store.token_by_secret(*hash);
  if (!token) return fail(token.error());
  if (!*token) return fail(Errc::permission, "the token is not known here; ask your administrator for a new one");
  if (const auto refusal = refusal_of(**token, now); !refusal.empty())
    return fail(Errc::permission, std::string(refusal));
  auto identity = certify_new(authority, request, now);
  if (identity) identity->token_id = (*token)->id;
  return identity;
}

Result<PreparedIdentity> prepare_renewal(Store& store, const CertificateAuthority& authority,
                                         const RenewRequest& request, Timestamp now) {
  auto facts = authority.check_renewal(request.certificate, request.csr, request.proof);
  if (!facts) return fail(facts.error());
  auto device = standing_device(store, *facts, now);
  if (!device) return fail(device.error());
  PreparedIdentity identity;
  identity.device = std::move(*device);
  auto certificate = authority.issue_device(request.csr, identity.device.id, now);
  if (!certificate) return fail(certificate.error());
  identity.certificate = std::move(*certificate);
  return identity;
}

namespace {

/// Judged where it is stored, one after the other: requests at once do not get past the bound, nor past a revocation.
Result<> admit_copy(Store& store, const std::string& previous, Timestamp now) {
  auto original = store.find_device(previous);
  if (!original) return fail(original.error());
  if (!*original || (*original)->status == DeviceStatus::revoked)
    return fail(Errc::permission, "the device was revoked; ask your administrator");
  const auto copies = store.count_copies(previous, now - std::chrono::hours(24));
  if (!copies) return fail(copies.error());
  if (*copies < kCopiesADay) return {};
  return fail(Errc::unavailable, "too many copies of this disk enrolled within a day");
}

}  // namespace

Result<> store_identity(Store& store, const PreparedIdentity& identity, Timestamp now) {
  DeviceNumber number = identity.device.number;
  const bool renewal = number != 0;
  if (renewal) {
    // Between the check and now somebody may have revoked the device.
    auto device = store.find_device(identity.device.id);
    if (!device) return fail(device.error());
    if (!*device || (*device)->status == DeviceStatus::revoked)
      return fail(Errc::permission, "the device was revoked; ask your administrator");
  } else {
    const auto admitted =
        identity.token_id.empty() ? admit_copy(store, identity.previous, now) : store.use_token(identity.token_id);
    if (!admitted) return admitted;
    auto added = store.add_device(identity.device);
    if (!added) return fail(added.error());
    number = *added;
  }
  if (auto added = store.add_certificate(row_of(identity.certificate, number)); !added) return added;
  const std::string until = "certificate until " + to_rfc3339(identity.certificate.facts.not_after);
  if (auto noted = note_change(store, number, renewal ? "renewed" : "enrolled", until, now); !noted) return noted;
  if (renewal || identity.previous.empty()) return {};
  return mark_clones(store, number, identity.device.id, identity.previous, now);
}

}  // namespace hale::fleet
