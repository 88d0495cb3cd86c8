"""Reads what `promtool test rules` and `tocsin test` report: what each of them got, by question.

A report is {("alert", name, seconds): [(labels, annotations)], ("expr", text, seconds): [(labels, value)] or Failed,
("rule", name, seconds): Failed}.
"""

import re

LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)=("(?:[^"\\]|\\.)*")')
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\", "'": "'"}
UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


class Failed:
    """An error in place of a result."""

    def __init__(self, message):
        self.message = message

    def __repr__(self):
        return f"error: {self.message}"


def unquote(text):
    """A string as Go quotes it."""
    def replace(match):
        escape = match.group(1)
        return ESCAPES[escape] if escape in ESCAPES else chr(int(escape[1:], 16))
    return re.sub(r"\\(x..|u....|U........|.)", replace, text[1:-1])


def labels_of(text):
    return {name: unquote(value) for name, value in LABEL.findall(text)}


def seconds(text):
    """1d2h3m4s, also 3m0s and 1.5s."""
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)([wdhms])", text))


def sample(text):
    """`name{a="b"} 1`, `{} 1E+00`"""
    metric, value = text.rsplit(" ", 1)
    labels = labels_of(metric)
    name = metric.split("{")[0]
    if name:
        labels["__name__"] = name
    return labels, float(value)


def split_samples(text):
    """promtool separates samples by ", ", which labels may hold too."""
    pattern = r'\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\} [^ ,]+'
    return [] if text == "nil" else [sample(part) for part in re.findall(pattern, text)]


def by_file(text):
    """{path: lines} of both programs."""
    files, lines = {}, []
    for line in text.splitlines():
        if line.startswith("Unit Testing:"):
            lines = files.setdefault(line.split(None, 2)[2], [])
        else:
            lines.append(line)
    return files


def promtool_report(lines):
    report, key, in_got = {}, None, False
    for line in lines:
        head = re.match(r"    (alertname|expr|rule): (.*), time: ([\dwdhms.]+)(?:,| )(?: ?err: (.*))?", line)
        if head:
            kind, name, time, error = head.groups()
            key = ({"alertname": "alert"}.get(kind, kind), unquote(name) if kind == "expr" else name, seconds(time))
            report[key] = Failed(error) if error is not None else []
            in_got = False
        elif line.startswith("        got: "):
            report[key] = split_samples(line[len("        got: "):])
        elif line.startswith("        got:["):
            in_got = True
        elif in_got and line.strip().startswith("Labels:"):
            report[key].append((labels_of(line), None))
        elif in_got and line.strip().startswith("Annotations:"):
            report[key][-1] = (report[key][-1][0], labels_of(line))
    return report


def tocsin_report(lines):
    report, key, part = {}, None, ""
    for line in lines:
        head = re.match(r"    \S+:\d+:\d+: (alertname|expr|rule): (.*), time: ([\dwdhms.]+), test: ", line)
        if head:
            kind, name, time = head.groups()
            key = ({"alertname": "alert"}.get(kind, kind), unquote(name) if kind == "expr" else name, seconds(time))
            report[key], part = [], ""
        elif line.startswith("        err: "):
            report[key] = Failed(line[len("        err: "):])
        elif re.match(r"        (exp|got|diff)\b", line):
            part = line.split()[0].rstrip(":")
        elif part == "got" and line.startswith("          - labels: "):
            report[key].append((labels_of(line), None))
        elif part == "got" and line.startswith("            annotations: "):
            report[key][-1] = (report[key][-1][0], labels_of(line))
        elif part == "got" and line.startswith("          - "):
            report[key].append(sample(line[len("          - "):]))
    return report
