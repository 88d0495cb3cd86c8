#include "engine/anomaly/series_model.h"

#include <bit>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tocsin::anomaly {
namespace {

static_assert(std::endian::native == std::endian::little, "models are stored as they are");

// Never reuse a version: raise it with every change of the layout or of what a field means.
constexpr uint32_t kVersion = 1;

struct Header {
  uint32_t version;
  uint32_t size;
};

}  // namespace

std::string SerializeModel(const SeriesModel& model) {
  const Header header = {kVersion, sizeof(SeriesModel)};
  std::string bytes(sizeof(header) + sizeof(model), '\0');
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), &model, sizeof(model));
  return bytes;
}

absl::Status ParseModel(absl::string_view bytes, SeriesModel& model) {
  Header header;
  if (bytes.size() < sizeof(header)) {
    return absl::DataLossError(absl::StrCat("anomaly model of ", bytes.size(), " bytes"));
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.version != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("anomaly model of version ", header.version, ", expected ", kVersion));
  }
  const size_t expected = sizeof(header) + sizeof(SeriesModel);
  if (header.size != sizeof(SeriesModel) || bytes.size() != expected) {
    return absl::DataLossError(
        absl::StrCat("anomaly model of ", bytes.size(), " bytes, expected ", expected));
  }
  std::memcpy(static_cast<void*>(&model), bytes.data() + sizeof(header), sizeof(model));
  return absl::OkStatus();
}

}  // namespace tocsin::anomaly
