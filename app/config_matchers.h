#pragma once

#include <string>
#include <vector>

#include "app/config_reader.h"
#include "integrations/delivery/matcher.h"

// Matchers as Alertmanager writes them, in routes and inhibit rules.
namespace tocsin::app {

// `key`: a list of texts, each of one or more matchers. Appends.
void ReadMatchers(ConfigFindings& findings, const ConfigMap& map, const std::string& key,
                  std::vector<delivery::Matcher>& out);
// `key`: a map of labels to their values, or to regular expressions of these; the older way. Appends.
void ReadMatcherMap(ConfigFindings& findings, const ConfigMap& map, const std::string& key,
                    delivery::Matcher::Op op, std::vector<delivery::Matcher>& out);

}  // namespace tocsin::app
