#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::ingest {

// What gRPC counts about a connection to one of this process's servers (channelz, which is on
// unless a server turns it off).
struct ConnectionCalls {
  std::string peer;      // "ipv4:10.0.0.1:4711"
  uint64_t made = 0;     // by the client, since it connected
  uint64_t failed = 0;   // of those that are over: ended otherwise than both sides having said so
  uint64_t present = 0;  // in memory: under way, or taken back and not seen to yet
};

// Of all connections; some microseconds for each. Thread: any.
std::vector<ConnectionCalls> CallsOfConnections();

// Calls made to this process's servers since they were started; quick. Thread: any.
uint64_t CallsMade();

}  // namespace tocsin::ingest
