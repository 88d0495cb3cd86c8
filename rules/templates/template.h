#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "rules/templates/evidence.h"

// Go text/template with the functions of Prometheus' alert templates (facts: labels, $value,
// pipelines, if/else, range, with, define-free). Pure: no files, no network, bounded output.
namespace tocsin::templates {

// One row of a `query` call inside a template.
struct QueryRow {
  Labels labels;
  double value = 0;
};

// What a template sees. Borrowed for the time of one expansion.
struct TemplateData {
  const Labels* labels = nullptr;           // $labels, .Labels: the sample's labels
  const Labels* external_labels = nullptr;  // $externalLabels; null: none
  std::string external_url;                 // $externalURL
  double value = 0;                         // $value, .Value
  Timestamp now;                            // for `now`
  // .Evidence; null: the field does not exist, as in labels, which say which alert it is.
  const Evidence* evidence = nullptr;
  // Runs `query "..."`; empty function: the call fails with "not supported here".
  std::function<absl::StatusOr<std::vector<QueryRow>>(absl::string_view)> query;
};

class Template {
 public:
  // InvalidArgument "1:12: message" (line:column in `text`) for syntax errors and unknown
  // functions.
  static absl::StatusOr<std::shared_ptr<const Template>> Parse(absl::string_view text);
  virtual ~Template() = default;

  // Expands; errors are at run time only (wrong types, failing functions). Output is cut off with
  // an error beyond 64 KiB; loops are bounded by their input.
  virtual absl::StatusOr<std::string> Expand(const TemplateData& data) const = 0;

  // The constant arguments of `query` calls: what the engine must keep state for.
  virtual std::vector<std::string> Queries() const = 0;

  // It may read .Evidence.
  virtual bool LooksAtEvidence() const = 0;
};

// What Prometheus puts into a field whose expansion fails: "<error expanding template: ...>".
std::string ExpandOrError(const Template& t, const TemplateData& data);

}  // namespace tocsin::templates
