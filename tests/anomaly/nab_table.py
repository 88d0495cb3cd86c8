#!/usr/bin/env python3
"""Writes what the anomaly detector makes of each labelled series, as a table.

    python3 tests/anomaly/nab_table.py --tocsin build/tocsin --data FOLDER --out docs/anomaly/nab.md

FOLDER has windows.json (labelled windows by "folder/file") and those files, as the Numenta Anomaly Benchmark has. Its first
rows (15 %, at most 750) are not counted. A false row is one with a score of 1 outside of all windows, 36 rows of rest after each.
"""

import argparse
import csv
import json
import os
import subprocess
import tempfile

REST = 36


def detect(tocsin, path):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.csv")
        subprocess.run([tocsin, "detect", "--in", path, "--out", out], check=True, stderr=subprocess.DEVNULL)
        with open(out, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def judge(rows, windows):
    """(windows, hits, false rows, openings, share of time in alarm) of the rows that count."""
    first = min(int(0.15 * len(rows)), 750)
    last_counted = rows[first]["timestamp"] if first < len(rows) else ""
    windows = [(begin[:19], end[:19]) for begin, end in windows if end[:19] >= last_counted]
    hit, false_rows, openings, alarms, rest = set(), 0, 0, 0, 0
    for i in range(first, len(rows)):
        row = rows[i]
        alarm = row["state"] == "alarm"
        alarms += alarm
        openings += alarm and (i == 0 or rows[i - 1]["state"] != "alarm")
        rest -= 1
        if rest >= 0 or not row["score"] or float(row["score"]) < 1:
            continue
        rest = REST
        inside = [k for k, (begin, end) in enumerate(windows) if begin <= row["timestamp"] <= end]
        hit.update(inside)
        false_rows += not inside
    return len(windows), len(hit), false_rows, openings, alarms / max(1, len(rows) - first)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", default="build/tocsin")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(os.path.join(args.data, "windows.json"), encoding="utf-8") as file:
        labelled = json.load(file)
    lines = ["# The detector on each series of the Numenta Anomaly Benchmark", "",
             "Preset `page`, made by `tests/anomaly/nab_table.py`. Hits and false rows are by a score of 1 with 36 rows of rest; openings",
             "are incidents, in windows or not; rows before the first 15 % (at most 750) are not counted.", "",
             "| file | windows | hits | false rows | openings | in alarm |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    total = [0, 0, 0, 0]
    for name in sorted(labelled):
        path = os.path.join(args.data, name)
        if not os.path.exists(path):
            continue
        *counts, share = judge(detect(args.tocsin, path), labelled[name])
        total = [a + b for a, b in zip(total, counts)]
        lines.append(f"| {name} | " + " | ".join(map(str, counts)) + f" | {100 * share:.1f} % |")
    lines.append("| all | " + " | ".join(map(str, total)) + " | |")
    with open(args.out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
