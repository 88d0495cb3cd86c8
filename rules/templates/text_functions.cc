#include <re2/re2.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/templates/escape.h"
#include "rules/templates/functions.h"
#include "rules/templates/host_port.h"
#include "rules/templates/letter_case.h"

// Prometheus' functions for texts.
namespace tocsin::templates {
namespace {

using Args = std::vector<Value>;
using Result = absl::StatusOr<Value>;

constexpr size_t kPatternBytesMax = 1024;
constexpr size_t kReplacedBytesMax = 64 << 10;

// Any function from text to text.
template <std::string (*kConvert)(absl::string_view)>
Result OnText(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, TextArgument(args[0]));
  return Value{kConvert(text)};
}

std::string Same(absl::string_view text) {
  return std::string(text);
}
std::string GraphLink(absl::string_view expr) {
  return absl::StrCat("/graph?g0.expr=", EscapeQuery(expr), "&g0.tab=0");
}
std::string TableLink(absl::string_view expr) {
  return absl::StrCat("/graph?g0.expr=", EscapeQuery(expr), "&g0.tab=1");
}

absl::StatusOr<std::unique_ptr<RE2>> Compile(const std::string& pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return absl::InvalidArgumentError("pattern is longer than 1024 bytes");
  }
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(1 << 20);
  auto regex = std::make_unique<RE2>(pattern, options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("error parsing regexp: ", regex->error(), ": `", pattern, "`"));
  }
  return regex;
}

Result Match(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string pattern, TextArgument(args[0]));
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, TextArgument(args[1]));
  TOCSIN_ASSIGN_OR_RETURN(const auto regex, Compile(pattern));
  return Value{RE2::PartialMatch(text, *regex)};
}

// The groups of one match.
using Groups = std::vector<re2::StringPiece>;

const re2::StringPiece* FindGroup(const RE2& regex, const Groups& groups, const std::string& name) {
  size_t number = 0;
  if (absl::SimpleAtoi(name, &number)) return number < groups.size() ? &groups[number] : nullptr;
  const auto& names = regex.NamedCapturingGroups();
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &groups[static_cast<size_t>(found->second)];
}

// Go's Expand: $1, ${1}, $name, ${name}, $$; a name is as long as possible, and an unknown one is
// empty.
void Expand(const RE2& regex, const Groups& groups, absl::string_view replacement,
            std::string& out) {
  size_t at = 0;
  while (at < replacement.size()) {
    const char c = replacement[at++];
    if (c != '$' || at == replacement.size()) {
      out += c;
      continue;
    }
    if (replacement[at] == '$') {
      out += '$';
      ++at;
      continue;
    }
    const bool braced = replacement[at] == '{';
    const size_t begin = at + (braced ? 1 : 0);
    size_t end = begin;
    while (end < replacement.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(replacement[end])) ||
            replacement[end] == '_')) {
      ++end;
    }
    const bool closed = !braced || (end < replacement.size() && replacement[end] == '}');
    if (end == begin || !closed) {
      out += '$';  // malformed: as it stands
      continue;
    }
    const std::string name(replacement.substr(begin, end - begin));
    if (const auto* group = FindGroup(regex, groups, name)) {
      out.append(group->data() ? group->data() : "", group->size());
    }
    at = end + (braced ? 1 : 0);
  }
}

size_t RuneLength(absl::string_view text, size_t at) {
  size_t length = 1;
  while (at + length < text.size() &&
         (static_cast<unsigned char>(text[at + length]) & 0xc0) == 0x80) {
    ++length;
  }
  return length;
}

// regexp.ReplaceAllString: an empty match right behind a match does not count.
absl::StatusOr<std::string> ReplaceAll(const RE2& regex, absl::string_view replacement,
                                       const std::string& text) {
  Groups groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  const re2::StringPiece whole(text);
  std::string out;
  size_t copied = 0;  // bytes of `text` that are in `out` already
  size_t search = 0;
  while (search <= text.size()) {
    if (!regex.Match(whole, search, text.size(), RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size()))) {
      break;
    }
    const size_t begin = static_cast<size_t>(groups[0].data() - text.data());
    const size_t end = begin + groups[0].size();
    out.append(text, copied, begin - copied);
    const bool counts = end > copied || begin == 0;
    if (counts) Expand(regex, groups, replacement, out);
    copied = end;
    if (out.size() > kReplacedBytesMax) {
      return absl::ResourceExhaustedError("result is longer than 64 KiB");
    }
    search = end > search ? end : search + (search < text.size() ? RuneLength(text, search) : 1);
  }
  return out + text.substr(std::min(copied, text.size()));
}

Result ReReplaceAll(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string pattern, TextArgument(args[0]));
  TOCSIN_ASSIGN_OR_RETURN(const std::string replacement, TextArgument(args[1]));
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, TextArgument(args[2]));
  TOCSIN_ASSIGN_OR_RETURN(const auto regex, Compile(pattern));
  TOCSIN_ASSIGN_OR_RETURN(std::string replaced, ReplaceAll(*regex, replacement, text));
  return Value{std::move(replaced)};
}

Result ArgsMap(const TemplateData&, const Args& args) {
  std::map<std::string, Value> map;
  for (size_t i = 0; i < args.size(); ++i) map[absl::StrCat("arg", i)] = args[i];
  return Value{MapPtr(std::make_shared<const std::map<std::string, Value>>(std::move(map)))};
}

Result ExternalUrl(const TemplateData& data, const Args&) {
  return Value{data.external_url};
}

// The path of the external URL.
Result PathPrefix(const TemplateData& data, const Args&) {
  const std::string& url = data.external_url;
  const size_t scheme = url.find("://");
  const size_t path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  if (path == std::string::npos) return Value{std::string()};
  return Value{url.substr(path, url.find_first_of("?#", path) - path)};
}

}  // namespace

const std::vector<Function>& TextFunctions() {
  static const auto& functions = *new std::vector<Function>{
      {"title", 1, 1, OnText<TitleCase>},         {"toUpper", 1, 1, OnText<UpperCase>},
      {"toLower", 1, 1, OnText<LowerCase>},       {"stripPort", 1, 1, OnText<StripPort>},
      {"stripDomain", 1, 1, OnText<StripDomain>}, {"graphLink", 1, 1, OnText<GraphLink>},
      {"tableLink", 1, 1, OnText<TableLink>},     {"urlQueryEscape", 1, 1, OnText<EscapeQuery>},
      {"safeHtml", 1, 1, OnText<Same>},           {"match", 2, 2, Match},
      {"reReplaceAll", 3, 3, ReReplaceAll},       {"args", 0, kAnyNumber, ArgsMap},
      {"externalURL", 0, 0, ExternalUrl},         {"pathPrefix", 0, 0, PathPrefix},
  };
  return functions;
}

}  // namespace tocsin::templates
