#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "integrations/scrape/exposition.h"

namespace tocsin::scrape {

// Each sample as `name{label="value as written", ..} value @time`, and what is wrong as the last.
inline std::vector<std::string> LinesOf(ExpositionFormat format, absl::string_view text) {
  std::vector<std::string> lines;
  const absl::Status status = ReadExposition(format, text, [&](const ExposedSample& sample) {
    std::string line(sample.name);
    const char* before = "{";
    for (const ExposedLabel& label : sample.labels) {
      absl::StrAppend(&line, before, label.name, "=\"", label.value, "\"");
      before = ",";
    }
    absl::StrAppend(&line, sample.labels.empty() ? "" : "}", " ", sample.value);
    if (sample.time_ms) absl::StrAppend(&line, " @", *sample.time_ms);
    lines.push_back(std::move(line));
    return absl::OkStatus();
  });
  if (!status.ok()) lines.push_back(std::string(status.message()));
  return lines;
}

}  // namespace tocsin::scrape
