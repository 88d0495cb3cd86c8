#pragma once

#include <cstdint>
#include <string>

#include "integrations/page/page_text.h"
#include "integrations/pagerduty/config.h"

// PagerDuty's Events API v2: the body of POST /v2/enqueue. An event belongs to the open incident of
// its routing key and `dedup_key`, which is made of the page's alias.
namespace tocsin::pagerduty {

using page::DesiredPage;

inline constexpr size_t kSummaryMax = 1024;  // code points
inline constexpr size_t kDedupKeyMax = 255;  // code points
inline constexpr size_t kDetailMax = 4000;   // code points; ours
inline constexpr size_t kEventBytesMax = 512'000;

// The alias, or its fingerprint if it is too long.
std::string DedupKey(const std::string& alias);

// The event that opens an incident, or changes its severity and summary. `custom_details` hold
// value, condition, since, description, those of the configuration, those of the rule (which
// replace the configuration's of the same name) and every label; a label of one of these names is
// `label_` and its name; last come `evidence` and `trace_id` (its newest) of a page with
// evidence, where the names are free. What makes the event too large is left out, the largest
// first, and named in "cut".
std::string Trigger(const DesiredPage& page, const PagerdutyConfig& config,
                    const page::Expander& expander, int64_t starts_ms);
// What of a trigger makes another one worth sending when it changes: all but keys and times.
std::string Content(const DesiredPage& page, const PagerdutyConfig& config,
                    const page::Expander& expander);
// Required fields only: what goes out after the full event was refused.
std::string MinimalTrigger(const DesiredPage& page, const PagerdutyConfig& config);
std::string Resolve(const DesiredPage& page, const PagerdutyConfig& config);

}  // namespace tocsin::pagerduty
