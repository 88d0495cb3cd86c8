#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/config.h"
#include "rules/diagnostic.h"

// What a configuration would have to say to move its pages from OpsGenie to its successor. Pure
// functions: nothing is asked and nothing is changed.
namespace tocsin::app {

// One entry of `opsgenie_configs` that moves.
struct TargetMove {
  std::string receiver;
  size_t index = 0;                   // in the receiver's list
  rules::SourcePosition position;     // of the entry
  std::vector<std::string> removed;   // of the entry's lines; at their places or not
  std::vector<std::string> added;     // capitals are to be filled in
  std::vector<std::string> notes;     // what is different afterwards
  std::vector<std::string> findings;  // what somebody has to look into before
};

struct JsmMigration {
  std::vector<TargetMove> moves;
  std::vector<std::string> receivers;  // of the moves, each once
  size_t moved_already = 0;            // entries with profile: jsm
  size_t CountFindings() const;
};

// `text` is what `config` was read from, without errors, and `path` names it.
JsmMigration PlanMoveToJsm(const std::string& path, const std::string& text, const Config& config);

}  // namespace tocsin::app
