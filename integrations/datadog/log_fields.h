#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

// The one mapping of what Datadog's senders say of a log to OTLP's data model; docs/senders.md says
// it to users. Pure functions, any thread.
namespace tocsin::datadog {

// A status as OTLP's severity number. As Datadog tells them apart: a digit is a severity of syslog,
// of words the beginning counts, in any case; what it does not know is info.
int SeverityOfStatus(absl::string_view status);

// The 16 bytes of a trace id: 32 or 16 hexadecimal digits, or a decimal number of 64 bits; "" for
// anything else.
std::string TraceIdOf(absl::string_view text);

// Milliseconds since the epoch, or a time of RFC 3339, as milliseconds; nullopt for anything else,
// also for what is before the epoch or after the year 2262, the end of OTLP's times.
std::optional<int64_t> LogTimeOf(absl::string_view text);

// Which attributes of OTLP's resource say what a tag with this key says; none of most.
std::vector<absl::string_view> ResourceNamesOfTag(absl::string_view key);

// Tags of one log: those of its own and those of its host, as labels of series have them: in normal
// form (NormalTag()), a bare one is "true", the values of one key joined by kValueSeparator.
class LogTags {
 public:
  // Further ones are too many.
  static constexpr size_t kTagsMax = 1024;

  void Clear();
  void Add(absl::string_view tag);
  // "key:value,key:value"
  void AddList(absl::string_view list);
  bool too_many() const { return too_many_; }

  // Last, before all().
  void Join();
  // Key and value, by key.
  const std::vector<std::pair<std::string, std::string>>& all() const { return tags_; }

 private:
  std::vector<std::pair<std::string, std::string>> tags_;
  bool too_many_ = false;
};

}  // namespace tocsin::datadog
