#include "integrations/http/admin_api.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "integrations/http/admin_reply.h"
#include "integrations/http/alertmanager_api.h"
#include "integrations/http/backup_route.h"
#include "integrations/http/explain_route.h"
#include "integrations/http/feedback_route.h"
#include "integrations/http/prometheus_json.h"

namespace tocsin::http {
namespace {

// As Prometheus' --query.timeout.
constexpr absl::Duration kQueryTimeoutMax = absl::Minutes(2);

HttpReply BadParameter(absl::string_view name, absl::string_view why) {
  return ErrorReply(400, "bad_data", absl::StrCat("invalid parameter \"", name, "\": ", why));
}

HttpReply TextReply(int status, std::string text) {
  return {.status = status, .body = std::move(text)};
}

bool IsGet(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// Parameters of the URL and of a posted form, the form's first, as Prometheus reads them.
std::optional<Form> ReadForm(const HttpRequest& request) {
  Form form;
  const bool posted =
      request.method == "POST" && absl::StartsWithIgnoreCase(request.Header("Content-Type"),
                                                             "application/x-www-form-urlencoded");
  if (posted && !form.Add(request.body)) return std::nullopt;
  if (!form.Add(request.query)) return std::nullopt;
  return form;
}

// Seconds or a duration with units ("30s").
std::optional<absl::Duration> ParseTimeout(const std::string& text) {
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds) && std::isfinite(seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    return std::nullopt;
  }
  if (duration <= absl::ZeroDuration()) return std::nullopt;
  return std::min(duration, kQueryTimeoutMax);
}

HttpReply QueryError(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return BadParameter("query", message);
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnimplemented:
      return ErrorReply(422, "execution", message);
    case absl::StatusCode::kDeadlineExceeded:
      return ErrorReply(503, "timeout", message);
    case absl::StatusCode::kUnavailable:
      return ErrorReply(503, "unavailable", message);
    default:
      return ErrorReply(500, "internal", message);
  }
}

// One of those who are counted, for as long as it lives.
class Place {
 public:
  explicit Place(std::atomic<int>& taken) : taken_(taken), number_(++taken) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  int number() const { return number_; }  // with this one

 private:
  std::atomic<int>& taken_;
  const int number_;
};

bool IsLater(const std::string& path) {
  const bool label_values =
      absl::StartsWith(path, "/api/v1/label/") && absl::EndsWith(path, "/values");
  return path == "/api/v1/query_range" || path == "/api/v1/labels" || path == "/api/v1/series" ||
         label_values || absl::StartsWith(path, "/api/tocsin/v1/");
}

bool Listed(const std::vector<std::string>& wanted, const std::string& name) {
  if (wanted.empty()) return true;
  for (const std::string& one : wanted) {
    if (one == name) return true;
  }
  return false;
}

// What /api/v1/rules was asked to show.
struct RuleFilter {
  bool alerting = true;
  bool recording = true;
  bool alerts = true;  // list the alerts of each rule
  std::vector<std::string> names, groups, files;

  bool Wants(const RuleStatus& rule) const {
    return (rule.alerting ? alerting : recording) && Listed(names, rule.name);
  }
  bool Filters() const { return !alerting || !recording || !names.empty(); }
};

RuleFilter MakeRuleFilter(const Form& form) {
  RuleFilter filter;
  filter.alerting = form.Get("type") != "record";
  filter.recording = form.Get("type") != "alert";
  filter.alerts = form.Get("exclude_alerts") != "true" && form.Get("exclude_alerts") != "1";
  filter.names = form.All("rule_name[]");
  filter.groups = form.All("rule_group[]");
  filter.files = form.All("file[]");
  return filter;
}

Json FilteredGroups(std::vector<RuleGroupStatus> groups, const RuleFilter& filter) {
  Json shown = Json::array();
  for (RuleGroupStatus& group : groups) {
    if (!Listed(filter.groups, group.name) || !Listed(filter.files, group.file)) continue;
    std::erase_if(group.rules, [&](const RuleStatus& rule) { return !filter.Wants(rule); });
    if (group.rules.empty() && filter.Filters()) continue;
    for (RuleStatus& rule : group.rules) {
      if (!filter.alerts) rule.alerts.clear();
    }
    shown.push_back(ToJson(group));
  }
  return shown;
}

}  // namespace

AdminApi::AdminApi(AdminBackend& backend, Metrics& metrics, const Clock& clock, BuildInfo build)
    : backend_(backend),
      metrics_(metrics),
      clock_(clock),
      build_(std::move(build)),
      queries_refused_(metrics.Counter("tocsin_http_queries_refused_total",
                                       "Queries refused because too many ran already.")) {}

HttpReply AdminApi::Handle(const HttpRequest& request) {
  HttpReply reply = Route(request);
  reply.headers.emplace_back("X-Content-Type-Options", "nosniff");
  reply.headers.emplace_back("Content-Security-Policy",
                             "default-src 'none'; frame-ancestors 'none'");
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

HttpReply AdminApi::Route(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/-/reload") return Reload(request);
  if (path == "/api/v1/query") return Query(request);
  if (path == "/api/tocsin/v1/backup") return Backup(backend_, request);
  if (path == "/api/tocsin/v1/feedback") return Feedback(backend_, request);
  if (alertmanager_ != nullptr && absl::StartsWith(path, "/api/v2/")) {
    return alertmanager_->Handle(request);
  }
  if (path == "/api/tocsin/v1/explain") return Explain(request);
  if (IsLater(path)) {
    // The path is the caller's own text; JSON escapes it.
    return ErrorReply(501, "not_supported", absl::StrCat("not supported yet: ", path));
  }
  using Get = HttpReply (*)(AdminApi&, const HttpRequest&);
  static constexpr std::pair<const char*, Get> kGets[] = {
      {"/metrics",
       [](AdminApi& api, const HttpRequest&) {
         return HttpReply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                          .body = api.metrics_.ExpositionText()};
       }},
      {"/-/healthy",
       [](AdminApi&, const HttpRequest&) { return TextReply(200, "Tocsin is healthy.\n"); }},
      {"/-/ready", [](AdminApi& api, const HttpRequest&) { return api.Ready(); }},
      {"/api/v1/rules", [](AdminApi& api, const HttpRequest& r) { return api.Rules(r); }},
      {"/api/v1/alerts", [](AdminApi& api, const HttpRequest&) { return api.Alerts(); }},
      {"/api/v1/targets", [](AdminApi& api, const HttpRequest& r) { return api.Targets(r); }},
      {"/api/v1/status/buildinfo",
       [](AdminApi& api, const HttpRequest&) { return api.BuildInformation(); }},
  };
  for (const auto& [route, get] : kGets) {
    if (path == route) return IsGet(request) ? get(*this, request) : MethodNotAllowed("GET");
  }
  return ErrorReply(404, "not_found", "no such path");
}

HttpReply AdminApi::Ready() {
  const ReadyStatus status = backend_.Ready();
  if (status.ready) return TextReply(200, "Tocsin is ready.\n");
  const Json body = {{"status", "not ready"}, {"reasons", status.reasons}};
  return JsonReply(503, body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

HttpReply AdminApi::Reload(const HttpRequest& request) {
  if (request.method != "POST" && request.method != "PUT") return MethodNotAllowed("POST, PUT");
  if (FromAnotherOrigin(request)) {
    return ErrorReply(403, "forbidden", "a page of another origin may not reload");
  }
  const absl::Status status = backend_.Reload();
  if (status.ok()) return TextReply(200, "Reloaded.\n");
  return TextReply(500, absl::StrCat("failed to reload: ", status.message(), "\n"));
}

HttpReply AdminApi::Query(const HttpRequest& request) {
  if (!IsGet(request) && request.method != "POST") return MethodNotAllowed("GET, POST");
  const std::optional<Form> form = ReadForm(request);
  if (!form) return ErrorReply(400, "bad_data", "the parameters are not properly encoded");
  std::optional<Timestamp> time = clock_.Now();
  if (form->Has("time")) time = ParseTime(form->Get("time"));
  if (!time) {
    return BadParameter(
        "time", absl::StrCat("cannot parse \"", form->Get("time"), "\" to a valid timestamp"));
  }
  std::optional<absl::Duration> timeout = kQueryTimeoutMax;
  if (form->Has("timeout")) timeout = ParseTimeout(form->Get("timeout"));
  if (!timeout) {
    return BadParameter(
        "timeout", absl::StrCat("cannot parse \"", form->Get("timeout"), "\" to a valid duration"));
  }
  uint64_t limit = 0;  // none
  if (form->Has("limit") && !absl::SimpleAtoi(form->Get("limit"), &limit)) {
    return BadParameter("limit", absl::StrCat("cannot parse \"", form->Get("limit"),
                                              "\" to a number of 0 or more"));
  }
  return RunQuery(form->Get("query"), *time, *timeout, limit);
}

// It asks for recorded samples as queries do.
HttpReply AdminApi::Explain(const HttpRequest& request) {
  const Place place(queries_);
  if (place.number() > kQueriesMax) return TooManyQueries();
  const absl::Duration end = clock_.Monotonic() + kQueryTimeoutMax;
  return http::Explain(backend_, request, clock_.Now(),
                       [this, end] { return clock_.Monotonic() >= end; });
}

HttpReply AdminApi::TooManyQueries() {
  queries_refused_.Increment();
  return ErrorReply(503, "unavailable",
                    absl::StrCat(kQueriesMax, " queries run already; try again"));
}

HttpReply AdminApi::RunQuery(const std::string& text, Timestamp time, absl::Duration timeout,
                             uint64_t limit) {
  const Place place(queries_);
  if (place.number() > kQueriesMax) return TooManyQueries();
  const absl::Duration end = clock_.Monotonic() + timeout;
  auto value = backend_.Query(text, time, [this, end] { return clock_.Monotonic() >= end; });
  if (!value.ok()) return QueryError(value.status());
  if (limit > 0 && (value->vector.size() > limit || value->matrix.size() > limit)) {
    if (value->vector.size() > limit) value->vector.resize(limit);
    if (value->matrix.size() > limit) value->matrix.resize(limit);
    value->warnings.push_back("results truncated due to limit");
  }
  return JsonReply(200, SuccessBody(ToJson(*value, time), value->warnings, value->infos));
}

HttpReply AdminApi::Rules(const HttpRequest& request) {
  const std::optional<Form> form = ReadForm(request);
  if (!form) return ErrorReply(400, "bad_data", "the parameters are not properly encoded");
  const std::string& type = form->Get("type");
  if (type != "" && type != "alert" && type != "record") {
    return BadParameter("type", absl::StrCat("not supported value \"", type, "\""));
  }
  for (const char* name : {"match[]", "group_limit", "group_next_token"}) {
    if (form->Has(name)) {
      return ErrorReply(501, "not_supported", absl::StrCat("not supported yet: parameter ", name));
    }
  }
  return JsonReply(
      200, SuccessBody({{"groups", FilteredGroups(backend_.Rules(), MakeRuleFilter(*form))}}));
}

HttpReply AdminApi::Alerts() {
  Json alerts = Json::array();
  for (const AlertStatus& alert : backend_.Alerts()) alerts.push_back(ToJson(alert));
  return JsonReply(200, SuccessBody({{"alerts", std::move(alerts)}}));
}

// There is no relabelling, so none is dropped.
HttpReply AdminApi::Targets(const HttpRequest& request) {
  const std::optional<Form> form = ReadForm(request);
  if (!form) return ErrorReply(400, "bad_data", "the parameters are not properly encoded");
  const std::string& pool = form->Get("scrapePool");
  Json active = Json::array();
  if (form->Get("state") != "dropped") {
    for (const TargetStatus& target : backend_.Targets()) {
      if (pool.empty() || pool == target.job) active.push_back(ToJson(target));
    }
  }
  return JsonReply(
      200, SuccessBody({{"activeTargets", std::move(active)}, {"droppedTargets", Json::array()}}));
}

HttpReply AdminApi::BuildInformation() {
  return JsonReply(200, SuccessBody({{"version", build_.version},
                                     {"revision", build_.revision},
                                     {"branch", build_.branch},
                                     {"buildUser", ""},
                                     {"buildDate", build_.build_date},
                                     {"goVersion", ""}}));
}

}  // namespace tocsin::http
