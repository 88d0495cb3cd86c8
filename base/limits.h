#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin {

// Everything that input can grow has a limit here, with unit and default. Set under `limits:` in
// tocsin.yaml by the same names; `tocsin check --print-config` shows all.
struct Limits {
  // Series and labels.
  uint64_t series_max = 2'000'000;  // series known to one data directory
  // Of these, new ones that one sender (an IP address) may bring until the next restart: the rest
  // is left for others.
  uint64_t series_per_sender_max = 1'500'000;
  // What one sender may bring, averaged over ten seconds; 0: as fast as it goes.
  uint64_t samples_per_second_per_sender_max = 0;
  uint64_t labels_per_series_max = 128;
  uint64_t label_name_bytes_max = 1024;
  uint64_t label_value_bytes_max = 4096;
  // Requests.
  uint64_t request_bytes_max = 64 << 20;  // after decompression
  uint64_t samples_per_request_max = 1'000'000;
  uint64_t histogram_buckets_max = 2048;         // of one native histogram, empty ones included
  uint64_t streams_max = 1024;                   // native streams open at once
  uint64_t ingest_connections_max = 16'384;      // to the HTTP port
  uint64_t ingest_decode_bytes_max = 256 << 20;  // requests being inflated and decoded
  uint64_t ingest_queue_bytes_max = 64 << 20;    // samples accepted but not yet committed
  uint64_t future_ms_max = 10 * 60 * 1000;       // samples dated further ahead are rejected
  uint64_t past_ms_max = 60 * 60 * 1000;         // samples dated further back are rejected
  // Scrapes.
  uint64_t scrape_targets_max = 1000;
  uint64_t scrape_body_bytes_max = 32 << 20;  // of one answer, after decompression
  uint64_t scrape_samples_max = 500'000;      // of one answer
  // Recorded samples.
  uint64_t recorded_bytes_max = uint64_t{100} << 30;  // on disk in blocks; the oldest go first
  // Rules.
  uint64_t rule_file_bytes_max = 1 << 20;
  uint64_t rules_max = 20'000;                   // of all files; an empty group counts as one
  uint64_t expression_nodes_max = 2'000'000;     // operators, selectors, ... of all rules
  uint64_t regex_instructions_max = 10'000'000;  // compiled, of all rules; up to 16 bytes each
  uint64_t alerts_per_rule_max = 10'000;         // instances of one monitor or alert rule
  // Pages.
  uint64_t outbox_entries_max = 100'000;
  uint64_t history_days = 7;  // transitions are kept that long
  // Silences.
  uint64_t silences_max = 10'000;         // kept, those that ended in the last 120 h included
  uint64_t silence_bytes_max = 64 << 10;  // of one, as it is stored
  // HTTP (admin).
  uint64_t http_body_bytes_max = 4 << 20;
  uint64_t http_connections_max = 256;
  uint64_t query_samples_max = 50'000'000;  // samples one ad-hoc query may read

  friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace tocsin
