#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/timestamp.h"

namespace tocsin::http {

// An alert that fires, as an Alertmanager would hold it.
struct ActiveAlert {
  Labels labels;  // external labels and severity included, as routes see them
  std::map<std::string, std::string> annotations;
  Timestamp starts_at;
  Timestamp updated_at;
  std::vector<std::string> receivers;  // names
  // By receiver, the labels its page is grouped by; where there are none it has a page of its own.
  std::map<std::string, Labels> groups;
  std::vector<std::string> silenced_by;   // ids of silences
  std::vector<std::string> inhibited_by;  // fingerprints of alerts
};

// The service as the Alertmanager-compatible API sees it. Implemented by the server, and by tests.
// Thread: any; several calls at once.
class AlertmanagerBackend {
 public:
  virtual ~AlertmanagerBackend() = default;

  // Those that page: not pending ones, nor those of shadowed monitors.
  virtual std::vector<ActiveAlert> ActiveAlerts(Timestamp now) = 0;
  virtual std::vector<std::string> Receivers() = 0;  // names
  virtual std::string ConfigText() = 0;              // YAML, secrets hidden
};

}  // namespace tocsin::http
