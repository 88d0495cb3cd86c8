#include "app/commands/silence.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "app/commands/silence_text.h"
#include "app/text_table.h"
#include "base/status_macros.h"
#include "integrations/http/form.h"

namespace tocsin::app {
namespace {

using nlohmann::json;

absl::StatusOr<Timestamp> ParseTime(const std::string& text, const char* what) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return Timestamp::FromMillis(absl::ToUnixMillis(time));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": expected a time such as 2026-11-22T10:00:00Z"));
}

absl::StatusOr<std::string> SilenceBody(const SilenceAddOptions& options, Timestamp now) {
  TOCSIN_ASSIGN_OR_RETURN(const auto matchers, ParseMatcherWords(options.matchers));
  Timestamp start = now;
  if (!options.start.empty()) {
    TOCSIN_ASSIGN_OR_RETURN(start, ParseTime(options.start, "--start"));
  }
  Timestamp end = start + options.duration;
  if (!options.end.empty()) {
    TOCSIN_ASSIGN_OR_RETURN(end, ParseTime(options.end, "--end"));
  }
  json list = json::array();
  for (const auto& matcher : matchers) list.push_back(MatcherJson(matcher));
  const json body = {{"matchers", std::move(list)},
                     {"startsAt", FormatTimestamp(start)},
                     {"endsAt", FormatTimestamp(end)},
                     {"createdBy", options.author},
                     {"comment", options.comment}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

// The answer's JSON (null if it has none), or the server's words for why not.
absl::StatusOr<json> Ask(AdminClient& client, const std::string& method, const std::string& path,
                         std::string body = "") {
  TOCSIN_ASSIGN_OR_RETURN(const auto response, client.Send(method, path, std::move(body)));
  json answer = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (response.status == 200) return answer.is_discarded() ? json() : answer;
  if (answer.is_string()) return absl::FailedPreconditionError(answer.get<std::string>());
  return absl::UnavailableError(absl::StrCat(client.server(), path, ": status ", response.status));
}

absl::Status Add(AdminClient& client, const SilenceAddOptions& options, Timestamp now,
                 std::ostream& out) {
  TOCSIN_ASSIGN_OR_RETURN(std::string body, SilenceBody(options, now));
  TOCSIN_ASSIGN_OR_RETURN(const json answer,
                          Ask(client, "POST", "/api/v2/silences", std::move(body)));
  out << answer.at("silenceID").get<std::string>() << "\n";
  return absl::OkStatus();
}

void PrintSilences(const json& silences, const SilenceListOptions& options, std::ostream& out) {
  std::vector<std::vector<std::string>> rows;
  for (const json& silence : silences) {
    const bool expired = silence.at("status").at("state").get<std::string>() == "expired";
    if (expired != options.expired) continue;
    if (options.quiet) {
      out << silence.at("id").get<std::string>() << "\n";
    } else {
      rows.push_back(SilenceRow(silence));
    }
  }
  if (options.quiet) return;
  if (rows.empty()) {
    out << "no silences\n";
    return;
  }
  PrintTable({"ID", "MATCHERS", "ENDS AT", "CREATED BY", "COMMENT"}, rows, out);
}

absl::Status List(AdminClient& client, const SilenceListOptions& options, std::ostream& out) {
  TOCSIN_ASSIGN_OR_RETURN(const auto matchers, ParseMatcherWords(options.matchers));
  std::string path = "/api/v2/silences";
  char separator = '?';
  for (const auto& matcher : matchers) {
    absl::StrAppend(&path, std::string(1, std::exchange(separator, '&')),
                    "filter=", http::PercentEncode(matcher.ToString()));
  }
  TOCSIN_ASSIGN_OR_RETURN(const json silences, Ask(client, "GET", path));
  if (options.json) {
    out << silences.dump() << "\n";
  } else {
    PrintSilences(silences, options, out);
  }
  return absl::OkStatus();
}

absl::Status Expire(AdminClient& client, const SilenceExpireOptions& options) {
  for (const std::string& id : options.ids) {
    const auto answer = Ask(client, "DELETE", "/api/v2/silence/" + http::PercentEncode(id));
    if (!answer.ok()) {
      return absl::Status(answer.status().code(),
                          absl::StrCat(id, ": ", std::string(answer.status().message())));
    }
  }
  return absl::OkStatus();
}

// Runs `command` and reports its error under the command's name.
template <typename Command>
int Report(const char* name, const AdminClient& client, std::ostream& err, Command command) {
  absl::Status status;
  try {
    status = command();
  } catch (const json::exception& e) {
    status = absl::UnavailableError(
        absl::StrCat(client.server(), " answers something else: ", e.what()));
  }
  if (status.ok()) return 0;
  err << "tocsin silence " << name << ": " << status.message() << "\n";
  return 2;
}

}  // namespace

int RunSilenceAdd(const SilenceAddOptions& options, Timestamp now,
                  http_client::HttpTransport& transport, std::ostream& out, std::ostream& err) {
  AdminClient client(transport, options.server);
  return Report("add", client, err, [&] { return Add(client, options, now, out); });
}

int RunSilenceList(const SilenceListOptions& options, http_client::HttpTransport& transport,
                   std::ostream& out, std::ostream& err) {
  AdminClient client(transport, options.server);
  return Report("list", client, err, [&] { return List(client, options, out); });
}

int RunSilenceExpire(const SilenceExpireOptions& options, http_client::HttpTransport& transport,
                     std::ostream& /*out*/, std::ostream& err) {
  AdminClient client(transport, options.server);
  return Report("expire", client, err, [&] { return Expire(client, options); });
}

}  // namespace tocsin::app
