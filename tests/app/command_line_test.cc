#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "app/commands/later.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;

class CommandLineTest : public ::testing::Test {
 protected:
  int Run(std::vector<std::string> words) {
    std::ostringstream out, err;
    const int code = RunCommandLine(std::move(words), out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  std::string out_, err_;
};

TEST_F(CommandLineTest, WrongUseIsExitCodeTwo) {
  const std::vector<std::string> cases[] = {
      {},
      {"frobnicate"},
      {"serve"},
      {"check"},
      {"check", "--format", "xml", "a.yaml"},
      {"query"},
      {"backup"},
      {"backup", "--data-dir", "d", "--server", "127.0.0.1:1", "b"},
      {"backup", "--data-dir", "/nonexistent", "/nonexistent-backup"},
      {"restore", "b"},
      {"restore", "/nonexistent", "/nonexistent-data"},
      {"inspect"},
      {"inspect", "/nonexistent"},
      {"inspect", "/nonexistent", "secrets"},
      {"inspect", "/nonexistent", "log", "--limit", "-1"},
      {"query", "up", "down"},
      {"anomaly"},
      {"anomaly", "frobnicate"},
      {"migrate"},
      {"migrate", "opsgenie-to-jsm"},
      {"migrate", "opsgenie-to-jsm", "--dry-run", "--config", "/nonexistent"},
      {"send"},
      {"send", "csv", "f.csv"},
      {"send", "host", "--interval", "soon"},
      {"send", "host", "--interval", "0s", "--for", "0s"},
      {"send", "generated", "--series", "0"},
      {"send", "generated", "--attr", "novalue", "--for", "0s"},
      {"send", "csv", "/nonexistent.csv", "--metric", "m"},
  };
  for (const auto& words : cases) {
    EXPECT_EQ(Run(words), 2) << ::testing::PrintToString(words);
    EXPECT_NE(err_, "") << ::testing::PrintToString(words);
  }
}

TEST_F(CommandLineTest, HelpAndVersionAreFine) {
  EXPECT_EQ(Run({"--help"}), 0);
  for (const char* command : {"serve", "check", "query", "status", "alerts", "backup", "restore",
                              "inspect", "anomaly", "send"}) {
    EXPECT_THAT(out_, HasSubstr(command));
    EXPECT_EQ(Run({command, "--help"}), 0);
    EXPECT_NE(out_, "");
    Run({"--help"});
  }
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_THAT(out_, HasSubstr("tocsin "));
}

TEST_F(CommandLineTest, CommandsToComeSaySoWhateverTheirOptions) {
  for (const std::string& command : LaterCommands()) {
    EXPECT_EQ(Run({command, "--anything", "x", "y"}), 2);
    EXPECT_EQ(err_, "not supported yet: tocsin " + command + "\n");
  }
}

TEST_F(CommandLineTest, RunsTheCommandItNames) {
  EXPECT_EQ(Run({"check", "--print-config"}), 0);
  EXPECT_THAT(out_, HasSubstr("data_dir: \"data\""));
}

}  // namespace
}  // namespace tocsin::app
