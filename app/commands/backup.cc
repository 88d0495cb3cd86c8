#include "app/commands/backup.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/data_directory.h"

namespace tocsin::app {
namespace {

using nlohmann::json;
using storage::Backup;

// Memtables and the write-ahead log are written, table files only linked; a slow disk takes a
// while.
constexpr absl::Duration kDeadline = absl::Minutes(10);

absl::StatusOr<Backup> AskServer(AdminClient& client, const std::string& name) {
  const std::string body =
      json{{"name", name}}.dump(-1, ' ', false, json::error_handler_t::replace);
  auto answer = client.Post("/api/tocsin/v1/backup", body, kDeadline);
  if (absl::IsDeadlineExceeded(answer.status())) {
    return absl::DeadlineExceededError(absl::StrCat(
        answer.status().message(), "; the backup may yet be made: see the server's log"));
  }
  TOCSIN_RETURN_IF_ERROR(answer.status());
  try {
    const json data = json::parse(*answer).at("data");
    return Backup{data.at("path").get<std::string>(), data.at("bytes").get<uint64_t>()};
  } catch (const json::exception& e) {
    return absl::UnavailableError(
        absl::StrCat(client.server(), " answers something else: ", e.what()));
  }
}

}  // namespace

int RunBackup(const BackupOptions& options, http_client::HttpTransport& transport,
              std::ostream& out, std::ostream& err) {
  AdminClient client(transport, options.server);
  const absl::StatusOr<Backup> made =
      options.data_dir ? storage::BackUpStopped(*options.data_dir, options.target)
                       : AskServer(client, options.target);
  if (!made.ok()) {
    err << "tocsin backup: " << made.status().message() << "\n";
    return 2;
  }
  out << made->path << " (" << made->bytes << " bytes)\n";
  return 0;
}

}  // namespace tocsin::app
