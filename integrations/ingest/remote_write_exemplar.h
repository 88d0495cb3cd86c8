#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "integrations/ingest/exemplars.h"
#include "integrations/ingest/remote_write_decode.h"
#include "integrations/ingest/remote_write_labels.h"

namespace tocsin::ingest {

// An exemplar of remote write; its texts are the request's.
struct SentExemplar {
  Timestamp time;
  double value = 0;
  absl::string_view trace_id;
  absl::string_view span_id;  // "" if there is none

  Exemplar ToExemplar() const;
};

// Reads an exemplar of either version, whose labels may be the places of `symbols`. nullopt if it
// names no trace (trace_id, traceID, TraceID: printable ASCII, at most 128 bytes), or is none.
std::optional<SentExemplar> ReadSentExemplar(RemoteWriteVersion version, absl::string_view message,
                                             const SymbolTable& symbols);

}  // namespace tocsin::ingest
