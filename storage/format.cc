#include "storage/format.h"

#include "absl/strings/str_cat.h"
#include "base/kill_point.h"
#include "base/status_macros.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::storage {

absl::Status CheckFormat(const std::optional<std::string>& stored) {
  if (!stored) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(const uint64_t number, DecodeNumber(*stored));
  if (number > kFormatNumber) {
    return absl::FailedPreconditionError(absl::StrCat("the data was written in format ", number,
                                                      " by a newer program; this one knows up to ",
                                                      kFormatNumber, ". Nothing was changed."));
  }
  return absl::OkStatus();
}

absl::Status EnsureFormat(Store& store) {
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                          store.Get(Family::kMeta, kMetaFormat));
  TOCSIN_RETURN_IF_ERROR(CheckFormat(stored));
  const std::string own = EncodeNumber(kFormatNumber);
  if (stored == own) return absl::OkStatus();
  WriteBatch batch;
  batch.Put(Family::kMeta, kMetaFormat, own);
  KillPoint("format.before_write");
  TOCSIN_RETURN_IF_ERROR(store.Write(batch, Durability::kSynced));
  KillPoint("format.after_write");
  return absl::OkStatus();
}

}  // namespace tocsin::storage
