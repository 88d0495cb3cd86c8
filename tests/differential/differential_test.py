#!/usr/bin/env python3
"""Compares `tocsin test` with `promtool test rules` (Debian's prometheus, 2.42) on random rules, series and questions.

    differential_test.py --tocsin build/tocsin [--seed N] [--cases N] [--keep FOLDER]

Per case: both programs run a test file whose expectations are wrong on purpose, and what each says it got is compared: label
sets exactly, values to 1e-9. Then the expectations are what was got, and `tocsin test` must pass; then one of them is changed,
and it must fail. Case number i has seed N + i, so `--seed (N + i) --cases 1` repeats it.

Exit code 77 where promtool is not installed, unless TOCSIN_COUNTERPARTS_REQUIRED is set.
"""

import argparse
import collections
import copy
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

import reports
from cases import Case

SKIPPED = 77
FILES_PER_RUN = 50
NOWHERE = {"labels": "never_there", "value": 0}
NOBODY = {"exp_labels": {"never": "there"}}


def write(path, content):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)  # JSON is YAML


def run(command, files):
    """What the program reports, by file."""
    output = ""
    for begin in range(0, len(files), FILES_PER_RUN):
        done = subprocess.run([*command, *files[begin:begin + FILES_PER_RUN]], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}")
        output += done.stdout
    return reports.by_file(output)


def same_value(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def sort_key(row):
    labels, rest = row
    return sorted(labels.items()), sorted(rest.items()) if isinstance(rest, dict) else 0


def same(a, b):
    """Whether two results agree."""
    if isinstance(a, reports.Failed) or isinstance(b, reports.Failed):
        return isinstance(a, reports.Failed) and isinstance(b, reports.Failed)
    if len(a) != len(b):
        return False
    for (labels_a, rest_a), (labels_b, rest_b) in zip(sorted(a, key=sort_key), sorted(b, key=sort_key)):
        if labels_a != labels_b:
            return False
        if isinstance(rest_a, float) and not same_value(rest_a, rest_b):
            return False
        if not isinstance(rest_a, float) and rest_a != rest_b:
            return False
    return True


def number(value):
    return ".nan" if math.isnan(value) else repr(value).replace("inf", ".inf")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def series(labels):
    return "{" + ", ".join(f"{name}={quoted(value)}" for name, value in sorted(labels.items())) + "}"


class Differential:
    def __init__(self, promtool, tocsin, seeds, folder):
        self.promtool, self.tocsin, self.folder = promtool, tocsin, folder
        self.cases = [Case(seed) for seed in seeds]
        self.findings = []
        self.compared = collections.Counter()

    def path(self, case, name="case_test.yaml"):
        return os.path.join(self.folder, str(case.seed), name)

    def ask(self):
        """Lets both programs say what they got; returns {seed: (promtool's report, tocsin's)}."""
        for case in self.cases:
            os.makedirs(os.path.join(self.folder, str(case.seed)), exist_ok=True)
            write(self.path(case, "rules.yaml"), case.rules)
            write(self.path(case), case.tests(lambda _: [NOBODY], lambda _: [NOWHERE]))
        files = [self.path(case) for case in self.cases]
        theirs = run([self.promtool, "test", "rules"], files)
        ours = run([self.tocsin, "test"], files)
        answers = {}
        for case in self.cases:
            path = self.path(case)
            answers[case.seed] = (reports.promtool_report(theirs[path]), reports.tocsin_report(ours[path]))
            if not answers[case.seed][0]:
                self.findings.append(f"seed {case.seed}: promtool refused the case: {' '.join(theirs[path])[:500]}")
            elif not answers[case.seed][1]:
                self.findings.append(f"seed {case.seed}: tocsin refused the case: {' '.join(ours[path])[:500]}")
        return answers

    def compare(self, case, theirs, ours):
        """True if all questions were answered alike."""
        before = len(self.findings)
        for key in sorted(set(theirs) | set(ours), key=str):
            if key not in theirs or key not in ours:
                missing = "promtool" if key not in theirs else "tocsin"
                self.findings.append(f"seed {case.seed}: {key}: no answer of {missing}\n  {theirs.get(key, ours.get(key))}")
            elif not same(theirs[key], ours[key]):
                self.findings.append(f"seed {case.seed}: {key}:\n  promtool {theirs[key]}\n  tocsin   {ours[key]}")
            else:
                self.count(key, ours[key])
        return len(self.findings) == before

    def count(self, key, result):
        if isinstance(result, reports.Failed):
            self.compared[f"{key[0]} errors"] += 1
        else:
            self.compared[f"{key[0]} results {'with rows' if result else 'without rows'}"] += 1

    def expectations(self, case, answers):
        """The test file that expects what was got."""
        def alerts(question):
            key = ("alert", case.alert_questions[question]["alertname"],
                   reports.seconds(case.alert_questions[question]["eval_time"]))
            return [{"exp_labels": labels, "exp_annotations": annotations} for labels, annotations in answers[key]]

        def samples(question):
            key = ("expr", case.expr_questions[question]["expr"], reports.seconds(case.expr_questions[question]["eval_time"]))
            return [{"labels": series(labels), "value": number(value)} for labels, value in answers[key]]

        # Questions that end in an error cannot be expected.
        return case.tests(alerts, lambda question: samples(question) if not isinstance(answers[
            ("expr", case.expr_questions[question]["expr"],
             reports.seconds(case.expr_questions[question]["eval_time"]))], reports.Failed) else None)

    def confirm(self, answers):
        """What was got is expected and passes; with one value changed it fails."""
        sound = []
        for case in self.cases:
            theirs, ours = answers[case.seed]
            if not self.compare(case, theirs, ours) or any(key[0] == "rule" for key in ours):
                continue
            content = self.expectations(case, ours)
            content["tests"][0]["promql_expr_test"] = [
                question for question in content["tests"][0]["promql_expr_test"] if question["exp_samples"] is not None]
            write(self.path(case, "got_test.yaml"), content)
            write(self.path(case, "changed_test.yaml"), change(case, content))
            sound.append(case)
        passed = run([self.tocsin, "test"], [self.path(case, "got_test.yaml") for case in sound])
        changed = run([self.tocsin, "test"], [self.path(case, "changed_test.yaml") for case in sound])
        for case in sound:
            lines = passed[self.path(case, "got_test.yaml")]
            if "  SUCCESS" not in lines:
                self.findings.append(f"seed {case.seed}: what tocsin got does not pass as expected:\n" + "\n".join(lines[:40]))
            if "  FAILED:" not in changed[self.path(case, "changed_test.yaml")]:
                self.findings.append(f"seed {case.seed}: a changed expectation passes")
            self.compared["files that pass, and fail when changed"] += 1


def change(case, content):
    """The content with one expectation changed, whichever of its kinds is there."""
    changed = copy.deepcopy(content)
    test = changed["tests"][0]
    places = [(sample, "value") for question in test["promql_expr_test"] for sample in question["exp_samples"]]
    places += [(alert["exp_labels"], "severity") for question in test["alert_rule_test"] for alert in question["exp_alerts"]]
    if not places:
        test["promql_expr_test"].append({"expr": "vector(1)", "eval_time": "0s", "exp_samples": []})
        return changed
    place, key = case.random.choice(places)
    place[key] = "123456.75" if place[key] != "123456.75" else "0"
    return changed


def find_promtool():
    """Installed, or where `./dev test --ci` puts it."""
    fetched = os.path.join(os.environ.get("TOCSIN_BINARY_DIR", "build"), "counterparts/usr/bin")
    return shutil.which("promtool") or shutil.which("promtool", path=fetched)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--promtool", default=find_promtool())
    parser.add_argument("--seed", type=int, default=1, help="of the first case (default 1)")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--keep", help="write the files there and leave them")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.promtool is None:
        print("promtool is not installed (Debian package prometheus): nothing to compare with")
        return 1 if os.environ.get("TOCSIN_COUNTERPARTS_REQUIRED") else SKIPPED
    print(f"seeds {arguments.seed} to {arguments.seed + arguments.cases - 1}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        differential = Differential(arguments.promtool, os.path.abspath(arguments.tocsin),
                                    range(arguments.seed, arguments.seed + arguments.cases), arguments.keep or temporary)
        differential.confirm(differential.ask())
    for finding in differential.findings[:50]:
        print(finding)
    for what, count in sorted(differential.compared.items()):
        print(f"{count:7} {what}")
    print(f"{arguments.cases} cases, {len(differential.findings)} differences")
    return 1 if differential.findings else 0


if __name__ == "__main__":
    sys.exit(main())
