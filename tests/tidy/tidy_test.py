#!/usr/bin/env python3
"""Each check of tidy.py finds what it is for, at its line, and leaves alone what is right."""

import os
import tempfile
import unittest

import tidy

GUARD = "#pragma once\n"


class TidyTest(unittest.TestCase):
    def findings(self, files):
        """Findings as 'path:line [check]' of a small tree; sources are in the build unless told."""
        with tempfile.TemporaryDirectory() as root:
            sources = " ".join(p for p in files if p.endswith(".cc"))
            for path, text in {"CMakeLists.txt": f"add_library(x {sources})\n", **files}.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return [f"{line.split(': ')[0]} {line[line.rindex('['):]}"
                    for line in tidy.Tidy(root).run()]

    def finds(self, expected, path, text):
        self.assertEqual(self.findings({path: text}), expected, text)

    def test_arrows(self):
        self.finds(["engine/a.cc:2 [arrow]"], "engine/a.cc", '\n#include "integrations/http/form.h"\n')
        self.finds(["base/a.cc:1 [arrow]"], "base/a.cc", '#include "rules/rule.h"\n')
        self.finds(["integrations/a.cc:1 [arrow]"], "integrations/a.cc", '#include "rules/rule.h"\n')
        self.finds(["engine/a.cc:1 [arrow]"], "engine/a.cc", '#include "tests/support/x.h"\n')
        self.finds([], "engine/a.cc", '#include "rules/rule.h"\n#include "base/check.h"\n')
        self.finds([], "app/a.cc", '#include "integrations/http/form.h"\n')

    def test_third_party(self):
        self.finds(["engine/a.cc:1 [third-party]"], "engine/a.cc", "#include <rocksdb/db.h>\n")
        self.finds([], "storage/a.cc", "#include <rocksdb/db.h>\n")
        self.finds(["storage/a.h:2 [heavy]"], "storage/a.h", GUARD + "#include <rocksdb/db.h>\n")

    def test_banned_calls(self):
        for call in ("absl::Now()", "std::chrono::system_clock::now()", "usleep(1)", "sleep(1)",
                     "std::this_thread::sleep_for(x)", "rand()", "std::getenv(\"X\")",
                     "std::mt19937 r;", "std::random_device d;", "time(nullptr)"):
            self.finds(["engine/a.cc:2 [banned]"], "engine/a.cc", f"\nint x = {call};\n")
        for harmless in ("// absl::Now() is not used\n", 'auto x = "sleep(1)";\n', "Brand();\n",
                         "query.time(0);\n", 'auto x = R"(rand())";\n', "int operand(int);\n",
                         "/* getenv(x)\n */\n"):
            self.finds([], "engine/a.cc", harmless)
        self.finds([], "base/clock.cc", "std::chrono::steady_clock::now();\n")
        self.finds([], "app/a.cc", "getenv(name);\n")

    def test_marks(self):
        self.finds(["app/a.cc:1 [mark]", "app/a.cc:2 [mark]"], "app/a.cc",
                   "// TODO: later\n// FIXME\n// TODO(#12): later\n")

    def test_headers(self):
        self.finds(["app/a.h:1 [guard]"], "app/a.h", "int x;\n")
        self.finds(["app/a.cc:1 [relative]"], "app/a.cc", '#include "../base/check.h"\n')

    def test_build_lists(self):
        self.assertEqual(self.findings({"app/a.cc": "", "CMakeLists.txt": "# app/a.cc\n"}),
                         ["app/a.cc:1 [build]"])
        for listed in ("add_library(x app/a.cc)", "f(${CMAKE_SOURCE_DIR}/app/a.cc)",
                       "f(app/${name}.cc)"):
            self.assertEqual(self.findings({"app/a.cc": "", "CMakeLists.txt": listed}), [])
        self.assertEqual(self.findings({"app/aa.cc": "", "CMakeLists.txt": "f(app/a.cc)"}),
                         ["app/aa.cc:1 [build]"])
        self.assertEqual(self.findings({"tests/b/b.cc": "", "tests/a/CMakeLists.txt": "f(../b/b.cc)"
                                        , "CMakeLists.txt": ""}), [])

    def test_long_functions(self):
        body = "  x();\n" * 79
        self.finds(["app/a.cc:3 [long]"], "app/a.cc",
                   f"namespace a {{\n\nvoid F(int a,\n       int b) {{\n{body}}}\n}}\n")
        self.finds([], "app/a.cc", f"namespace a {{\nvoid F() {{\n{body[:-7]}}}\n}}\n")
        self.finds(["app/a.cc:2 [long]"], "app/a.cc",
                   f"class C {{\n  void F() {{\n{body}  }}\n}};\n")
        self.finds([], "app/a.cc", f"class C {{\n{'  int x;' * 100}\n}};\n")

    def test_machine_paths(self):
        home = "/ho" + "me/me/tocsin"
        self.assertEqual(self.findings({"docs/a.md": f"\nlook at {home}\n"}),
                         ["docs/a.md:2 [machine]"])


if __name__ == "__main__":
    unittest.main()
