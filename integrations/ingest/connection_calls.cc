#include "integrations/ingest/connection_calls.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"

namespace tocsin::ingest {
namespace {

using nlohmann::json;

// Takes over what gRPC allocated; empty for what is gone meanwhile.
json Parsed(char* text) {
  if (text == nullptr) return json::object();
  json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  gpr_free(text);
  return parsed.is_object() ? parsed : json::object();
}

// Numbers of 64 bits are texts, and zeros are left out.
uint64_t NumberOf(const json& object, const char* name) {
  uint64_t number = 0;
  const auto it = object.find(name);
  if (it == object.end() || !it->is_string()) return 0;
  return absl::SimpleAtoi(it->get_ref<const std::string&>(), &number) ? number : 0;
}

intptr_t IdOf(const json& reference, const char* name) {
  return static_cast<intptr_t>(NumberOf(reference, name));
}

json Servers() {
  return Parsed(grpc_channelz_get_servers(0)).value("server", json::array());
}

ConnectionCalls CallsOf(const json& reference) {
  constexpr char kTransport[] = "chttp2 ";  // before the peer
  const json answer = Parsed(grpc_channelz_get_socket(IdOf(reference, "socketId")));
  const json data = answer.value("/socket/data"_json_pointer, json::object());
  ConnectionCalls calls;
  calls.peer = reference.value("name", "");
  if (calls.peer.starts_with(kTransport)) calls.peer.erase(0, sizeof kTransport - 1);
  calls.made = NumberOf(data, "streamsStarted");
  calls.failed = NumberOf(data, "streamsFailed");
  const uint64_t over = calls.failed + NumberOf(data, "streamsSucceeded");
  calls.present = calls.made > over ? calls.made - over : 0;
  return calls;
}

}  // namespace

std::vector<ConnectionCalls> CallsOfConnections() {
  std::vector<ConnectionCalls> connections;
  for (const json& server : Servers()) {
    const intptr_t id = IdOf(server.value("ref", json::object()), "serverId");
    intptr_t next = 0;
    for (bool end = false; !end;) {
      const json page = Parsed(grpc_channelz_get_server_sockets(id, next, /*max_results=*/0));
      const json references = page.value("socketRef", json::array());
      for (const json& reference : references) {
        connections.push_back(CallsOf(reference));
        next = IdOf(reference, "socketId") + 1;
      }
      end = references.empty() || page.value("end", true);
    }
  }
  return connections;
}

uint64_t CallsMade() {
  uint64_t made = 0;
  for (const json& server : Servers()) {
    made += NumberOf(server.value("data", json::object()), "callsStarted");
  }
  return made;
}

}  // namespace tocsin::ingest
