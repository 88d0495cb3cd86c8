#!/usr/bin/env python3
"""Reads the sources and prints what breaks the project's rules, one `file:line: message [check]` each.

    tidy.py ROOT

Exit code 1 if there is a finding. Checks: include arrows between folders, third-party headers outside their adapter,
banned calls outside their home, sources missing from the build, marks without an issue, headers without a guard, relative
includes, very long functions, paths of somebody's machine. tidy_test.py shows each of them find something.
"""

import fnmatch
import os
import re
import sys

FOLDERS = ["base", "proto", "rules", "storage", "engine", "integrations", "app", "tests"]

# Folder -> folders whose headers it may include, besides its own.
ARROWS = {
    "base": set(),
    "proto": set(),
    "rules": {"base"},
    "storage": {"base", "proto"},
    "engine": {"base", "rules", "storage", "proto"},
    "integrations": {"base", "engine", "storage", "proto"},
    "app": {"base", "rules", "storage", "engine", "integrations", "proto"},
    "tests": {"base", "rules", "storage", "engine", "integrations", "proto", "app"},
}

# Third party -> where production code may include it. A folder ends with "/".
THIRD_PARTY = {
    "prometheus/": ["base/metrics."],
    "spdlog/": ["base/log.cc"],
    "xxhash.h": ["base/labels.cc"],
    "yaml-cpp/": ["rules/yaml_"],
    "re2/": ["rules/", "engine/query/", "integrations/delivery/matcher."],
    "rocksdb/": ["storage/"],
    "grpc": ["integrations/ingest/"],
    "boost/": ["integrations/http/http_se"],
    "openssl/": ["integrations/access/", "integrations/http/http_session_tls."],
    "curl/": ["integrations/http/http_client"],
    "snappy": ["integrations/ingest/decompress.cc"],
    "zstd": ["integrations/ingest/decompress.cc"],
    "nlohmann/": ["base/log.cc", "integrations/", "app/"],
    "CLI/": ["app/command_line"],
}
# Slow to compile: in headers only where a few files of one adapter share them.
HEAVY = {
    "yaml-cpp/": [],
    "rocksdb/": [],
    "boost/": ["integrations/http/http_session"],
    "curl/": [],
    "CLI/": [],
    "spdlog/": [],
}

# (pattern, what to use instead, homes). Homes are files or folders.
BANNED = [
    (r"\babsl::Now\s*\(", "take a Timestamp or ask a Clock", []),
    (r"\b(system_clock|steady_clock|high_resolution_clock)\b", "take a Timestamp or ask a Clock",
     ["base/clock.cc", "base/mutex.h"]),
    (r"\b(gettimeofday|clock_gettime|std::time)\s*\(|(?<![\w.:>])time\s*\(\s*(NULL|nullptr|0)\s*\)",
     "take a Timestamp or ask a Clock", []),
    (r"\b(sleep_for|sleep_until|SleepFor|usleep|nanosleep)\s*\(|(?<![\w.:>])sleep\s*\(",
     "wait on a CondVar", ["tests/opsgenie/delivery_loop_test.cc"]),  # polls real threads
    (r"(?<![\w.:>])(s?rand|rand_r|drand48)\s*\(|\bstd::rand\b", "take a Random", []),
    (r"\brandom_device\b", "take a Random", ["base/random."]),
    (r"\bmt19937(_64)?\b", "take a Random", ["base/random.", "tests/"]),  # tests seed their own
    (r"\b(getenv|secure_getenv)\s*\(", "read it in app and pass it on", ["app/", "tests/"]),
]

HOMES = ("/root/", "/home/")
FUNCTION_LINES_MAX = 80
TEXT_SUFFIXES = (".h", ".cc", ".proto", ".txt", ".md", ".yaml", ".yml", ".py", ".sh", ".json",
                 ".scenario", ".test")
SKIPPED_FOLDERS = {".git", "node_modules", "__pycache__"}


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def blank(match):
    """Keeps the line breaks, so that lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match.group(0))


def strip_code(text):
    """C++ without comments and without what stands in quotes."""
    pattern = (r'R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"'
               r'|"(?:\\.|[^"\\\n])*"'
               r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
               r"|//[^\n]*|/\*.*?\*/")
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def within(path, homes):
    return any(path.startswith(home) for home in homes)


class Tidy:
    def __init__(self, root):
        self.root = root
        # Of the folders that hold the checkout the outermost one names the machine, unless it is shared by all.
        outermost = "/" + os.path.abspath(root).strip("/").split("/")[0] + "/"
        places = {*HOMES, outermost} - {"/tmp/", "/usr/", "/opt/", "/srv/", "/var/"}
        self.machine_paths = r"(?<![\w/.])(" + "|".join(map(re.escape, sorted(places))) + ")"
        self.findings = []
        self.files = sorted(self._walk())

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            rel = os.path.relpath(folder, self.root)
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS
                          and not (rel == "." and f.startswith("build"))]
            for name in names:
                path = name if rel == "." else os.path.join(rel, name)
                if name.endswith(TEXT_SUFFIXES) or path in ("dev", "docker/Dockerfile"):
                    yield path

    def report(self, check, path, line, message):
        self.findings.append((path, line, f"{path}:{line}: {message} [{check}]"))

    def run(self):
        sources = [p for p in self.files
                   if p.split("/")[0] in FOLDERS and p.endswith((".h", ".cc"))]
        for path in sources:
            text = read(os.path.join(self.root, path))
            self.check_includes(path, text)
            self.check_banned(path, text)
            self.check_marks(path, text)
            self.check_functions(path, text)
            if path.endswith(".h") and "#pragma once" not in text:
                self.report("guard", path, 1, "a header without #pragma once")
        self.check_build([p for p in sources if p.endswith(".cc")])
        for path in self.files:
            if not path.startswith("tests/tidy/"):
                self.check_machine_paths(path, read(os.path.join(self.root, path)))
        return [text for _, _, text in sorted(self.findings)]

    def check_includes(self, path, text):
        folder = path.split("/")[0]
        pattern = r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]'
        for match in re.finditer(pattern, text, re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            name = match.group(2)
            if "../" in name:
                self.report("relative", path, line, f'include "{name}" from the repository\'s root')
            self.check_arrow(path, line, folder, name)
            if folder != "tests":
                self.check_third_party(path, line, name)

    def check_arrow(self, path, line, folder, name):
        target = name.split("/")[0]
        if "/" in name and target in FOLDERS and target != folder \
                and target not in ARROWS[folder]:
            self.report("arrow", path, line, f"{folder} must not include {name}")

    def check_third_party(self, path, line, name):
        for prefix, homes in THIRD_PARTY.items():
            if name.startswith(prefix) and not within(path, homes):
                self.report("third-party", path, line, f"{name} belongs into {', '.join(homes)}")
        for prefix, homes in HEAVY.items():
            if name.startswith(prefix) and path.endswith(".h") and not within(path, homes):
                self.report("heavy", path, line, f"{name} belongs into a .cc file")

    def check_banned(self, path, text):
        code = strip_code(text)
        for pattern, instead, homes in BANNED:
            if within(path, homes):
                continue
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                self.report("banned", path, line, f"{match.group(0).strip()}: {instead}")

    def check_marks(self, path, text):
        for number, line in enumerate(text.split("\n"), 1):
            if re.search(r"\bFIXME\b|\bXXX\b", line):
                self.report("mark", path, number, "fix it now, or write TODO(#issue)")
            elif re.search(r"\bTODO\b(?!\(#\d+\))", line):
                self.report("mark", path, number, "a TODO names its issue: TODO(#12)")

    def check_functions(self, path, text):
        for first, last in long_functions(strip_code(text)):
            self.report("long", path, first,
                        f"a function of {last - first + 1} lines (at most {FUNCTION_LINES_MAX})")

    def check_build(self, sources):
        named = self.named_sources()
        for path in sources:
            if not any(fnmatch.fnmatchcase(path, pattern) for pattern in named):
                self.report("build", path, 1, "no CMakeLists.txt names this file")

    def named_sources(self):
        """What the CMake lists name, from the root; a variable may stand for anything."""
        named = set()
        for path in self.files:
            if os.path.basename(path) != "CMakeLists.txt":
                continue
            text = re.sub(r"#[^\n]*", "", read(os.path.join(self.root, path)))
            folder = os.path.dirname(path)
            for word in re.findall(r"[\w./${}+-]+\.cc\b", text):
                base = folder
                for variable, value in (("${CMAKE_SOURCE_DIR}/", ""),
                                        ("${CMAKE_CURRENT_SOURCE_DIR}/", folder)):
                    if word.startswith(variable):
                        word, base = word[len(variable):], value
                word = re.sub(r"\$\{[^}]*\}", "*", word)
                named.add(os.path.normpath(os.path.join(base, word)))
        return named

    def check_machine_paths(self, path, text):
        for match in re.finditer(self.machine_paths, text):
            line = text.count("\n", 0, match.start()) + 1
            self.report("machine", path, line, f"{match.group(1)} is a path of somebody's machine")


def long_functions(code):
    """(first line, last line) of functions that are too long. `code` has no comments or texts."""
    scopes = []  # (is a container, is a function, first line)
    start = 0    # where the current statement begins
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if match.group() == "{":
            head = code[start:at].strip()
            first = code.count("\n", 0, start + len(code[start:at]) - len(
                code[start:at].lstrip())) + 1
            container = re.match(
                r"(template\s*<.*>\s*)?(inline\s+)?(namespace|class|struct|union|enum|extern)\b",
                head, re.DOTALL) is not None
            outside = all(scope[0] for scope in scopes)
            scopes.append((container, outside and not container and "(" in head, first))
        elif match.group() == "}" and scopes:
            _, function, first = scopes.pop()
            last = code.count("\n", 0, at) + 1
            if function and last - first + 1 > FUNCTION_LINES_MAX:
                yield first, last
        start = match.end()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    findings = Tidy(sys.argv[1]).run()
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings", file=sys.stderr)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
