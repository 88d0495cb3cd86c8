#pragma once

#include <cstdint>
#include <string>

#include "integrations/page/page_text.h"

namespace tocsin::webhook {

using page::DesiredPage;

// Alertmanager's webhook body, version "4", for a group of one alert, which is the page.
//
// What identifies the page in it is made of its alias, not of its labels, whose severity may
// change: `fingerprint` (XXH3, 16 hexadecimal digits) and `groupKey`. `groupLabels` holds the
// alert's name. `startsAt` is `starts_ms`, the same for the whole episode; `endsAt` of a firing
// alert is the zero time, as Alertmanager sends it. generatorURL and externalURL are empty: the
// service does not know its own address.
std::string Payload(const DesiredPage& page, const std::string& receiver, int64_t starts_ms,
                    bool resolved);

}  // namespace tocsin::webhook
