#include "app/limit_names.h"

namespace tocsin::app {
namespace {

#define TOCSIN_LIMIT(name) \
  LimitName {              \
#name, &Limits::name   \
  }
const LimitName kLimits[] = {
    TOCSIN_LIMIT(series_max),
    TOCSIN_LIMIT(series_per_sender_max),
    {"samples_per_second_per_sender_max", &Limits::samples_per_second_per_sender_max, 0},
    TOCSIN_LIMIT(labels_per_series_max),
    TOCSIN_LIMIT(label_name_bytes_max),
    TOCSIN_LIMIT(label_value_bytes_max),
    TOCSIN_LIMIT(request_bytes_max),
    TOCSIN_LIMIT(samples_per_request_max),
    TOCSIN_LIMIT(histogram_buckets_max),
    TOCSIN_LIMIT(streams_max),
    TOCSIN_LIMIT(ingest_connections_max),
    TOCSIN_LIMIT(ingest_decode_bytes_max),
    TOCSIN_LIMIT(ingest_queue_bytes_max),
    TOCSIN_LIMIT(future_ms_max),
    TOCSIN_LIMIT(past_ms_max),
    TOCSIN_LIMIT(scrape_targets_max),
    TOCSIN_LIMIT(scrape_body_bytes_max),
    TOCSIN_LIMIT(scrape_samples_max),
    TOCSIN_LIMIT(recorded_bytes_max),
    TOCSIN_LIMIT(rule_file_bytes_max),
    TOCSIN_LIMIT(rules_max),
    TOCSIN_LIMIT(expression_nodes_max),
    TOCSIN_LIMIT(regex_instructions_max),
    TOCSIN_LIMIT(alerts_per_rule_max),
    TOCSIN_LIMIT(outbox_entries_max),
    TOCSIN_LIMIT(history_days),
    TOCSIN_LIMIT(silences_max),
    TOCSIN_LIMIT(silence_bytes_max),
    TOCSIN_LIMIT(http_body_bytes_max),
    TOCSIN_LIMIT(http_connections_max),
    TOCSIN_LIMIT(query_samples_max),
};
#undef TOCSIN_LIMIT

// A limit that is added to the struct must be added here too.
static_assert(sizeof(Limits) == sizeof(kLimits) / sizeof(LimitName) * sizeof(uint64_t));

}  // namespace

const std::vector<LimitName>& AllLimits() {
  static const std::vector<LimitName> limits(std::begin(kLimits), std::end(kLimits));
  return limits;
}

}  // namespace tocsin::app
