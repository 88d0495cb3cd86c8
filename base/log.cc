#include "base/log.h"

#include <unistd.h>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace tocsin {
namespace {

constexpr size_t kFieldBytesMax = 2048;

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Escapes `text` as a JSON string; bytes that are not UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text) {
  return nlohmann::json(std::string(text.substr(0, kFieldBytesMax)))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string JsonValue(const LogField& field) {
  return std::visit(
      [](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return JsonString(value);
        } else {
          return nlohmann::json(value).dump();
        }
      },
      field.value);
}

struct Output {
  Output() : terminal(isatty(STDERR_FILENO) == 1), logger(spdlog::stderr_color_mt("tocsin")) {
    logger->set_pattern(
        terminal ? "%H:%M:%S.%e %^%-7l%$ %v"
                 : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
        terminal ? spdlog::pattern_time_type::local : spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::debug);
  }
  const bool terminal;
  std::shared_ptr<spdlog::logger> logger;
};

Output& GetOutput() {
  static Output output;
  return output;
}

}  // namespace

void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields) {
  Output& output = GetOutput();
  if (!output.logger->should_log(ToSpdlog(level))) return;
  std::string line = output.terminal ? std::string(event) : "\"event\":" + JsonString(event);
  for (const LogField& field : fields) {
    const std::string key(field.key);
    line += output.terminal ? "  " + key + "=" + JsonValue(field)
                            : ",\"" + key + "\":" + JsonValue(field);
  }
  output.logger->log(ToSpdlog(level), "{}", line);
}

void SetLogLevel(LogLevel level) {
  GetOutput().logger->set_level(ToSpdlog(level));
}

}  // namespace tocsin
