#pragma once

#include <map>
#include <string>
#include <vector>

// What a native monitor says of its pages, besides what their receivers say: the key `page` of rule
// files. Plain data.
//
// Texts are templates of receivers: they are expanded for each page and receiver when it is told,
// not when the monitor is evaluated. What each means is in docs/receivers.md.
namespace tocsin::rules {

// Who is to be told. One of `id`, `name` and `username`, as the type wants it.
struct PageResponder {
  std::string type;  // team, user, escalation, schedule
  std::string id;
  std::string name;
  std::string username;
};

struct PageOptions {
  std::map<std::string, std::string> priority;  // by severity: P1 to P5, no template
  std::vector<PageResponder> responders;
  std::vector<std::string> tags;
  std::string entity;
  std::vector<std::string> actions;
  std::map<std::string, std::string> details;  // keys are no templates
};

// Limits of one monitor's options: they are written with each of its pages.
inline constexpr size_t kPageItemsMax = 50;      // responders, tags, actions, details, of each
inline constexpr size_t kPageBytesMax = 16'384;  // of all texts together

}  // namespace tocsin::rules
