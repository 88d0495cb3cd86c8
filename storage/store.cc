#include "storage/store.h"

namespace tocsin::storage {

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kLog:
      return "log";
    case Family::kSeries:
      return "series";
    case Family::kAlerts:
      return "alerts";
    case Family::kOutbox:
      return "outbox";
    case Family::kHistory:
      return "history";
    case Family::kMeta:
      return "meta";
  }
  return "unknown";
}

}  // namespace tocsin::storage
