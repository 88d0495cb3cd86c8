#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "integrations/delivery/matcher.h"
#include "integrations/http/alertmanager_backend.h"
#include "integrations/http/form.h"
#include "integrations/routing/silence.h"

namespace tocsin::http {

// Which alerts a caller of /api/v2/alerts wants to see. Thread: immutable, any.
class AlertFilter {
 public:
  // Parameters `filter` (matchers, several times), `receiver` (a regular expression of the whole
  // name), `active`, `silenced`, `inhibited` ("true" if absent). InvalidArgument names what is
  // wrong.
  static absl::StatusOr<AlertFilter> Read(const Form& parameters);

  bool Wants(const ActiveAlert& alert) const;
  bool WantsReceiver(const std::string& name) const;

 private:
  std::vector<delivery::Matcher> matchers_;
  std::optional<delivery::Matcher> receiver_;
  bool active_ = true;
  bool silenced_ = true;
  bool inhibited_ = true;
};

// The matchers in all parameters `filter`.
absl::StatusOr<std::vector<delivery::Matcher>> ReadMatchers(const Form& parameters);

// Whether the silence has each of these matchers, the same to the letter: so Alertmanager filters
// silences.
bool HasMatchers(const routing::Silence& silence, const std::vector<delivery::Matcher>& wanted);

}  // namespace tocsin::http
