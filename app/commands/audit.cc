#include "app/commands/audit.h"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "integrations/audit/audit_file.h"

namespace tocsin::app {
namespace {

using Json = nlohmann::ordered_json;

// As it is if it is one word, in single quotes if it can be read so, otherwise as JSON.
std::string Word(const Json& value) {
  const std::string& text = value.get_ref<const std::string&>();
  const auto breaks = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\''; };
  if (std::any_of(text.begin(), text.end(), breaks)) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text.find_first_of(" \"") == std::string::npos ? text : absl::StrCat("'", text, "'");
}

// "time event name=word .."
std::string TextOf(const std::string& line) {
  const auto entry = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  std::string text = entry.value("time", "");
  absl::StrAppend(&text, " ", entry.value("event", ""));
  for (const auto& [name, value] : entry.items()) {
    if (name == "n" || name == "time" || name == "event" || name == "previous") continue;
    if (value.is_string() && value != "") absl::StrAppend(&text, " ", name, "=", Word(value));
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
