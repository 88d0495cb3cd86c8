#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "integrations/opsgenie/clamper.h"
#include "integrations/opsgenie/config.h"
#include "integrations/page/page_text.h"

// Who a page is for. Pure functions.
namespace tocsin::opsgenie {

inline constexpr size_t kRespondersMax = 50;
inline constexpr size_t kResponderTextMax = 512;  // code points of a name; ours

// The responder that texts name once they are expanded: by its id, else by what its type wants, a
// username for a user and a name for all others; the rest counts for nothing. nullopt if OpsGenie
// would refuse it, and the page with it: another type, no such text or one longer than
// kResponderTextMax, a username that is no e-mail address.
std::optional<Responder> ToResponder(const ResponderTemplate& expanded);

// Those that name somebody once they are expanded, each once, at most kRespondersMax. The others
// are counted in `dropped`.
std::vector<Responder> NamedResponders(const std::vector<ResponderTemplate>& templates,
                                       const page::DesiredPage& page,
                                       const page::Expander& expander, size_t& dropped);

// Tells one from all others, also across restarts.
uint64_t ResponderHash(const Responder& responder);

// Those of the configuration that are the same for every page.
std::vector<Responder> FixedResponders(const OpsgenieConfig& config);

// What the rule says if any of that names a responder, else what the receiver says; each one once.
std::vector<Responder> RespondersOf(const page::DesiredPage& page, const OpsgenieConfig& config,
                                    const page::Expander& expander, Clamper& clamper);

}  // namespace tocsin::opsgenie
