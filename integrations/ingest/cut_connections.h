#pragma once

#include <string>
#include <vector>

namespace tocsin::ingest {

// Shuts down those TCP connections of this process between its port `port` and one of `peers`, as
// gRPC writes them ("ipv4:10.0.0.1:4711", "ipv6:%5B::1%5D:4711"): gRPC's interface has no way to
// end a connection, but it ends one that the other side seems to have closed. Looks through all
// open files once, some milliseconds where there are thousands. Returns those that it shut down;
// the others are gone, of another port, or no such addresses.
//
// Thread: any.
std::vector<std::string> CutConnections(int port, const std::vector<std::string>& peers);

}  // namespace tocsin::ingest
