#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "integrations/page/page_text.h"

// What senders told besides samples, as pages show it. Pure functions.
namespace tocsin::page {

using PageEvidence = state::v1::PageEvidence;

inline constexpr size_t kLogLinesMax = 5;
inline constexpr size_t kTracesMax = 3;
inline constexpr size_t kEvidenceTextBytesMax = 300;

// A sender's bytes as one line of a page: UTF-8, control characters as blanks, cut at a character
// after kEvidenceTextBytesMax bytes.
std::string EvidenceLine(absl::string_view text);

// As much as a page tells: the newest records, each once, then the newest exemplars, one of each
// trace; both newest first.
std::vector<PageEvidence> NewestEvidence(std::vector<PageEvidence> evidence);

// A line for each, under "Log lines:" and "Traces:"; "" if there is none.
std::string EvidenceText(const DesiredPage& page);
// The trace that was told last; "" if there is none.
std::string NewestTraceId(const DesiredPage& page);

}  // namespace tocsin::page
