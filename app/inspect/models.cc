#include "app/inspect/models.h"

#include <string>

#include "base/labels.h"
#include "base/status_macros.h"
#include "engine/anomaly/series_model.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::app::inspect {

absl::StatusOr<Section> ModelsSection(Records& records) {
  Section section;
  section.name = "models";
  section.columns = {"rule", "labels", "points", "seen", "incident", "tolerance", "bytes"};
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    state::v1::ModelRecord record;
    TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(value, record));
    TOCSIN_ASSIGN_OR_RETURN(const Labels labels, Labels::FromCanonical(record.labels()));
    anomaly::SeriesModel model;
    const absl::Status parsed = anomaly::ParseModel(record.model(), model);
    const bool open = parsed.ok() && (model.incident.open != 0 || record.fires());
    records.AddRow(section, {record.rule(), labels.ToString(), parsed.ok() ? model.points : 0,
                             TimeCell(Timestamp::FromMillis(record.seen_ms())), open ? "open" : "",
                             record.tolerance(), value.size()});
    TOCSIN_RETURN_IF_ERROR(parsed);
    if (storage::AlertKey(record.rule(), labels) == key) return absl::OkStatus();
    return absl::DataLossError("the key is not that of its rule and labels");
  };
  TOCSIN_RETURN_IF_ERROR(records.ForEach(storage::Family::kModels, visit));
  return section;
}

}  // namespace tocsin::app::inspect
