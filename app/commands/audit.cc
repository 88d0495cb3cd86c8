#include "app/commands/audit.h"

#include <deque>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "integrations/audit/audit_file.h"

namespace tocsin::app {
namespace {

// "time event actor source name=text .."; a text with blanks is quoted.
std::string TextOf(const std::string& line) {
  const auto entry = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  std::string text = entry.value("time", "");
  absl::StrAppend(&text, " ", entry.value("event", ""));
  for (const auto& [name, value] : entry.items()) {
    if (name == "n" || name == "time" || name == "event" || name == "previous") continue;
    if (value.is_string() && !value.get<std::string>().empty()) {
      const auto replace = nlohmann::ordered_json::error_handler_t::replace;
      const std::string word = value.get<std::string>();
      const bool plain = word.find_first_of(" \"\n\t\\") == std::string::npos;
      absl::StrAppend(&text, " ", name, "=", plain ? word : value.dump(-1, ' ', false, replace));
    }
  }
  return text;
}

}  // namespace

int RunAudit(const AuditOptions& options, std::ostream& out, std::ostream& err) {
  std::deque<std::string> last;
  const auto audit = audit::ReadAudit(options.data_dir, [&](const std::string& line) {
    last.push_back(line);
    if (options.limit > 0 && last.size() > options.limit) last.pop_front();
  });
  if (!audit.ok()) {
    err << "tocsin audit: " << audit.status().message() << "\n";
    return 2;
  }
  for (const std::string& line : last) out << (options.json ? line : TextOf(line)) << "\n";
  for (const std::string& finding : audit->findings) err << finding << "\n";
  if (!options.json) {
    out << audit->entries << " entries, the last is number " << audit->head.n << " with SHA-256 "
        << audit->head.hash << "\n";
  }
  return audit->findings.empty() ? 0 : 1;
}

}  // namespace tocsin::app
