#include "app/commands/later.h"

namespace tocsin::app {

const std::vector<std::string>& LaterCommands() {
  static const std::vector<std::string> commands = {"replay", "plan", "import"};
  return commands;
}

int RunLater(const std::string& command, std::ostream& err) {
  err << "not supported yet: tocsin " << command << "\n";
  return 2;
}

}  // namespace tocsin::app
