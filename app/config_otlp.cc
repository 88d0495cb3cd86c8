#include "app/config_otlp.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

using ingest::TranslationStrategy;

constexpr absl::Duration kResourceTimeoutMin = absl::Seconds(10);
constexpr absl::Duration kResourceTimeoutMax = absl::Hours(12);

constexpr std::pair<const char*, TranslationStrategy> kStrategies[] = {
    {"UnderscoreEscapingWithSuffixes", TranslationStrategy::kUnderscoreEscapingWithSuffixes},
    {"UnderscoreEscapingWithoutSuffixes", TranslationStrategy::kUnderscoreEscapingWithoutSuffixes},
    {"NoUTF8EscapingWithSuffixes", TranslationStrategy::kNoUtf8EscapingWithSuffixes},
    {"NoTranslation", TranslationStrategy::kNoTranslation},
};

void ReadStrategy(ConfigFindings& findings, const ConfigMap& map, TranslationStrategy& strategy) {
  std::string text;
  if (!map.ReadString("translation_strategy", &text)) return;
  std::string choices;
  for (const auto& [word, value] : kStrategies) {
    if (text == word) {
      strategy = value;
      return;
    }
    absl::StrAppend(&choices, choices.empty() ? "" : ", ", word);
  }
  findings.BadValue(*map.Find("translation_strategy"),
                    absl::StrCat("translation_strategy must be one of ", choices));
}

// Attributes are named one by one, or all but some: as in Prometheus, not both.
void CheckPromotion(ConfigFindings& findings, const ConfigMap& map,
                    const ingest::OtlpOptions& options) {
  if (options.promote_all_resource_attributes) {
    if (options.promote_resource_attributes.empty()) return;
    findings.Error(map.Key("promote_resource_attributes"), rules::code::kConflict,
                   "promote_all_resource_attributes and promote_resource_attributes exclude each "
                   "other");
  } else if (!options.ignore_resource_attributes.empty()) {
    findings.Error(map.Key("ignore_resource_attributes"), rules::code::kConflict,
                   "ignore_resource_attributes needs promote_all_resource_attributes");
  }
}

void CheckNames(ConfigFindings& findings, const ConfigMap& map, const char* key,
                const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.empty()) findings.BadValue(map.Key(key), absl::StrCat(key, ": an empty name"));
  }
}

}  // namespace

void ReadOtlp(ConfigFindings& findings, const ConfigMap& top, ingest::OtlpOptions& options) {
  const YamlNode* node = top.Find("otlp");
  if (node == nullptr) return;
  ConfigMap map(findings, *node, "otlp");
  map.CheckKeys(
      {"translation_strategy", "promote_resource_attributes", "promote_all_resource_attributes",
       "ignore_resource_attributes", "keep_identifying_resource_attributes",
       "promote_scope_metadata", "resource_timeout"},
      {"convert_histograms_to_nhcb"});
  ReadStrategy(findings, map, options.translation_strategy);
  map.ReadStrings("promote_resource_attributes", &options.promote_resource_attributes);
  map.ReadBool("promote_all_resource_attributes", &options.promote_all_resource_attributes);
  map.ReadStrings("ignore_resource_attributes", &options.ignore_resource_attributes);
  map.ReadBool("keep_identifying_resource_attributes",
               &options.keep_identifying_resource_attributes);
  map.ReadBool("promote_scope_metadata", &options.promote_scope_metadata);
  CheckNames(findings, map, "promote_resource_attributes", options.promote_resource_attributes);
  CheckNames(findings, map, "ignore_resource_attributes", options.ignore_resource_attributes);
  CheckPromotion(findings, map, options);
  absl::Duration timeout = options.resource_timeout;
  map.ReadDuration("resource_timeout", &timeout);
  if (timeout != absl::ZeroDuration() &&
      (timeout < kResourceTimeoutMin || timeout > kResourceTimeoutMax)) {
    return findings.BadValue(*map.Find("resource_timeout"),
                             "resource_timeout must be from 10s to 12h, or 0 for no "
                             "tocsin_resource_up");
  }
  options.resource_timeout = timeout;
}

void PrintOtlp(const ingest::OtlpOptions& options, ConfigWriter& writer) {
  const auto flag = [&writer](const char* key, bool value) {
    writer.Line(absl::StrCat(key, ": ", value ? "true" : "false"));
  };
  writer.Begin("otlp");
  for (const auto& [word, value] : kStrategies) {
    if (value == options.translation_strategy) {
      writer.Line(absl::StrCat("translation_strategy: ", word));
    }
  }
  writer.Texts("promote_resource_attributes", options.promote_resource_attributes);
  flag("promote_all_resource_attributes", options.promote_all_resource_attributes);
  writer.Texts("ignore_resource_attributes", options.ignore_resource_attributes);
  flag("keep_identifying_resource_attributes", options.keep_identifying_resource_attributes);
  flag("promote_scope_metadata", options.promote_scope_metadata);
  writer.Line(absl::StrCat("resource_timeout: ", promql::PrintDuration(options.resource_timeout)));
  writer.End();
}

}  // namespace tocsin::app
