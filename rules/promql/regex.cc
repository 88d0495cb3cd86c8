#include "rules/promql/regex.h"

#include <re2/re2.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::promql {
namespace {

constexpr int64_t kProgramBytesMax = int64_t{1} << 20;

re2::StringPiece Piece(absl::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileRegex(absl::string_view pattern) {
  re2::RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(kProgramBytesMax);
  auto regex = std::make_shared<re2::RE2>(Piece(pattern), options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(absl::StrCat("error parsing regexp: ", regex->error()));
  }
  return std::shared_ptr<const re2::RE2>(std::move(regex));
}

absl::StatusOr<size_t> RegexInstructions(absl::string_view pattern) {
  TOCSIN_ASSIGN_OR_RETURN(const auto regex, CompileRegex(pattern));
  return static_cast<size_t>(regex->ProgramSize());
}

bool FullMatch(const re2::RE2& regex, absl::string_view text) {
  return re2::RE2::FullMatch(Piece(text), regex);
}

}  // namespace tocsin::promql
