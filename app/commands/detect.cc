#include "app/commands/detect.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "app/detect_csv.h"
#include "base/status_macros.h"
#include "engine/anomaly/detector.h"

namespace tocsin::app {
namespace {

absl::StatusOr<std::string> Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  return text;
}

absl::Status Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file.good()) return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  return absl::OkStatus();
}

absl::Status Detect(const DetectOptions& options, const Clock& clock, std::ostream& err) {
  TOCSIN_RETURN_IF_ERROR(anomaly::Detector::Validate(options.detector));
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, Read(options.in));
  const auto rows = ParseDetectCsv(text);
  if (!rows.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(options.in, ":", rows.status().message()));
  }
  const anomaly::Detector detector(options.detector);
  anomaly::SeriesModel model;
  std::vector<anomaly::Verdict> verdicts(rows->size());
  const absl::Duration begin = clock.Monotonic();
  for (size_t i = 0; i < rows->size(); ++i) {
    const DetectRow& row = (*rows)[i];
    verdicts[i] = detector.Update(model, row.time.millis(), row.value);
  }
  const double ns = absl::ToDoubleNanoseconds(clock.Monotonic() - begin);
  TOCSIN_RETURN_IF_ERROR(Write(options.out, DetectCsv(*rows, verdicts)));
  err << absl::StrFormat("%.0f ns/point\n",
                         ns / static_cast<double>(std::max<size_t>(1, rows->size())));
  return absl::OkStatus();
}

}  // namespace

int RunDetect(const DetectOptions& options, const Clock& clock, std::ostream& err) {
  const absl::Status status = Detect(options, clock, err);
  if (status.ok()) return 0;
  err << "tocsin detect: " << status.message() << "\n";
  return 2;
}

}  // namespace tocsin::app
