#include "integrations/access/tls_files.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::access {
namespace {

constexpr size_t kBytesMax = 1 << 20;

template <typename T, void (*kFree)(T*)>
struct Freer {
  void operator()(T* object) const { kFree(object); }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;
using CertPtr = std::unique_ptr<X509, Freer<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;

absl::StatusOr<std::string> ReadPem(const std::string& path, bool secret) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  if (secret && (info.st_mode & S_IROTH) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " is readable by everyone; allow only its owner: chmod 600"));
  }
  if (static_cast<size_t>(info.st_size) > kBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is too large"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

BioPtr Over(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Nobody is asked for a passphrase on a terminal.
int NoPassphrase(char* /*out*/, int /*size*/, int /*writing*/, void* /*user*/) {
  return -1;
}

CertPtr ParseCert(const std::string& pem) {
  return CertPtr(PEM_read_bio_X509(Over(pem).get(), nullptr, NoPassphrase, nullptr));
}

}  // namespace

absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files) {
  TlsMaterial material;
  TOCSIN_ASSIGN_OR_RETURN(material.cert_pem, ReadPem(files.cert_file, false));
  TOCSIN_ASSIGN_OR_RETURN(material.key_pem, ReadPem(files.key_file, true));
  const CertPtr cert = ParseCert(material.cert_pem);
  if (cert == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(files.cert_file, " is no PEM certificate"));
  }
  const KeyPtr key(
      PEM_read_bio_PrivateKey(Over(material.key_pem).get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.key_file, " is no PEM key, or one with a passphrase"));
  }
  if (X509_check_private_key(cert.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key of ", files.key_file, " is not that of ", files.cert_file));
  }
  if (files.asks_clients()) {
    TOCSIN_ASSIGN_OR_RETURN(material.client_ca_pem, ReadPem(files.client_ca_file, false));
    if (ParseCert(material.client_ca_pem) == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(files.client_ca_file, " is no PEM certificate"));
    }
  }
  return material;
}

bool IsAllowed(const TlsFiles& files, const std::vector<std::string>& sans) {
  const auto& allowed = files.client_allowed_sans;
  return allowed.empty() || std::any_of(sans.begin(), sans.end(), [&](const std::string& san) {
           return std::find(allowed.begin(), allowed.end(), san) != allowed.end();
         });
}

}  // namespace tocsin::access
