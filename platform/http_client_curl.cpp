#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/text.hpp"
#include "platform/http_client.hpp"
#include "platform/tls_peer_openssl.hpp"
#include "platform/tls_session_openssl.hpp"

namespace hale {
namespace {

constexpr long kConnectTimeout = 20;  ///< s

/// libcurl's one-time set-up; never undone, the process is short-lived.
bool curl_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_SSL) == CURLE_OK;
  return ready;
}

struct Received {
  std::string body;
  std::size_t bound{};
  bool too_large{false};
};

std::size_t receive(const char* bytes, std::size_t, std::size_t count, void* target) {
  auto& received = *static_cast<Received*>(target);
  if (count > received.bound - received.body.size()) {
    received.too_large = true;
    return 0;
  }
  received.body.append(bytes, count);
  return count;
}

int check_cancel(void* flag, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* cancel = static_cast<const std::atomic<bool>*>(flag);
  return cancel != nullptr && cancel->load() ? 1 : 0;
}

/// What takes part in each TLS context that libcurl makes.
struct TlsHooks {
  TlsPeer* peer{};
  TlsSession* session{};  ///< nullptr: none is kept
};

CURLcode install_hooks(CURL*, void* context, void* hooks) {
  const auto* all = static_cast<TlsHooks*>(hooks);
  all->peer->install(static_cast<ssl_ctx_st*>(context));
  if (all->session != nullptr) all->session->install(static_cast<ssl_ctx_st*>(context));
  return CURLE_OK;
}

curl_blob blob_of(std::string& text) { return {text.data(), text.size(), CURL_BLOB_NOCOPY}; }

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list_); }
  void add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_{};
};

class CurlClient final : public HttpClient {
 public:
  CurlClient(CURL* easy, TlsOptions tls) : easy_(easy), tls_(std::move(tls)), peer_(tls_.ca_sha256) {
    if (tls_.session_for.empty() || tls_.ca_pem.empty()) return;
    session_.emplace(tls_.session_for + '\n' + tls_.ca_pem + '\n' + tls_.certificate_pem, tls_.ca_pem, tls_.session);
    hooks_.session = &*session_;
  }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  ~CurlClient() override { curl_easy_cleanup(easy_); }

  Result<> set_up(const ProxyOptions& proxy);
  Result<HttpResponse> send(const HttpRequest& request) override;
  std::string found_ca_pem() const override { return peer_.ca_pem(); }
  std::optional<std::string> session() const override { return session_ ? session_->fresh_bytes() : std::nullopt; }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    const auto code = curl_easy_setopt(easy_, option, value);
    if (code != CURLE_OK && refused_option_ == CURLE_OK) refused_option_ = code;
  }
  void set_tls();
  void set_proxy(const ProxyOptions& proxy);
  Result<HttpResponse> failure(CURLcode code, const HttpRequest& request, const Received& received) const;
  Result<HttpResponse> tls_failure(const std::string& host, const std::string& words) const;

  CURL* easy_;
  TlsOptions tls_;
  TlsPeer peer_;
  std::optional<TlsSession> session_;
  TlsHooks hooks_{&peer_, nullptr};
  CURLcode refused_option_{CURLE_OK};
  std::array<char, CURL_ERROR_SIZE> words_{};
};

Result<> CurlClient::set_up(const ProxyOptions& proxy) {
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectTimeout);
  set(CURLOPT_USERAGENT, "hale/" HALE_VERSION);
  set(CURLOPT_WRITEFUNCTION, &receive);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &check_cancel);
  set_tls();
  set_proxy(proxy);
  if (refused_option_ == CURLE_OK) return {};
  return fail(Errc::internal,
              std::string("libcurl does not take an option that Hale needs: ") + curl_easy_strerror(refused_option_));
}

void CurlClient::set_tls() {
  set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_3});
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  // Debian builds the system's CAs in as a default: without these two lines they would be trusted beside the pinned
  // one.
  set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  if (!tls_.ca_pem.empty()) {
    auto blob = blob_of(tls_.ca_pem);
    set(CURLOPT_CAINFO_BLOB, &blob);
  }
  set(CURLOPT_SSL_CTX_FUNCTION, &install_hooks);
  set(CURLOPT_SSL_CTX_DATA, &hooks_);
  if (tls_.certificate_pem.empty()) return;
  auto certificate = blob_of(tls_.certificate_pem);
  auto key = blob_of(tls_.private_key_pem);
  set(CURLOPT_SSLCERTTYPE, "PEM");
  set(CURLOPT_SSLCERT_BLOB, &certificate);
  set(CURLOPT_SSLKEYTYPE, "PEM");
  set(CURLOPT_SSLKEY_BLOB, &key);
}

void CurlClient::set_proxy(const ProxyOptions& proxy) {
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (proxy.url.empty()) return;
  set(CURLOPT_PROXY, proxy.url == "direct" ? "" : proxy.url.c_str());
  // A proxy that was named is used: the environment's exceptions are for the environment's proxy.
  set(CURLOPT_NOPROXY, "");
}

std::string host_of(const std::string& url) {
  const auto start = url.find("://");
  if (start == std::string::npos) return url;
  return url.substr(start + 3, url.find('/', start + 3) - start - 3);
}

Result<HttpResponse> CurlClient::send(const HttpRequest& request) {
  if (!tls_.session_for.empty() && !request.url.starts_with(tls_.session_for + "/"))
    return fail(Errc::internal, "this client is for " + tls_.session_for + " only");
  HeaderList headers;
  for (const auto& line : request.headers) headers.add(line);
  headers.add("Expect:");  // no waiting for 100-continue
  Received received{.body = {}, .bound = request.max_response};
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_TIMEOUT, static_cast<long>(request.timeout_s));
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_WRITEDATA, &received);
  set(CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(request.cancel));
  if (request.method == "GET") {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_CUSTOMREQUEST, request.method == "POST" ? nullptr : request.method.c_str());
  }
  peer_.begin();
  words_.front() = '\0';
  const auto code = curl_easy_perform(easy_);
  if (code != CURLE_OK) return failure(code, request, received);
  HttpResponse response{.status = 0, .body = std::move(received.body), .retry_after_s = {}};
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  curl_off_t wait = 0;
  curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &wait);
  if (wait > 0)
    response.retry_after_s =
        static_cast<std::uint32_t>(std::min<curl_off_t>(wait, std::numeric_limits<std::uint32_t>::max()));
  return response;
}

Result<HttpResponse> CurlClient::failure(CURLcode code, const HttpRequest& request, const Received& received) const {
  const auto host = host_of(request.url);
  const std::string words = sanitize_utf8(words_.front() != '\0' ? words_.data() : curl_easy_strerror(code), 300);
  if (received.too_large) {
    return fail(Errc::invalid_input,
                host + ": the answer is larger than " + std::to_string(request.max_response) + " bytes");
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return fail(Errc::timeout,
                  host + ": no answer within " + std::to_string(request.timeout_s) + " s (" + words + ")");
    case CURLE_ABORTED_BY_CALLBACK:
      return fail(Errc::unavailable, host + ": interrupted");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return fail(Errc::invalid_input, "\"" + request.url + "\" is no https address (" + words + ")");
    case CURLE_SSL_CERTPROBLEM:
      return fail(Errc::invalid_input, "this PC's certificate and key do not load (" + words + "); enrol again");
    case CURLE_SSL_CACERT_BADFILE:
      return fail(Errc::invalid_input, "the pinned CA certificate does not load (" + words + "); enrol again");
    case CURLE_WEIRD_SERVER_REPLY:
      return fail(Errc::invalid_input, host + ": what answers there does not speak HTTP (" + words + ")");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return tls_failure(host, words);
    default:
      return fail(Errc::unavailable, host + ": " + words);
  }
}

/// TLS says no in many codes; OpenSSL's words tell them apart.
Result<HttpResponse> CurlClient::tls_failure(const std::string& host, const std::string& words) const {
  if (!peer_.refusal().empty()) return fail(Errc::permission, host + ": " + peer_.refusal());
  if (words.find("subject name") != std::string::npos) {
    return fail(Errc::permission,
                host + ": the fleet's certificate is not for this name (" + words + "); enrol with the name it is for");
  }
  if (words.find("alert certificate revoked") != std::string::npos)
    return HttpResponse{.status = 401, .body = {}, .retry_after_s = {}};
  if (words.find("protocol version") != std::string::npos || words.find("unsupported protocol") != std::string::npos) {
    return fail(Errc::permission,
                host + ": the server does not speak TLS 1.3, and Hale accepts nothing older (" + words + ")");
  }
  if (words.find("alert") != std::string::npos &&
      (words.find("certificate") != std::string::npos || words.find("unknown ca") != std::string::npos)) {
    return fail(Errc::permission, host + ": the fleet did not accept this PC's certificate (" + words + ")");
  }
  return fail(Errc::unavailable, host + ": " + words);
}

bool is_known_proxy(const std::string& url) {
  if (url.empty() || url == "direct") return true;
  const auto scheme = url.find("://");
  return scheme == std::string::npos || url.starts_with("http://");
}

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::make(TlsOptions tls, ProxyOptions proxy) {
  if (tls.ca_pem.empty() == tls.ca_sha256.empty()) {
    return fail(Errc::invalid_input, "no CA is pinned: Hale never trusts the system's own");
  }
  if (tls.certificate_pem.empty() != tls.private_key_pem.empty())
    return fail(Errc::invalid_input, "a certificate and its key come together");
  if (!is_known_proxy(proxy.url))
    return fail(Errc::invalid_input, "the proxy must be given as http://HOST:PORT or \"direct\"");
  tls.ca_sha256 = to_lower_ascii(tls.ca_sha256);
  CURL* easy = curl_ready() ? curl_easy_init() : nullptr;
  if (easy == nullptr) return fail(Errc::internal, "libcurl does not start");
  auto client = std::make_unique<CurlClient>(easy, std::move(tls));
  if (auto done = client->set_up(proxy); !done) return fail(done.error());
  return client;
}

}  // namespace hale
