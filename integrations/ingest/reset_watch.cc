#include "integrations/ingest/reset_watch.h"

#include <algorithm>
#include <utility>

namespace tocsin::ingest {
namespace {

constexpr double kFailedMax = 1000;
constexpr double kForgivenASecond = 100;

}  // namespace

std::vector<std::string> ResetWatch::Look(const std::vector<ConnectionCalls>& connections,
                                          absl::Duration now) {
  const double forgiven = absl::ToDoubleSeconds(now - last_look_) * kForgivenASecond;
  last_look_ = now;
  std::vector<std::string> offenders;
  absl::flat_hash_map<std::string, Account> accounts;
  for (const ConnectionCalls& connection : connections) {
    Account account = accounts_[connection.peer];
    // Less than before: another connection from the same port.
    const uint64_t before = connection.failed < account.failed ? 0 : account.failed;
    const auto failed = static_cast<double>(connection.failed - before);
    account = {connection.failed, std::max(0.0, account.owed - forgiven) + failed};
    if (connection.present > present_max_ || account.owed > kFailedMax) {
      offenders.push_back(connection.peer);
    }
    accounts.emplace(connection.peer, account);
  }
  accounts_ = std::move(accounts);
  return offenders;
}

}  // namespace tocsin::ingest
