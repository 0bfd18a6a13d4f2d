#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "platform/database_sqlite.hpp"
#include "uploader/enrolment.hpp"
#include "uploader/outbox.hpp"
#include "uploader/run.hpp"
#include "uploader/upload_state.hpp"

namespace hale {

/// One run of hale-upload, from the lock to the report. Its parts: what goes out (run.cpp), who this PC is
/// (run_identity.cpp), how it ended and when to try again (run_outcome.cpp).
class Run {
 public:
  Run(const UploadOptions& options, const Clock& clock, Database& database, std::string spool_key)
      : options_(options), clock_(clock), database_(database), outbox_(database, std::move(spool_key)) {}

  UploadReport go();

 private:
  // Who this PC is.
  Result<Identity> find_identity();
  Result<Identity> leave_and_enroll(const Identity& copied);
  Result<Identity> enroll_anew(const Identity& copied);
  Result<> may_enroll_anew(const std::string& what);
  Result<CopyEnrolled> ask_fleet_for_copy(const Identity& copied);
  bool renew_if_due(Identity& identity);
  bool renew_after_refusal(Identity& identity, const std::string& refusal);
  bool take_renewal(Identity& identity, Renewed renewed);

  // What goes out.
  bool may_upload(const Identity& identity);
  Result<std::string> read_meta(std::string_view name);
  bool may_try();
  Result<std::unique_ptr<HttpClient>> make_client(const Identity& identity) const;
  void keep_session(const HttpClient* client) const;
  void drain(Identity identity);
  /// False: the run is over, and the report says why.
  bool drain_once(Identity& identity, std::unique_ptr<HttpClient>& client);
  bool pause(Clock::Steady until) const;
  bool cancelled() const { return options_.cancel != nullptr && options_.cancel->load(); }

  // How it ended.
  void asked_to_wait(std::uint32_t seconds);
  void failed(std::string error, std::optional<std::uint32_t> retry_after_s = {});
  void revoked(std::string error);
  void turned_away(std::string error);
  void blocked(std::string error);
  void succeeded();
  void keep_state(const UploadState& state);

  const UploadOptions& options_;
  const Clock& clock_;
  Database& database_;
  Outbox outbox_;
  UploadState state_;
  UploadReport report_;
  bool renewed_{false};
};

}  // namespace hale
