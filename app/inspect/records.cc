#include "app/inspect/records.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/keys.h"

namespace tocsin::app::inspect {
namespace {

using storage::Family;

// As people can look it up: offsets and references as numbers, names as text, fingerprints in hex.
std::string NameOf(Family family, absl::string_view key) {
  std::string name;
  if (family == Family::kMeta || family == Family::kOutbox || family == Family::kSilences) {
    name = absl::CHexEscape(key);
  } else if (const auto offset = storage::ParseLogKey(key)) {  // of the log and of series
    name = absl::StrCat(*offset);
  } else if (const auto chunk = storage::ParseChunkKey(key); chunk && family == Family::kChunks) {
    name = absl::StrCat("block ", chunk->block, " series ", chunk->ref, " part ", chunk->part);
  } else {
    name = absl::BytesToHexString(key);
  }
  return absl::StrCat(storage::FamilyName(family), " ", name);
}

}  // namespace

absl::Status Records::ForEach(Family family, const Visitor& fn) {
  FamilySize& size = sizes_[static_cast<size_t>(family)];
  size = {};
  return store_.Scan(family, "", "", [&](absl::string_view key, absl::string_view value) {
    ++size.records;
    size.bytes += key.size() + value.size();
    if (const absl::Status status = fn(key, value); !status.ok()) {
      AddProblem(NameOf(family, key), status);
    }
    return true;
  });
}

void Records::AddRow(Section& section, std::vector<Json> row) const {
  ++section.rows_total;
  if (rows_max_ == 0 || section.rows.size() < rows_max_) section.rows.push_back(std::move(row));
}

void Records::AddLastRow(Section& section, std::vector<Json> row) const {
  ++section.rows_total;
  section.rows.push_back(std::move(row));
  if (rows_max_ > 0 && section.rows.size() > rows_max_) section.rows.pop_front();
}

void Records::AddProblem(std::string where, const absl::Status& error) {
  if (problems_.size() < kProblemsMax) {
    problems_.push_back({std::move(where), std::string(error.message())});
  }
  ++problems_total_;
}

}  // namespace tocsin::app::inspect
