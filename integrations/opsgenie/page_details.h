#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "integrations/opsgenie/clamper.h"
#include "integrations/opsgenie/config.h"
#include "integrations/page/page_text.h"

// Custom properties of a page. Pure functions.
namespace tocsin::opsgenie {

inline constexpr size_t kDetailsTotalMax = 8000;  // code points of keys and values
inline constexpr size_t kDetailMax = 1000;  // ours, so that one label cannot push out the others

using Details = std::vector<std::pair<std::string, std::string>>;

// Tocsin's own (value, condition, since, episode), then the receiver's, then the rule's, which
// replace the receiver's of the same key, then every label. A label whose key is taken is called
// `label_` and its name. `trace_id` is the newest trace of the evidence, where the key is free and
// there is room. Blank values are left out. Last, under "cut", is what `clamper` took away
// until now and here.
Details DetailsOf(const page::DesiredPage& page, const OpsgenieConfig& config,
                  const page::Expander& expander, Clamper& clamper);

// Which opening of its alias a page with these details belongs to; 0: it does not say.
uint64_t EpisodeIn(const std::map<std::string, std::string>& details);

}  // namespace tocsin::opsgenie
