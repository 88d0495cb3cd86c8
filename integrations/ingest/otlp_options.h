#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tocsin::ingest {

// How names of OTLP become names of series; Prometheus' words.
enum class TranslationStrategy : uint8_t {
  kUnderscoreEscapingWithSuffixes,     // http.duration [s] -> http_duration_seconds
  kUnderscoreEscapingWithoutSuffixes,  // -> http_duration
  kNoUtf8EscapingWithSuffixes,         // -> http.duration_seconds
  kNoTranslation,                      // -> http.duration
};

// `otlp:` in the configuration. Where Prometheus has a key of the same name it means the same.
struct OtlpOptions {
  TranslationStrategy translation_strategy = TranslationStrategy::kUnderscoreEscapingWithSuffixes;
  // Attributes of the resource that become labels of each of its series.
  std::vector<std::string> promote_resource_attributes;
  // All of them, but for those that are to be ignored.
  bool promote_all_resource_attributes = false;
  std::vector<std::string> ignore_resource_attributes;
  // service.name, service.namespace and service.instance.id in target_info, besides job and
  // instance.
  bool keep_identifying_resource_attributes = false;
  // Name, version, schema URL and attributes of the scope as labels otel_scope_*.
  bool promote_scope_metadata = false;
  // A resource that sent nothing for that long is down: see ResourceWatch. Zero: nobody watches.
  absl::Duration resource_timeout = absl::Minutes(5);

  friend bool operator==(const OtlpOptions&, const OtlpOptions&) = default;
};

}  // namespace tocsin::ingest
