#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "absl/strings/string_view.h"
#include "integrations/ingest/wire_writer.h"

// Values of JSON as OTLP writes them. Thread: one, the writer's.
namespace tocsin::datadog {

// The fields of an AnyValue.
void WriteAnyValue(const nlohmann::json& value, ingest::WireWriter& wire);

// A KeyValue in `field` of a message.
void WriteKeyValue(uint32_t field, absl::string_view key, const nlohmann::json& value,
                   ingest::WireWriter& wire);
void WriteKeyValue(uint32_t field, absl::string_view key, absl::string_view text,
                   ingest::WireWriter& wire);

}  // namespace tocsin::datadog
