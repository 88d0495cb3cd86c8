#include "integrations/page/page_evidence.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/timestamp.h"
#include "integrations/page/clamp.h"

namespace tocsin::page {
namespace {

constexpr char kEllipsis[] = "\xe2\x80\xa6";

// Newest first; among equals always in the same order.
bool ComesBefore(const PageEvidence& a, const PageEvidence& b) {
  return std::forward_as_tuple(b.time_ms(), a.text(), a.trace_id()) <
         std::forward_as_tuple(a.time_ms(), b.text(), b.trace_id());
}

// Two selectors may see one record, and two measurements be of one trace.
bool Repeats(const PageEvidence& a, const PageEvidence& b) {
  if (a.kind() != b.kind() || a.trace_id() != b.trace_id()) return false;
  return a.kind() == PageEvidence::TRACE || (a.time_ms() == b.time_ms() && a.text() == b.text());
}

void AppendSection(const DesiredPage& page, PageEvidence::Kind kind, const char* title,
                   std::string& out) {
  bool first = true;
  for (const PageEvidence& one : page.evidence()) {
    if (one.kind() != kind) continue;
    if (std::exchange(first, false)) absl::StrAppend(&out, out.empty() ? "" : "\n", title);
    absl::StrAppend(&out, "\n", FormatTimestamp(Timestamp::FromMillis(one.time_ms())), " ");
    if (kind == PageEvidence::TRACE) {
      absl::StrAppend(&out, one.trace_id(), ", value ", one.text());
    } else {
      absl::StrAppend(&out, one.text());
      if (!one.trace_id().empty()) absl::StrAppend(&out, " (trace ", one.trace_id(), ")");
    }
  }
}

}  // namespace

std::string EvidenceLine(absl::string_view text) {
  // What is invalid may grow to three bytes; the rest is never looked at.
  std::string line = ValidUtf8(text.substr(0, kEvidenceTextBytesMax + 4));
  if (text.size() > kEvidenceTextBytesMax || line.size() > kEvidenceTextBytesMax) {
    size_t end = std::min(line.size(), kEvidenceTextBytesMax);
    const auto continues = [&](size_t at) {
      return at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80;
    };
    while (end > 0 && continues(end)) --end;
    line = line.substr(0, end) + kEllipsis;
  }
  for (size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    // U+0080 to U+009F are control characters, too.
    const bool second =
        i + 1 < line.size() && byte == 0xc2 && static_cast<unsigned char>(line[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || second) line[i] = ' ';
    if (second) line[i + 1] = ' ';
  }
  return Stripped(line);
}

std::vector<PageEvidence> NewestEvidence(std::vector<PageEvidence> evidence) {
  std::stable_sort(evidence.begin(), evidence.end(), ComesBefore);
  std::vector<PageEvidence> newest;
  for (const auto& [kind, max] :
       {std::pair(PageEvidence::LOG, kLogLinesMax), {PageEvidence::TRACE, kTracesMax}}) {
    const size_t begin = newest.size();
    for (const PageEvidence& one : evidence) {
      if (one.kind() != kind) continue;
      if (newest.size() == begin + max) break;
      const bool known = std::any_of(newest.begin(), newest.end(), [&](const PageEvidence& other) {
        return Repeats(one, other);
      });
      if (!known) newest.push_back(one);
    }
  }
  return newest;
}

std::string EvidenceText(const DesiredPage& page) {
  std::string text;
  AppendSection(page, PageEvidence::LOG, "Log lines:", text);
  AppendSection(page, PageEvidence::TRACE, "Traces:", text);
  return text;
}

std::string NewestTraceId(const DesiredPage& page) {
  const PageEvidence* newest = nullptr;
  for (const PageEvidence& one : page.evidence()) {
    if (one.trace_id().empty()) continue;
    if (newest == nullptr || one.time_ms() > newest->time_ms()) newest = &one;
  }
  return newest == nullptr ? "" : newest->trace_id();
}

}  // namespace tocsin::page
