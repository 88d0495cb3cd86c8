#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "integrations/http/admin_backend.h"

// The bodies of Prometheus' HTTP API. Fields are in Prometheus' order.
namespace tocsin::http {

using Json = nlohmann::ordered_json;

// Scalars as Prometheus writes them in query results: shortest decimal that reads back equal, never
// with an exponent; "NaN", "+Inf", "-Inf".
std::string FormatScalar(double value);
// Values of samples: the same, but with an exponent below 1e-6 and from 1e21 on.
std::string FormatSampleValue(double value);
// Values of alerts: the same digits, always with an exponent ("1e+00").
std::string FormatAlertValue(double value);

// Seconds with milliseconds; a whole number has no fraction.
Json TimeToJson(Timestamp time);

// Unix seconds or RFC 3339, as parameters give times.
std::optional<Timestamp> ParseTime(const std::string& text);

Json ToJson(const Labels& labels);
Json ToJson(const AlertStatus& alert);
Json ToJson(const TargetStatus& target);
Json ToJson(const RuleStatus& rule);
Json ToJson(const RuleGroupStatus& group);
Json ToJson(const NativeHistogram& histogram);         // {"count": .., "sum": .., "buckets": ..}
Json ToJson(const QueryValue& value, Timestamp time);  // {"resultType": .., "result": ..}

// Whole replies.
std::string SuccessBody(Json data, const std::vector<std::string>& warnings = {},
                        const std::vector<std::string>& infos = {});
std::string ErrorBody(absl::string_view type, absl::string_view message);

}  // namespace tocsin::http
