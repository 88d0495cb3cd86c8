#pragma once

#include "proto/tocsin/state/v1/state.pb.h"
#include "rules/templates/evidence.h"

namespace tocsin::engine {

// A page's evidence as templates of annotations and receivers see it. Pure; thread: any.
templates::Evidence TemplateEvidence(const state::v1::DesiredPage& page);

}  // namespace tocsin::engine
