#include "app/commands/send.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/host_metrics.h"
#include "app/host_name.h"
#include "app/send_data.h"
#include "app/server_target.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_client.h"
#include "integrations/ingest/otlp_encode.h"

namespace tocsin::app {
namespace {

constexpr size_t kPointsPerRequest = 5000;

// Sends points and keeps count.
class Sender {
 public:
  Sender(ingest::OtlpClientOptions client, ingest::Attributes resource)
      : random_(SystemSeed()),
        client_(std::move(client), random_),
        resource_(std::move(resource)) {}

  absl::Status Send(const std::vector<OutgoingPoint>& points) {
    for (size_t begin = 0; begin < points.size(); begin += kPointsPerRequest) {
      const size_t end = std::min(points.size(), begin + kPointsPerRequest);
      const std::vector<OutgoingPoint> part(points.begin() + static_cast<ptrdiff_t>(begin),
                                            points.begin() + static_cast<ptrdiff_t>(end));
      TOCSIN_ASSIGN_OR_RETURN(const ingest::OtlpPushed pushed,
                              client_.Push(ingest::EncodeOtlp(resource_, part)));
      sent_ += part.size();
      rejected_ += static_cast<size_t>(pushed.rejected_points);
      if (!pushed.message.empty()) message_ = pushed.message;
    }
    return absl::OkStatus();
  }

  int Finish(const absl::Status& status, std::ostream& out, std::ostream& err) const {
    out << "sent " << sent_ << " points, " << sent_ - rejected_ << " taken\n";
    if (rejected_ > 0) err << rejected_ << " points rejected: " << message_ << "\n";
    if (!status.ok()) {
      err << "tocsin send: " << status.message() << "\n";
      return 2;
    }
    return rejected_ > 0 ? 1 : 0;
  }

 private:
  SeededRandom random_;
  ingest::OtlpClient client_;
  const ingest::Attributes resource_;
  size_t sent_ = 0;
  size_t rejected_ = 0;
  std::string message_;
};

int WrongUse(const absl::Status& status, std::ostream& err) {
  err << "tocsin send: " << status.message() << "\n";
  return 2;
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

absl::StatusOr<ingest::OtlpClientOptions> ClientOptions(const SendTarget& target) {
  ingest::OtlpClientOptions options;
  options.target = target.endpoint;
  options.security.tls = target.tls || !target.ca_file.empty();
  if (!target.ca_file.empty()) {
    TOCSIN_ASSIGN_OR_RETURN(options.security.ca_pem, ReadText(target.ca_file));
  }
  TOCSIN_ASSIGN_OR_RETURN(options.token, ReadToken(target.token_file));
  return options;
}

using MakePoints = std::function<absl::StatusOr<std::vector<OutgoingPoint>>(Timestamp)>;

// Sends at the pace's ticks, the first one now. A tick that comes while an answer is awaited is
// skipped.
absl::Status SendPaced(const SendPace& pace, const Clock& clock, Sender& sender,
                       const MakePoints& make) {
  Mutex mutex;
  CondVar never;
  const absl::Duration start = clock.Monotonic();
  for (absl::Duration tick = start; tick - start <= pace.duration;) {
    TOCSIN_ASSIGN_OR_RETURN(const auto points, make(clock.Now()));
    TOCSIN_RETURN_IF_ERROR(sender.Send(points));
    const absl::Duration now = clock.Monotonic();
    while (tick <= now) tick += pace.interval;
    if (tick - start > pace.duration) break;
    MutexLock lock(mutex);
    while (clock.Monotonic() < tick) never.WaitFor(mutex, tick - clock.Monotonic());
  }
  return absl::OkStatus();
}

// `resource` holds for keys that the user does not give.
int RunPaced(const SendTarget& target, ingest::Attributes resource, const SendPace& pace,
             const Clock& clock, const MakePoints& make, std::ostream& out, std::ostream& err) {
  if (pace.interval <= absl::ZeroDuration()) {
    return WrongUse(absl::InvalidArgumentError("the interval must be above 0"), err);
  }
  const auto given = ParseAttributes(target.attributes);
  if (!given.ok()) return WrongUse(given.status(), err);
  for (const auto& [key, value] : *given) {
    const auto same = [&key = key](const auto& attribute) { return attribute.first == key; };
    std::erase_if(resource, same);
    resource.emplace_back(key, value);
  }
  auto client = ClientOptions(target);
  if (!client.ok()) return WrongUse(client.status(), err);
  Sender sender(*std::move(client), std::move(resource));
  return sender.Finish(SendPaced(pace, clock, sender, make), out, err);
}

absl::StatusOr<std::vector<CsvRow>> ReadCsvFile(const std::string& path) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  auto rows = ParseCsv(text);
  if (!rows.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", std::string(rows.status().message())));
  }
  if (rows->empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": no values"));
  return rows;
}

}  // namespace

int RunSendHost(const SendHostOptions& options, const Clock& clock, std::ostream& out,
                std::ostream& err) {
  HostReader reader(options.proc_folder);
  // So that a page says which machine it is about: they become the labels job and instance.
  const ingest::Attributes resource = {
      {"service.name", "host"}, {"service.instance.id", HostName()}, {"host.name", HostName()}};
  return RunPaced(
      options.target, resource, options.pace, clock,
      [&](Timestamp now) { return reader.Read(now); }, out, err);
}

int RunSendGenerated(const SendGeneratedOptions& options, const Clock& clock, std::ostream& out,
                     std::ostream& err) {
  return RunPaced(
      options.target, {}, options.pace, clock,
      [&](Timestamp now) { return GeneratePoints(options.series, now); }, out, err);
}

int RunSendCsv(const SendCsvOptions& options, const Clock& clock, std::ostream& out,
               std::ostream& err) {
  const auto rows = ReadCsvFile(options.file);
  if (!rows.ok()) return WrongUse(rows.status(), err);
  auto attributes = ParseAttributes(options.target.attributes);
  if (!attributes.ok()) return WrongUse(attributes.status(), err);
  // What names the service becomes job and instance, the rest labels of the metric.
  const auto labels = std::stable_partition(
      attributes->begin(), attributes->end(),
      [](const auto& attribute) { return absl::StartsWith(attribute.first, "service."); });
  const ingest::Attributes resource(attributes->begin(), labels);
  const absl::Duration shift =
      options.shift ? clock.Now() - rows->back().time : absl::ZeroDuration();
  std::vector<OutgoingPoint> points;
  for (const CsvRow& row : *rows) {
    OutgoingPoint point;
    point.name = options.metric;
    point.time = row.time + shift;
    point.value = row.value;
    point.attributes.assign(labels, attributes->end());
    points.push_back(std::move(point));
  }
  auto client = ClientOptions(options.target);
  if (!client.ok()) return WrongUse(client.status(), err);
  Sender sender(*std::move(client), resource);
  return sender.Finish(sender.Send(points), out, err);
}

}  // namespace tocsin::app
