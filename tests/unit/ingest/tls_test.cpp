// TLS with certificates made on the spot.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "ingest/http_input.h"
#include "ingest/tcp_input.h"
#include "ingest/tokens.h"
#include "tests/unit/ingest/loopback.h"

namespace spoor {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

  void operator()(X509* certificate) const { X509_free(certificate); }

  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

/// A key and its certificate, by itself or by `issuer`.
struct Identity {
  Key key;
  Certificate certificate;
};

Identity make_identity(const std::string& name, const Identity* issuer = nullptr) {
  constexpr long kDay = 24L * 60 * 60;
  static long serial = 0;
  Identity made{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kDay);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(
      certificate,
      X509_get_subject_name(issuer == nullptr ? certificate : issuer->certificate.get()));
  if (issuer == nullptr) {
    X509_EXTENSION* is_ca =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(certificate, is_ca, -1);
    X509_EXTENSION_free(is_ca);
  }
  X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
  return made;
}

// A fixture: nobody deletes it by this type.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor)
class Tls : public testing::Test {
 protected:
  Tls() {
    // A folder for each test: they may run at the same time.
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("spoor_tls_" + std::to_string(::getpid()) +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    write("ca", ca_);
    write("server", server_);
  }

  ~Tls() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }

  void write(const std::string& name, const Identity& identity) const {
    FILE* certificate = std::fopen(file(name + ".pem").c_str(), "w");
    PEM_write_X509(certificate, identity.certificate.get());
    (void)std::fclose(certificate);
    FILE* key = std::fopen(file(name + ".key").c_str(), "w");
    PEM_write_PrivateKey(key, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    (void)std::fclose(key);
  }

  [[nodiscard]] TlsFiles files(bool with_client_ca) const {
    return {.certificate = file("server.pem"),
            .key = file("server.key"),
            .client_ca = with_client_ca ? file("ca.pem") : ""};
  }

  std::filesystem::path folder_;
  Identity ca_ = make_identity("ca");
  Identity server_ = make_identity("server", &ca_);
  Identity client_ = make_identity("client", &ca_);
};

/// A TLS client over a LoopbackClient's socket.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const Identity* identity, int version_max = 0)
      : tcp_(port), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_.get(), 0);  // Old versions, to see them refused.
    if (version_max != 0) {
      SSL_CTX_set_min_proto_version(context_.get(), 0);
      SSL_CTX_set_max_proto_version(context_.get(), version_max);
    }
    if (identity != nullptr) {
      SSL_CTX_use_certificate(context_.get(), identity->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), identity->key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), tcp_.socket());
  }

  [[nodiscard]] bool connect() { return SSL_connect(ssl_.get()) == 1; }

  bool send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }

  void shutdown() { SSL_shutdown(ssl_.get()); }

  /// Until the peer closes; and whether it closed in order.
  [[nodiscard]] std::pair<std::string, bool> read_all() {
    std::string all;
    std::string piece(4096, '\0');
    int got = 0;
    while ((got = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()))) > 0) {
      all += piece.substr(0, static_cast<std::size_t>(got));
    }
    return {all, SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN};
  }

  [[nodiscard]] std::string server_name() const {
    const Certificate certificate(SSL_get1_peer_certificate(ssl_.get()));
    std::string name(64, '\0');
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()),
                                               NID_commonName, name.data(), 64);
    name.resize(static_cast<std::size_t>(size));
    return name;
  }

 private:
  LoopbackClient tcp_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

constexpr std::string_view kLine = "{\"EventID\":1}\n";

TEST_F(Tls, TakesFromWhoHasACertificateOnly) {
  IngestQueue queue(100'000);
  IngestRuntime runtime(queue);
  TcpInputSettings settings;
  settings.listener.tls = files(true);
  const auto input = TcpInput::create(runtime, settings);
  ASSERT_TRUE(input) << input.error().message;
  PoppingEngine engine(queue);
  runtime.start();

  TlsClient good((*input)->port(), &client_);
  ASSERT_TRUE(good.connect());
  good.send(kLine);
  good.shutdown();
  EXPECT_EQ(engine.wait_for(1).size(), 1U);

  const Identity stranger = make_identity("stranger");
  for (const Identity* identity : {static_cast<const Identity*>(nullptr), &stranger}) {
    TlsClient bad((*input)->port(), identity);
    (void)bad.connect();  // With TLS 1.3 the client may learn of it later.
    bad.send(kLine);
    EXPECT_FALSE(bad.read_all().second);
  }
  LoopbackClient plain((*input)->port());
  plain.send("{\"EventID\":1}\n");
  (void)plain.read_all();
  EXPECT_TRUE(
      PoppingEngine::wait_until([&] { return (*input)->counters().connections_refused == 3; }));
  EXPECT_EQ(engine.records().size(), 1U);
  runtime.stop();
}

/// Without its close_notify a stream may have been cut off by anyone.
TEST_F(Tls, AStreamThatIsCutOffIsTorn) {
  IngestQueue queue(100'000);
  IngestRuntime runtime(queue);
  TcpInputSettings settings;
  settings.listener.tls = files(true);
  const auto input = TcpInput::create(runtime, settings);
  ASSERT_TRUE(input);
  PoppingEngine engine(queue);
  runtime.start();
  {
    TlsClient client((*input)->port(), &client_);
    ASSERT_TRUE(client.connect());
    client.send("{\"EventID\":1}\n{\"EventID\":2}");
  }
  EXPECT_EQ(engine.wait_for(2).size(), 1U);
  EXPECT_EQ(engine.bad().size(), 1U);
  runtime.stop();
}

TEST_F(Tls, SpeaksHttpFromVersion12On) {
  IngestQueue queue(100'000);
  IngestRuntime runtime(queue);
  HttpInputSettings settings;
  settings.listener.listen = "0.0.0.0:0";
  settings.listener.tls = files(false);
  settings.token_hashes = {token_hash("t")};
  const auto input = HttpInput::create(runtime, settings);
  ASSERT_TRUE(input) << input.error().message;
  PoppingEngine engine(queue);
  runtime.start();
  const std::string request =
      "POST /ingest HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n"
      "Content-Length: 14\r\n\r\n" +
      std::string(kLine);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client((*input)->port(), nullptr, version);
    ASSERT_TRUE(client.connect());
    client.send(request);
    const auto [answer, is_in_order] = client.read_all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(is_in_order);
  }
  TlsClient old((*input)->port(), nullptr, TLS1_1_VERSION);
  EXPECT_FALSE(old.connect());
  runtime.stop();
}

TEST_F(Tls, ReloadsItsFilesAndKeepsTheOldOnesOnError) {
  IngestQueue queue(100'000);
  IngestRuntime runtime(queue);
  HttpInputSettings settings;
  settings.listener.tls = files(false);
  const auto input = HttpInput::create(runtime, settings);
  ASSERT_TRUE(input) << input.error().message;
  runtime.start();
  const auto server_name = [&] {
    TlsClient client((*input)->port(), nullptr);
    EXPECT_TRUE(client.connect());
    return client.server_name();
  };
  EXPECT_EQ(server_name(), "server");
  write("server", make_identity("renewed", &ca_));
  EXPECT_EQ(server_name(), "server");
  EXPECT_TRUE((*input)->reload_tls());
  EXPECT_EQ(server_name(), "renewed");
  std::filesystem::copy_file(file("ca.key"), file("server.key"),
                             std::filesystem::copy_options::overwrite_existing);
  const Result<void> wrong = (*input)->reload_tls();
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("tls.key"), std::string::npos) << wrong.error().message;
  EXPECT_EQ(server_name(), "renewed");
  runtime.stop();
}

TEST_F(Tls, NamesTheFileThatIsWrong) {
  IngestQueue queue(100'000);
  IngestRuntime runtime(queue);
  const auto message = [&](TlsFiles tls) {
    TcpInputSettings settings;
    settings.listener.tls = std::move(tls);
    const auto input = TcpInput::create(runtime, settings);
    return input ? std::string() : input.error().message;
  };
  TlsFiles none = files(true);
  none.certificate = file("none.pem");
  EXPECT_NE(message(none).find("tls.certificate: '" + none.certificate), std::string::npos);
  none = files(true);
  none.key = file("none.key");
  EXPECT_NE(message(none).find("tls.key: '" + none.key), std::string::npos);
  none = files(true);
  none.client_ca = file("none.pem");
  EXPECT_NE(message(none).find("tls.client_ca: '" + none.client_ca), std::string::npos);
  none = files(true);
  none.key.clear();
  EXPECT_NE(message(none).find("certificate and key belong together"), std::string::npos);
}

TEST_F(Tls, AHandshakeThatIsNotMadeIsClosed) {
  IngestQueue queue(100'000);
  IngestRuntime runtime(queue);
  TcpInputSettings settings;
  settings.listener.tls = files(true);
  settings.listener.handshake_timeout = std::chrono::milliseconds{50};
  const auto input = TcpInput::create(runtime, settings);
  ASSERT_TRUE(input);
  runtime.start();
  LoopbackClient silent((*input)->port());
  EXPECT_EQ(silent.read_all(), "");
  runtime.stop();
}

}  // namespace
}  // namespace spoor
