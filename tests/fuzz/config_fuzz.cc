// Any text as tocsin.yaml:
//   - every finding stands inside the text and says something
//   - no secret is in a finding or in the printed configuration
//   - what is valid prints to a text that reads back without error and prints the same

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "app/config.h"
#include "base/check.h"
#include "tests/fuzz/findings.h"
#include "tests/fuzz/input.h"

namespace tocsin::app {
namespace {

constexpr char kPath[] = "tocsin.yaml";
constexpr char kSecretText[] = "3c2f0e1d-aaaa-4bbb-8ccc-0123456789ab";

ConfigSources KnownSecret() {
  ConfigSources sources;
  sources.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "EMPTY") return "";
    if (name == "NONE") return std::nullopt;
    if (name == "HOOK") return absl::StrCat("https://hooks.example/", kSecretText);
    return kSecretText;
  };
  sources.secret_file = [](const std::string& path) -> absl::StatusOr<std::string> {
    if (absl::StrContains(path, "none")) return absl::NotFoundError("there is no such file");
    return std::string(kSecretText) + "\n";
  };
  sources.readable_file = [](const std::string&) { return absl::OkStatus(); };
  return sources;
}

void CheckConfig(const std::string& text) {
  // Whoever writes the secret into the file itself will see it there.
  if (absl::StrContains(text, "0123456789ab")) return;
  const ConfigResult read = ParseConfig(kPath, text, KnownSecret());
  fuzz::CheckFindings(read.diagnostics, kPath, text);
  for (const rules::Diagnostic& finding : read.diagnostics) {
    TOCSIN_CHECK(!absl::StrContains(rules::FormatDiagnostic(finding), kSecretText));
  }
  if (!read.ok()) return;
  const std::string printed = PrintConfig(read.config);
  TOCSIN_CHECK(!absl::StrContains(printed, kSecretText)) << printed;
  // A printed configuration hides its secrets, and a secret in a file is refused.
  const ConfigResult again = ParseConfig(
      kPath,
      absl::StrReplaceAll(
          printed, {{"url: \"<redacted>\"", "url: \"${HOOK}\""}, {"\"<redacted>\"", "\"${KEY}\""}}),
      KnownSecret());
  for (const rules::Diagnostic& finding : again.diagnostics) {
    TOCSIN_CHECK(finding.severity != rules::Severity::kError)
        << rules::FormatDiagnostic(finding) << "\n"
        << printed;
  }
  TOCSIN_CHECK(PrintConfig(again.config) == printed) << printed << PrintConfig(again.config);
  TOCSIN_CHECK(again.config.limits == read.config.limits);
}

}  // namespace
}  // namespace tocsin::app

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::app::CheckConfig(tocsin::fuzz::String(tocsin::fuzz::Text(data, size)));
  return 0;
}
