#pragma once

#include "app/config_reader.h"
#include "app/config_writer.h"
#include "integrations/ingest/otlp_options.h"

namespace tocsin::app {

// Reads `otlp`; an absent key leaves its default.
void ReadOtlp(ConfigFindings& findings, const ConfigMap& top, ingest::OtlpOptions& options);

void PrintOtlp(const ingest::OtlpOptions& options, ConfigWriter& writer);

}  // namespace tocsin::app
