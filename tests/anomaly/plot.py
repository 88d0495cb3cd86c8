#!/usr/bin/env python3
"""Draws what the anomaly detector makes of series: values, band, score, incidents, and the labelled windows if there are any.

    python3 tests/anomaly/plot.py --tocsin build/tocsin --out docs/anomaly FILE.csv...

A FILE has rows timestamp,value as `tocsin detect` reads them; --windows names a JSON file of labelled windows by "folder/file",
as the Numenta Anomaly Benchmark has. Needs matplotlib.
"""

import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import tempfile


def detect(tocsin, path, timezone):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.csv")
        subprocess.run([tocsin, "detect", "--in", path, "--out", out, "--timezone", timezone], check=True,
                       stderr=subprocess.DEVNULL)
        with open(out, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def number(text):
    return float(text) if text else float("nan")


def spans(times, flags):
    """[begin, end] of each run of True."""
    begin = None
    for time, flag in zip(times, flags):
        if flag and begin is None:
            begin = time
        if not flag and begin is not None:
            yield begin, time
            begin = None
    if begin is not None:
        yield begin, times[-1]


def draw(plt, rows, title, windows, target):
    times = [datetime.datetime.fromisoformat(row["timestamp"]) for row in rows]
    values = [number(row["value"]) for row in rows]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 4.6), sharex=True, height_ratios=(3, 1), layout="constrained")
    top.fill_between(times, [number(row["lower"]) for row in rows], [number(row["upper"]) for row in rows],
                     color="tab:green", alpha=0.2, linewidth=0, label="band")
    top.plot(times, [number(row["expected"]) for row in rows], color="tab:green", linewidth=0.6, label="expected")
    top.plot(times, values, color="black", linewidth=0.6, label="value")
    finite = sorted(value for value in values if value == value)
    margin = 0.15 * (finite[-1] - finite[0]) or 1
    top.set_ylim(finite[0] - margin, finite[-1] + margin)
    bottom.plot(times, [min(number(row["score"]), 5) for row in rows], color="tab:blue", linewidth=0.6)
    bottom.axhline(1, color="gray", linewidth=0.6)
    bottom.set_ylim(0, 5)
    bottom.set_ylabel("score (to 5)")
    for axis in (top, bottom):
        for i, (begin, end) in enumerate(spans(times, [row["state"] == "alarm" for row in rows])):
            axis.axvspan(begin, end, color="tab:red", alpha=0.35, linewidth=0, label="incident" if i == 0 else None)
    for i, (begin, end) in enumerate(windows):
        top.axvspan(begin, end, ymin=0.96, color="tab:orange", linewidth=0, label="labelled window" if i == 0 else None)
    top.set_title(title)
    top.legend(loc="upper left", fontsize="small", ncols=5)
    figure.savefig(target, dpi=80)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", default="build/tocsin")
    parser.add_argument("--out", required=True)
    parser.add_argument("--windows")
    parser.add_argument("--timezone", default="UTC")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    try:
        import matplotlib
    except ImportError:
        print("plot.py: matplotlib is not installed", file=sys.stderr)
        return 1
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    labelled = {}
    if options.windows:
        with open(options.windows, encoding="utf-8") as file:
            labelled = json.load(file)
    for path in options.files:
        name = "/".join(path.split("/")[-2:])
        windows = [[datetime.datetime.fromisoformat(end).replace(microsecond=0) for end in window]
                   for window in labelled.get(name, [])]
        target = os.path.join(options.out, os.path.basename(path)[:-4].lower() + ".png")
        draw(plt, detect(options.tocsin, path, options.timezone), name, windows, target)
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
