#include "integrations/access/peer_names.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

namespace tocsin::access {
namespace {

std::string Text(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(ASN1_STRING_length(string))};
}

std::string Address(const ASN1_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (ASN1_STRING_length(bytes) != (family == AF_INET ? 4 : 16)) return "";
  return inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof(text)) != nullptr ? text : "";
}

}  // namespace

std::vector<std::string> NamesOf(const x509_st& certificate) {
  std::vector<std::string> names;
  auto* found = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found, i);
    switch (name->type) {
      case GEN_DNS:
        names.push_back(Text(name->d.dNSName));
        break;
      case GEN_EMAIL:
        names.push_back(Text(name->d.rfc822Name));
        break;
      case GEN_URI:
        names.push_back(Text(name->d.uniformResourceIdentifier));
        break;
      case GEN_IPADD:
        names.push_back(Address(name->d.iPAddress));
        break;
      default:
        break;
    }
  }
  GENERAL_NAMES_free(found);
  return names;
}

}  // namespace tocsin::access
