#pragma once

#include <string>
#include <vector>

struct x509_st;

namespace tocsin::access {

// The names of a certificate's subject besides its common name: DNS, mail, URI, IP addresses.
std::vector<std::string> NamesOf(const x509_st& certificate);

}  // namespace tocsin::access
