#include "integrations/audit/audit_file.h"

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/access/digest.h"
#include "storage/files.h"

namespace tocsin::audit {
namespace {

using nlohmann::json;

constexpr size_t kFindingsMax = 100;

// What is wrong with the next entry of a chain that ends in `head`; "": nothing.
std::string WrongWith(const Line& entry, const Head& head) {
  if (head.n == 0) {
    // A chain may begin late: files older than the older one are gone.
    return (entry.n == 1) == entry.previous.empty() ? "" : "this is not how a chain begins";
  }
  if (entry.n != head.n + 1) return absl::StrCat("entry ", entry.n, " comes after ", head.n);
  return entry.previous == head.hash ? "" : "the entry before is not what it was";
}

absl::Status ReadFile(const std::string& path, const std::string& name,
                      const std::function<void(const std::string& line)>& take, Audit& audit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return storage::ErrnoStatus(errno, absl::StrCat("cannot read ", path));
  std::string line;
  for (uint64_t number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const absl::StatusOr<Line> entry = ParseLine(line);
    // What a crash leaves of a line is followed by the next in the chain.
    const std::string wrong =
        entry.ok() ? WrongWith(*entry, audit.head) : std::string(entry.status().message());
    if (!wrong.empty() && audit.findings.size() < kFindingsMax) {
      audit.findings.push_back(absl::StrCat(name, ":", number, ": ", wrong));
    }
    if (!entry.ok()) continue;
    audit.head = {entry->n, HashOf(line)};
    ++audit.entries;
    take(line);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Line> ParseLine(absl::string_view line) {
  const json entry = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!entry.is_object() || !entry.contains("n") || !entry["n"].is_number_unsigned() ||
      !entry.contains("previous") || !entry["previous"].is_string()) {
    return absl::InvalidArgumentError("this is no whole entry");
  }
  return Line{entry["n"].get<uint64_t>(), entry["previous"].get<std::string>()};
}

std::string HashOf(absl::string_view line) {
  return access::PrintDigest(access::DigestOf(line));
}

absl::StatusOr<Audit> ReadAudit(const std::string& data_dir,
                                const std::function<void(const std::string& line)>& take) {
  Audit audit;
  bool found = false;
  for (const char* name : {kOlderName, kFileName}) {
    const std::string path = absl::StrCat(data_dir, "/", name);
    if (!storage::Exists(path)) continue;
    found = true;
    TOCSIN_RETURN_IF_ERROR(ReadFile(path, name, take, audit));
  }
  if (!found) return absl::NotFoundError(absl::StrCat("there is no audit in ", data_dir));
  return audit;
}

}  // namespace tocsin::audit
