#include "app/command_line.h"

int main(int argc, char** argv) {
  return tocsin::app::RunCommandLine(argc, argv);
}
