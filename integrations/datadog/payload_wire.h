#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "integrations/datadog/sample_taker.h"
#include "integrations/ingest/wire.h"

// What the protobuf payloads of Datadog have in common.
namespace tocsin::datadog {

// Whether a message Metadata says that its series is not to be looked at; false if it is malformed.
bool ReadHidden(absl::string_view metadata, bool* hidden);

// Walks a payload whose field 1 is the series. `read` makes one of a message, false if it is
// malformed. InvalidArgument (with `name`) if something is malformed; what SampleTaker::Take()
// returns.
template <typename Read>
absl::Status TakePayload(absl::string_view body, const char* name, SampleTaker& taker, Read read) {
  const auto malformed = [&] {
    return absl::InvalidArgumentError(absl::StrCat("not a well-formed ", name));
  };
  SentSeries series;
  ingest::WireReader fields(body);
  while (fields.Next()) {
    if (fields.tag() != ingest::Tag(1, ingest::WireType::kBytes)) {
      fields.Skip();
      continue;
    }
    series.Clear();
    if (!read(fields.Bytes(), series)) return malformed();
    TOCSIN_RETURN_IF_ERROR(taker.Take(series));
  }
  return fields.ok() ? absl::OkStatus() : malformed();
}

}  // namespace tocsin::datadog
