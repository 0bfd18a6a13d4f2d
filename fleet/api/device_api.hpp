#pragma once
#include "fleet/http/message.hpp"
#include "fleet/ingest/batch.hpp"
#include "fleet/service/challenges.hpp"
#include "fleet/service/context.hpp"
#include "fleet/service/rate_limit.hpp"

namespace hale::fleet {

/// The device listener's routes (docs/wire.md). handle() runs on a connection's thread: it decodes there and answers
/// from the writer's.
class DeviceApi {
 public:
  explicit DeviceApi(Context& context);
  void handle(Request request, Respond respond);

 private:
  void challenge(const Respond& respond);
  void enroll(const Request& request, const Respond& respond);
  /// Counts, logs and words a refused enrolment.
  Response refusal_of(const Request& request, const Error& error, bool copy);
  void report_fork(const Device& device, const Applied& applied, Timestamp now);
  void renew(const Request& request, const Respond& respond);
  void upload(Request request, const Respond& respond);
  /// The device behind the connection's certificate, checked anew at every request.
  Result<Device> authenticate(const Request& request);

  Context& context_;
  Challenges challenges_;
  RateLimit refused_;  // wrong tokens and proofs by address
};

}  // namespace hale::fleet
