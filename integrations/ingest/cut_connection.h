#pragma once

#include <string>

#include "absl/status/status.h"

namespace tocsin::ingest {

// Shuts down the TCP connection of this process between its port `port` and `peer`, as gRPC writes
// it ("ipv4:10.0.0.1:4711", "ipv6:%5B::1%5D:4711"): gRPC's interface has no way to end a
// connection, but it ends one that the other side seems to have closed. Looks through all open
// files, some milliseconds where there are thousands.
//
// Thread: any. InvalidArgument if `peer` is no such address, NotFound if there is no such
// connection.
absl::Status CutConnection(int port, const std::string& peer);

}  // namespace tocsin::ingest
