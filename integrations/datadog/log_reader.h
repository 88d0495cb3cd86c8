#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "integrations/datadog/host_tags.h"
#include "integrations/datadog/log_fields.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/log_walk.h"
#include "integrations/ingest/wire_writer.h"

namespace tocsin::datadog {

struct LogMembers;

// What logs have that do not say it themselves: parameters of the request. UTF-8.
struct LogDefaults {
  std::string source;
  std::string tags;  // "key:value,key:value"
  std::string host;
  std::string service;
};

// Logs as Datadog's senders write them -> records of OTLP, one after the other, for a LogWalk, with
// the tags of their hosts. A log is rejected alone if it is no object, or has too many values, too
// many tags or a too long name.
//
// Thread: one. Borrows all arguments of the constructor.
// Errors: InvalidArgument if a body is not JSON; those of LogWalk, and of BudgetLease::Grow, which
// is asked for what a log takes on its way.
class LogReader {
 public:
  // Of an attribute, with those of the objects around it.
  static constexpr size_t kNameBytesMax = 1024;

  LogReader(const LogDefaults& defaults, const HostTags& hosts, ingest::BudgetLease& room,
            ingest::LogWalk& walk)
      : defaults_(defaults), hosts_(hosts), room_(room), walk_(walk), wire_(SIZE_MAX, &room) {}

  // An array of logs, or one. An object without members is no log: an Agent posts one to see
  // whether we are there.
  absl::Status TakeJson(absl::string_view body);
  // Each line that is not blank is a log's message.
  absl::Status TakeLines(absl::string_view body);

 private:
  absl::Status Take(const nlohmann::json& log);
  void ReadTags(const LogMembers& members);
  void Write(const LogMembers& members, const nlohmann::json& log);
  void WriteResource(const LogMembers& members);
  void WriteRecord(const LogMembers& members, const nlohmann::json& log);
  void WriteMembers(const std::string& prefix, const nlohmann::json& object,
                    const LogMembers& members);
  template <typename Value>
  void WriteAttribute(absl::string_view name, const Value& value);

  const LogDefaults& defaults_;
  const HostTags& hosts_;
  ingest::BudgetLease& room_;
  ingest::LogWalk& walk_;

  // Of the log at hand.
  ingest::WireWriter wire_;
  size_t attributes_ = 0;
  bool name_too_long_ = false;

  // Logs that follow each other mostly have the same.
  bool tags_read_ = false;
  std::string tag_list_, tag_host_;  // of which tags_ are
  LogTags tags_;
};

}  // namespace tocsin::datadog
