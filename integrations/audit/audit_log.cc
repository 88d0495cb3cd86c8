#include "integrations/audit/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "storage/files.h"

namespace tocsin::audit {
namespace {

constexpr size_t kTextBytesMax = 2048;

std::string Cut(absl::string_view text) {
  if (text.size() <= kTextBytesMax) return std::string(text);
  return absl::StrCat(text.substr(0, kTextBytesMax), "...");
}

std::string LineOf(const Entry& entry, Timestamp now, const Head& head) {
  nlohmann::ordered_json line = {{"n", head.n + 1},
                                 {"time", FormatTimestamp(now)},
                                 {"event", entry.event},
                                 {"actor", Cut(entry.actor)},
                                 {"source", Cut(entry.source)}};
  for (const auto& [name, text] : entry.details) line[name] = Cut(text);
  line["previous"] = head.hash;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

AuditLog::AuditLog(std::string data_dir, const Clock& clock, Metrics& metrics,
                   uint64_t file_bytes_max)
    : data_dir_(std::move(data_dir)),
      clock_(clock),
      entries_(metrics.Counter("tocsin_audit_entries_total", "Entries added to the audit file.")),
      failures_(metrics.Counter("tocsin_audit_failures_total",
                                "Entries that could not be written to the audit file.")),
      file_bytes_max_(file_bytes_max) {}

AuditLog::~AuditLog() {
  MutexLock lock(mutex_);
  if (file_ >= 0) close(file_);
}

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& data_dir,
                                                         const Clock& clock, Metrics& metrics,
                                                         uint64_t file_bytes_max) {
  std::unique_ptr<AuditLog> log(new AuditLog(data_dir, clock, metrics, file_bytes_max));
  MutexLock lock(log->mutex_);
  const absl::StatusOr<Audit> before = ReadAudit(data_dir, [](const std::string&) {});
  if (before.ok()) {
    log->head_ = before->head;
    for (const std::string& finding : before->findings) {
      Log(LogLevel::kWarning, "the audit is not whole", {{"finding", finding}});
    }
  } else if (!absl::IsNotFound(before.status())) {
    return before.status();
  }
  // A full disk must not keep the service from starting: the next entry tries again.
  if (const absl::Status opened = log->OpenFile(); !opened.ok()) {
    log->failures_.Increment();
    Log(LogLevel::kError, "the audit cannot be written",
        {{"error", std::string(opened.message())}});
  }
  return log;
}

void AuditLog::Add(const Entry& entry) {
  MutexLock lock(mutex_);
  const std::string line = LineOf(entry, clock_.Now(), head_);
  absl::Status status = Append(line);
  if (status.ok()) {
    entries_.Increment();
    head_ = {head_.n + 1, HashOf(line)};
    if (fdatasync(file_) != 0) status = storage::ErrnoStatus(errno, PathOf(kFileName));
  }
  if (!status.ok()) {
    failures_.Increment();
    Log(LogLevel::kError, "an audit entry may be lost",
        {{"entry", line}, {"error", std::string(status.message())}});
    return;
  }
  Log(LogLevel::kInfo, "audit",
      {{"n", head_.n},
       {"audited", entry.event},
       {"actor", Cut(entry.actor)},
       {"source", Cut(entry.source)},
       {"sha256", head_.hash}});
}

absl::Status AuditLog::Append(const std::string& line) {
  if (bytes_ + line.size() > file_bytes_max_ && bytes_ > 0) TOCSIN_RETURN_IF_ERROR(Rotate());
  if (file_ < 0) TOCSIN_RETURN_IF_ERROR(OpenFile());
  const std::string bytes = absl::StrCat(torn_ ? "\n" : "", line, "\n");
  const ssize_t written = write(file_, bytes.data(), bytes.size());
  if (written < 0) return storage::ErrnoStatus(errno, PathOf(kFileName));
  if (static_cast<size_t>(written) == bytes.size()) {
    torn_ = false;
    bytes_ += bytes.size();
    return absl::OkStatus();
  }
  // The disk is full: nothing of it stays, or a piece without an end.
  torn_ = ftruncate(file_, static_cast<off_t>(bytes_)) != 0;
  return storage::ErrnoStatus(ENOSPC, PathOf(kFileName));
}

absl::Status AuditLog::OpenFile() {
  const std::string path = PathOf(kFileName);
  file_ = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file_ < 0) return storage::ErrnoStatus(errno, absl::StrCat("cannot open ", path));
  const off_t size = lseek(file_, 0, SEEK_END);
  bytes_ = static_cast<uint64_t>(std::max<off_t>(size, 0));
  char last = '\n';
  torn_ = size > 0 && pread(file_, &last, 1, size - 1) == 1 && last != '\n';
  return storage::SyncDirectory(data_dir_);
}

absl::Status AuditLog::Rotate() {
  if (file_ >= 0) close(file_);
  file_ = -1;
  return storage::RenameSynced(PathOf(kFileName), PathOf(kOlderName));
}

std::string AuditLog::PathOf(const char* name) const {
  return absl::StrCat(data_dir_, "/", name);
}

}  // namespace tocsin::audit
