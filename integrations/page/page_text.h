#pragma once

#include <functional>
#include <string>

#include "base/labels.h"
#include "proto/tocsin/state/v1/state.pb.h"

// What a page says in words, whatever receiver it goes to. Pure functions.
namespace tocsin::page {

using DesiredPage = state::v1::DesiredPage;

// Expands a template of the receiver's configuration for a page. Must not fail: an expansion error
// is the caller's to report, "" leaves the field out.
using Expander = std::function<std::string(const std::string& text, const DesiredPage& page)>;

// The same without white space at its ends; an empty text is empty without being expanded.
std::string Expanded(const std::string& text, const DesiredPage& page, const Expander& expander);

std::string Stripped(const std::string& text);  // without white space at its ends
Labels LabelsOf(const DesiredPage& page);       // none if they do not decode
std::string Annotation(const DesiredPage& page, const char* name);  // stripped; "" if absent
std::string ValueText(double value);
bool IsNoData(const DesiredPage& page);  // the page is about silence

// The annotation `summary`, else "alertname {labels}"; "No data: " before it if the page is about
// silence. Never blank.
std::string Summary(const DesiredPage& page);
// Value, condition, since when, and by which rule, in a line or two.
std::string Explanation(const DesiredPage& page);

}  // namespace tocsin::page
