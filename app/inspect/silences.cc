#include "app/inspect/silences.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/routing/silence_record.h"

namespace tocsin::app::inspect {

absl::StatusOr<Section> SilencesSection(Records& records) {
  Section section;
  section.name = "silences";
  section.columns = {"id",         "matchers",   "starts_at", "ends_at",
                     "updated_at", "created_by", "comment"};
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    TOCSIN_ASSIGN_OR_RETURN(const routing::Silence silence, routing::DecodeSilence(value));
    std::string matchers;
    for (const delivery::Matcher& matcher : silence.matchers) {
      absl::StrAppend(&matchers, matchers.empty() ? "" : " ", matcher.ToString());
    }
    records.AddRow(section, {silence.id, std::move(matchers), TimeCell(silence.starts_at),
                             TimeCell(silence.ends_at), TimeCell(silence.updated_at),
                             silence.created_by, silence.comment});
    if (silence.id == key) return absl::OkStatus();
    return absl::DataLossError("the key is not the silence's id");
  };
  TOCSIN_RETURN_IF_ERROR(records.ForEach(storage::Family::kSilences, visit));
  return section;
}

}  // namespace tocsin::app::inspect
