#include "tests/access/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_join.h"
#include "base/check.h"

namespace tocsin::access {
namespace {

std::string Take(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);  // NOLINT(google-runtime-int)
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

std::string PemOf(X509* cert) {
  BIO* bio = BIO_new(BIO_s_mem());
  TOCSIN_CHECK(PEM_write_bio_X509(bio, cert) == 1);
  return Take(bio);
}

std::string PemOf(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  TOCSIN_CHECK(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return Take(bio);
}

BIO* Over(const std::string& pem) {
  return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
}

void Extend(X509* cert, X509* issuer, int extension, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str());
  TOCSIN_CHECK(made != nullptr) << value;
  X509_add_ext(cert, made, -1);
  X509_EXTENSION_free(made);
}

// Signed by `authority`, or by itself if that is null.
Certificate Make(const Certificate* authority, const std::string& name,
                 const std::vector<std::string>& sans) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  X509_set_version(cert, 2);
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert), 24 * 3600);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* issuer = cert;
  EVP_PKEY* signer = key;
  if (authority != nullptr) {
    BIO* cert_bio = Over(authority->cert_pem);
    BIO* key_bio = Over(authority->key_pem);
    issuer = PEM_read_bio_X509(cert_bio, nullptr, nullptr, nullptr);
    signer = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
    BIO_free(cert_bio);
    BIO_free(key_bio);
  }
  X509_set_issuer_name(cert, X509_get_subject_name(issuer));
  Extend(cert, issuer, NID_basic_constraints,
         authority == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!sans.empty()) Extend(cert, issuer, NID_subject_alt_name, absl::StrJoin(sans, ","));
  TOCSIN_CHECK(X509_sign(cert, signer, EVP_sha256()) != 0);
  Certificate made{PemOf(cert), PemOf(key)};
  if (authority != nullptr) {
    X509_free(issuer);
    EVP_PKEY_free(signer);
  }
  X509_free(cert);
  EVP_PKEY_free(key);
  return made;
}

}  // namespace

Certificate MakeAuthority(const std::string& name) {
  return Make(nullptr, name, {});
}

Certificate MakeCertificate(const Certificate& authority, const std::string& name,
                            const std::vector<std::string>& sans) {
  return Make(&authority, name, sans);
}

}  // namespace tocsin::access
