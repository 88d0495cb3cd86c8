#include "rules/templates/escape.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace tocsin::templates {

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(text, {{absl::string_view("\0", 1), "\xef\xbf\xbd"},
                                    {"\"", "&#34;"},
                                    {"'", "&#39;"},
                                    {"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"}});
}

std::string EscapeJs(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\\\";
        break;
      case '\'':
        escaped += "\\'";
        break;
      case '"':
        escaped += "\\\"";
        break;
      case '<':
      case '>':
      case '&':
      case '=':
        escaped += absl::StrFormat("\\u%04X", static_cast<unsigned>(c));
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          escaped += absl::StrFormat("\\u%04X", static_cast<unsigned>(c));
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

std::string EscapeQuery(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' ||
        c == '~') {
      escaped += c;
    } else if (c == ' ') {
      escaped += '+';
    } else {
      escaped += absl::StrFormat("%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return escaped;
}

}  // namespace tocsin::templates
