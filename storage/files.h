#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace tocsin::storage {

// Steps on files and directories that are durable when they return. Thread: any.
//
// Errors of all: PermissionDenied, Unavailable; the message names the path.

// An error number of the system as a status: `what`, then the system's words.
absl::Status ErrnoStatus(int error, const std::string& what);

// Makes the directory, mode 0700, or restricts the one that is there.
absl::Status MakePrivateDirectory(const std::string& path);
// What was created, renamed and removed in the directory is on disk.
absl::Status SyncDirectory(const std::string& path);
// Within one volume; both directories are synced.
absl::Status RenameSynced(const std::string& from, const std::string& to);
// A new file of the same content, not a link.
absl::Status CopyFileSynced(const std::string& from, const std::string& to);
// With all that is in it. Fine if it is not there.
absl::Status RemoveTree(const std::string& path);

bool Exists(const std::string& path);  // of any kind, also a link that leads nowhere
// The lengths of all files below, hard links counted like others; 0 if it cannot be read.
uint64_t TreeBytes(const std::string& path);

}  // namespace tocsin::storage
