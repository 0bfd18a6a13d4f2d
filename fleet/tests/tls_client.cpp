#include "fleet/tests/tls_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include "platform/crypto.hpp"

namespace hale::fleet::test {
namespace {

constexpr std::chrono::milliseconds kLimit{20'000};

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<BIO> bio_of(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("test client: ") + what);
}

std::string der_of(X509_REQ* request) {
  unsigned char* raw = nullptr;
  const int size = i2d_X509_REQ(request, &raw);
  std::string der(reinterpret_cast<char*>(raw), static_cast<std::size_t>(size));
  OPENSSL_free(raw);
  return der;
}

Owned<X509_REQ> read_request(const std::string& pem) {
  const auto bio = bio_of(pem);
  return Owned<X509_REQ>(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
}

void use_identity(SSL_CTX* context, const ClientIdentity& identity) {
  if (identity.certificate_pem.empty()) return;
  const auto certificate_bio = bio_of(identity.certificate_pem);
  const Owned<X509> certificate(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
  const auto key_bio = bio_of(identity.private_key_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  require(SSL_CTX_use_certificate(context, certificate.get()) == 1 && SSL_CTX_use_PrivateKey(context, key.get()) == 1,
          "using the identity");
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

TlsClient::TlsClient(std::uint16_t port, const std::string& ca_pem, ClientIdentity identity)
    : port_(port), context_(SSL_CTX_new(TLS_client_method())) {
  // A server that was killed meanwhile is an error here, not the end of the test program.
  std::signal(SIGPIPE, SIG_IGN);
  const auto bio = bio_of(ca_pem);
  const Owned<X509> ca(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  require(ca != nullptr && X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), ca.get()) == 1, "trusting the CA");
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
  use_identity(context_, identity);
}

TlsClient::~TlsClient() {
  close();
  SSL_SESSION_free(session_);
  SSL_CTX_free(context_);
}

void TlsClient::close() {
  if (ssl_ != nullptr) {
    SSL_SESSION_free(session_);
    session_ = SSL_get1_session(ssl_);
    SSL_shutdown(ssl_);  // OpenSSL does not resume what did not end with a goodbye
    ERR_clear_error();
    SSL_free(ssl_);
    ssl_ = nullptr;
  }
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  buffer_.clear();
}

bool TlsClient::connect() {
  close();
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{30, 0};  // a server that does not answer fails the test instead of hanging it
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    socket_ = -1;
    return false;
  }
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, socket_);
  SSL_set1_host(ssl_, "localhost");
  SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>("localhost"));
  if (session_ != nullptr) SSL_set_session(ssl_, session_);
  if (SSL_connect(ssl_) == 1) return true;
  ERR_clear_error();
  close();
  return false;
}

bool TlsClient::resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }

std::vector<std::string> TlsClient::server_chain() const {
  std::vector<std::string> chain;
  STACK_OF(X509)* certificates = SSL_get_peer_cert_chain(ssl_);
  for (int i = 0; i < sk_X509_num(certificates); ++i) {
    const Owned<BIO> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), sk_X509_value(certificates, i));
    chain.push_back(text_of(bio.get()));
  }
  return chain;
}

bool TlsClient::write(std::string_view bytes) {
  if (ssl_ == nullptr && !connect()) return false;
  ERR_clear_error();
  return bytes.empty() || SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

bool TlsClient::fill(std::chrono::milliseconds limit) {
  if (ssl_ == nullptr) return false;
  if (SSL_pending(ssl_) == 0) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(limit.count())) <= 0) return false;
  }
  char data[16384];
  ERR_clear_error();
  const int count = SSL_read(ssl_, data, sizeof data);
  if (count <= 0) return false;
  buffer_.append(data, static_cast<std::size_t>(count));
  return true;
}

std::string TlsClient::read_until(std::string_view needle, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (buffer_.find(needle) == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !fill(left)) break;
  }
  return std::exchange(buffer_, {});
}

Reply TlsClient::read_reply(bool head_only) {
  Reply reply;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(kLimit)) {
      close();
      return reply;
    }
  }
  const std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  reply.status = std::stoi(head.substr(head.find(' ') + 1, 3));
  for (std::size_t at = head.find("\r\n"); at != std::string::npos;) {
    const std::size_t next = head.find("\r\n", at + 2);
    const std::string line = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
    std::string name = line.substr(0, line.find(':'));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    reply.headers.emplace_back(name, line.substr(line.find(": ") + 2));
    at = next;
  }
  const std::string length = reply.header("content-length");
  const std::size_t wanted = head_only || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < wanted && fill(kLimit)) {
  }
  reply.body = buffer_.substr(0, wanted);
  buffer_.erase(0, wanted);
  if (reply.header("connection") == "close") close();
  return reply;
}

Reply TlsClient::raw(std::string_view bytes) {
  // A server may answer and close while we still write: what it said is read all the same.
  static_cast<void>(write(bytes));
  return read_reply();
}

Reply TlsClient::send(std::string_view method, std::string_view target, std::string_view body,
                      const std::vector<std::string>& headers) {
  std::string text = std::string(method) + " " + std::string(target) +
                     " HTTP/1.1\r\nHost: localhost:" + std::to_string(port_) + "\r\n";
  bool typed = false;
  for (const auto& header : headers) {
    text += header + "\r\n";
    typed = typed || header.starts_with("Content-Type:");
  }
  if (!body.empty() && !typed) text += "Content-Type: application/json\r\n";
  if (!body.empty() || method == "POST" || method == "PATCH")
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  static_cast<void>(write(text));
  return read_reply(method == "HEAD");
}

KeyPair make_key_and_csr(const std::string& type) {
  const Owned<EVP_PKEY> key(type == "RSA"       ? EVP_RSA_gen(2048)
                            : type == "ED25519" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                                : EVP_EC_gen(type.c_str()));
  const Owned<X509_REQ> request(X509_REQ_new());
  require(key && request && X509_REQ_set_pubkey(request.get(), key.get()) == 1, "making a request");
  X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("device"), -1, -1, 0);
  require(X509_REQ_sign(request.get(), key.get(), type == "ED25519" ? nullptr : EVP_sha256()) > 0, "signing a request");
  const Owned<BIO> key_bio(BIO_new(BIO_s_mem()));
  const Owned<BIO> request_bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509_REQ(request_bio.get(), request.get());
  return {text_of(key_bio.get()), text_of(request_bio.get())};
}

std::string sign_csr(const std::string& private_key_pem, const std::string& csr_pem,
                     const std::function<std::string(const std::string& der)>& statement) {
  const auto bio = bio_of(private_key_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  std::string der = der_of(read_request(csr_pem).get());
  if (statement) der = statement(der);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const EVP_MD* digest = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  require(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) == 1, "signing");
  std::string signature(256, '\0');
  std::size_t size = signature.size();
  require(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                         reinterpret_cast<const unsigned char*>(der.data()), der.size()) == 1,
          "signing");
  signature.resize(size);
  return crypto::to_base64(signature);
}

std::string spoil_signature(const std::string& csr_pem) {
  std::string der = der_of(read_request(csr_pem).get());
  der.back() = static_cast<char>(der.back() ^ 1);
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio(bio.get(), "CERTIFICATE REQUEST", "", reinterpret_cast<unsigned char*>(der.data()),
                        static_cast<long>(der.size())) > 0,
          "writing PEM");
  return text_of(bio.get());
}

}  // namespace hale::fleet::test
