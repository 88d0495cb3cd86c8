#include "engine/alerts/template_evidence.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "base/timestamp.h"

namespace tocsin::engine {

using state::v1::PageEvidence;

templates::Evidence TemplateEvidence(const state::v1::DesiredPage& page) {
  templates::Evidence evidence;
  Timestamp newest = Timestamp::Min();
  for (const PageEvidence& one : page.evidence()) {
    templates::EvidenceItem item{.time = Timestamp::FromMillis(one.time_ms()),
                                 .text = one.text(),
                                 .trace_id = one.trace_id(),
                                 .value = std::nullopt};
    if (!item.trace_id.empty() && newest < item.time) {
      newest = item.time;
      evidence.trace_id = item.trace_id;
    }
    const bool trace = one.kind() == PageEvidence::TRACE;
    double value = 0;
    if (trace && absl::SimpleAtod(item.text, &value)) item.value = value;
    (trace ? evidence.traces : evidence.logs).push_back(std::move(item));
  }
  return evidence;
}

}  // namespace tocsin::engine
