#pragma once

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/timestamp.h"

namespace tocsin::app::inspect {

using Json = nlohmann::ordered_json;

// One part of what `tocsin inspect` says: facts, then a table. Names are in snake case; text shows
// them as words.
struct Section {
  std::string name;
  std::vector<std::pair<std::string, Json>> facts;
  std::vector<std::string> columns;
  std::deque<std::vector<Json>> rows;
  uint64_t rows_total = 0;  // with those that were left out
};

// A record that is not what it should be. What is said about the rest stays true.
struct Problem {
  std::string where;  // "log 17", "alerts 0c3f.."
  std::string error;
};

struct Report {
  std::vector<Section> sections;
  std::vector<Problem> problems;  // at most kProblemsMax
  uint64_t problems_total = 0;
};
inline constexpr size_t kProblemsMax = 50;

// "" for none.
Json TimeCell(std::optional<Timestamp> time);

void PrintText(const Report& report, std::ostream& out);
// One object, a member for each section, and "problems".
void PrintJson(const Report& report, std::ostream& out);

}  // namespace tocsin::app::inspect
