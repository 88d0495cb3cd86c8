#pragma once

#include <vector>

#include "engine/evidence.h"
#include "integrations/ingest/exemplars.h"
#include "integrations/ingest/log_counters.h"

namespace tocsin::app {

// What log counters and exemplars say of the series in question: records and traces as a page tells
// them (integrations/page/page_evidence.h), none older than an hour, or than the query looks back
// if that is more. Exemplars of a classic histogram are of all its series: OTLP has them in one
// place, Prometheus with its buckets.
//
// Thread: any. See engine::EvidenceSource::Find() for `series_left`.
std::vector<state::v1::PageEvidence> FindEvidence(const ingest::LogCounters& logs,
                                                  const ingest::ExemplarStore& exemplars,
                                                  const engine::EvidenceQuestion& question,
                                                  size_t& series_left);

}  // namespace tocsin::app
