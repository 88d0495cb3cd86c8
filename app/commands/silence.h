#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "app/admin_client.h"
#include "base/timestamp.h"

namespace tocsin::app {

// `tocsin silence add|list|expire`, after amtool's manner. Matchers are words such as
// severity=~"warn.*"; a first word without an operator is the alert's name.

struct SilenceAddOptions {
  ServerTarget server;
  std::vector<std::string> matchers;
  std::string author;
  std::string comment;
  absl::Duration duration = absl::Hours(1);
  std::string start;  // RFC 3339; "": now
  std::string end;    // RFC 3339; "": `duration` after the start
};

struct SilenceListOptions {
  ServerTarget server;
  std::vector<std::string> matchers;  // silences that have all of them
  bool expired = false;               // instead of those that are not
  bool quiet = false;                 // ids alone
  bool json = false;                  // the server's answer as it is
};

struct SilenceExpireOptions {
  ServerTarget server;
  std::vector<std::string> ids;
};

// Each prints what it did (the id of the new silence, a table, nothing). Exit codes: 0; 2 if the
// server does not answer or refuses, with its words.
int RunSilenceAdd(const SilenceAddOptions& options, Timestamp now,
                  http_client::HttpTransport& transport, std::ostream& out, std::ostream& err);
int RunSilenceList(const SilenceListOptions& options, http_client::HttpTransport& transport,
                   std::ostream& out, std::ostream& err);
int RunSilenceExpire(const SilenceExpireOptions& options, http_client::HttpTransport& transport,
                     std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
