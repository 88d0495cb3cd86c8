#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/templates/value.h"

// Go's fmt and strconv, as far as templates show them.
namespace tocsin::templates {

// strconv.FormatFloat: verb one of e E f g G; precision -1 is the shortest that reads back equal.
std::string FormatFloat(double value, char verb, int precision);

// What `{{ value }}` writes: Go's %v, but "<no value>" for nil.
std::string PrintValue(const Value& value);

// fmt.Sprint: spaces between operands when neither is a string. fmt.Sprintln: always, and a line
// end.
std::string Sprint(const std::vector<Value>& args);
std::string Sprintln(const std::vector<Value>& args);

// fmt.Sprintf of the arguments from `first_arg` on, with Go's marks for mistakes ("%!d(string=x)").
// "[1]" in the format is args[first_arg]. Widths and precisions above 1000 count as mistakes.
std::string Sprintf(absl::string_view format, const std::vector<Value>& args, size_t first_arg);

// strconv.Quote.
std::string GoQuote(absl::string_view text);

// time.Time.String of a UTC time, time.Duration.String.
std::string FormatGoTime(GoTime time);
std::string FormatGoDuration(GoDuration duration);

}  // namespace tocsin::templates
