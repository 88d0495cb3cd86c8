"""Random rule files with their unit tests: one case is a folder with rules.yaml and case_test.yaml."""

import random

from expressions import BUCKETS, COUNTERS, GAUGES, Expressions

SECONDS_MAX = 70 * 24  # see expressions.py for why all times are multiples of 7 s

ANNOTATIONS = [
    "{{ $labels.host }} of {{ $labels.dc }}",
    "{{ $value | printf \"%.3g\" }}",
    "{{ $value | humanize }} / {{ humanize1024 $value }}",
    "{{ $value | humanizePercentage }}",
    "{{ with query \"max(load)\" }}{{ . | first | value | humanizeDuration }}{{ end }}",
    "{{ with query \"level\" }}{{ len . }}{{ end }} series",
    "{{ range query \"max by (host) (load)\" | sortByLabel \"host\" }}{{ .Labels.host }}={{ .Value | printf \"%.4g\" }} {{ end }}",
    "{{ with query \"sum(level)\" }}{{ . | first | value | printf \"%.4g\" }}{{ end }}",
    "{{ if gt $value 10.0 }}much{{ else }}little{{ end }} {{ $externalLabels.cluster }} {{ .ExternalURL }}",
    "{{ $labels.host | toUpper | reReplaceAll \"H(.)\" \"<$1>\" }} \"quoted\" \\ ",
    "{{ $labels.missing }}|{{ title \"some words\" }}|{{ match \"h.*\" $labels.host }}",
    "{{ range $name, $text := $labels }}{{ $name }}:{{ $text }};{{ end }}",
    "{{ $labels.host }}\nsecond line",
    "{{ 1435065584.128 | humanizeTimestamp }} {{ printf \"%s %q %v %05.1f\" $labels.host $labels.dc 1.5 2.25 }}",
    "{{ stripPort \"h:80\" }} {{ parseDuration \"1h30m\" }} {{ len $labels }} {{ and 1 0 }} {{ or 0 2 }} {{ not 1 }}",
    "{{ range $i, $row := query \"max by (host) (level)\" | sortByLabel \"host\" }}{{ if $i }}, {{ end }}{{ $row.Labels.host }}{{ else }}none{{ end }}",
    "{{ with $x := $labels.dc }}in {{ $x }}{{ else }}nowhere{{ end }} {{ index $labels \"host\" }} {{ eq $labels.host \"ha\" \"hb\" }}",
]
LABEL_TEXTS = ["page", "", "{{ $externalLabels.cluster }}-x", "{{ $value | printf \"%.3g\" }}", "x{{ $labels.host }}"]
LABEL_TEXTS_MAYBE_EMPTY = LABEL_TEXTS + ["{{ $labels.host }}", "{{ if eq $labels.dc \"east\" }}east{{ end }}"]


class Case:
    """The rules and the questions of one seed. `tests()` makes the test file for given expectations."""

    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.hosts = ["ha", "hb", "hc"][:self.random.randint(1, 3)]
        # A label whose template expands to nothing keeps the template's text in promtool's ALERTS (not in the alert). We leave it
        # out of both, so a case either has such labels or looks at ALERTS.
        self.alerts_read = self.random.random() < 0.6
        self.interval = self.random.choice([35, 70, 70, 140])
        self.evaluation_interval = self.random.choice([35, 70, 70, 140])
        self.series = self._series()
        self.recorded, self.alerts = [], []
        self.rules = self._rules()
        self.group_order = [group["name"] for group in self.rules["groups"]]
        self.random.shuffle(self.group_order)
        self.alert_questions = self._alert_questions()
        self.expr_questions = self._expr_questions()
        self.world = {"external_labels": {"cluster": "c1"}, "external_url": "http://where.example/p"}

    def _values(self, next_value, reset=None):
        """Values in the notation of tests, with gaps, stale markers, ends and resets."""
        count = SECONDS_MAX // self.interval + 1
        values, value = [], next_value(None)
        alive = self.random.random() < 0.9
        for _ in range(count):
            if self.random.random() < 0.07:
                alive = not alive
                if not alive and self.random.random() < 0.5:
                    values.append("stale")
                    continue
            if not alive:
                values.append("_")
                continue
            if reset and self.random.random() < 0.05:
                value = reset(value)
            values.append(str(value))
            value = next_value(value)
        return " ".join(values)

    def _gauge(self):
        def step(value):
            draw = self.random.random()
            if draw < 0.03:
                return self.random.choice(["NaN", "Inf", "-Inf"])
            if draw < 0.3 and value is not None:
                return value
            # Multiples of 1/4: sums of them are exact.
            return self.random.choice([0, 1, self.random.randint(-400, 400) / 4, self.random.randint(0, 400) / 4])
        return self._values(step)

    def _counter(self):
        # Far from zero, where 2.42 and 3 extrapolate differently; halved by a reset for the same reason.
        return self._values(lambda value: 2_000_000 if value is None else value + self.random.randint(0, 100),
                            lambda value: value // 2)

    def _buckets(self, host):
        # All of one host at once, growing with `le`.
        count = SECONDS_MAX // self.interval + 1
        totals = {"0.1": 1_000_000, "1": 2_000_000, "10": 3_000_000, "+Inf": 4_000_000}
        values = {le: [] for le in totals}
        for _ in range(count):
            added = 0
            for le in totals:
                added += self.random.randint(0, 20)
                totals[le] += added
                values[le].append(str(totals[le]))
        return [{"series": f'{BUCKETS}{{host="{host}", le="{le}"}}', "values": " ".join(texts)} for le, texts in values.items()]

    def _series(self):
        series = []
        for name in GAUGES + COUNTERS:
            for host in self.hosts:
                for dc in self.random.choice([["east"], ["east", "west"], [""]]):
                    labels = f'host="{host}"' + (f', dc="{dc}"' if dc else "")
                    make = self._gauge if name in GAUGES else self._counter
                    series.append({"series": f"{name}{{{labels}}}", "values": make()})
        for host in self.hosts:
            series += self._buckets(host)
        return series

    def _duration(self):
        return self.random.choice(["1m", "2m30s", "5m", "70s", "8m", "0s", "140s"])

    def _name(self, prefix, number, known):
        """Mostly a new one; two rules may also make alerts or series of one name, even the same ones."""
        again = known and self.alerts_read and self.random.random() < 0.1
        return self.random.choice(known) if again else f"{prefix}{number}"

    def _recording_rule(self, number):
        rule = {"record": self._name("recorded:", number, self.recorded),
                "expr": Expressions(self.random, self.hosts, self.recorded, self.alerts_read).expression(2)}
        if self.random.random() < 0.15:
            rule["labels"] = self.random.choice([{"dc": "set"}, {"host": ""}, {"extra": "x y"}])
        return rule

    def _alerting_rule(self, number):
        # A condition that filters, of one row per host and dc.
        expressions = Expressions(self.random, self.hosts, self.recorded, self.alerts_read)
        inner = expressions.vector(self.random.randint(0, 2))
        condition = self.random.choice([
            f"max by (host, dc) ({inner}) {self.random.choice(['>', '<', '>=', '!='])} {expressions.number()}",
            f"sum by (host) ({inner}) > {expressions.number()}",
            f"count by (dc) ({inner}) >= 1",
            expressions.selector(["level", "load"]) + " > 5",
            f"absent({expressions.pick(GAUGES)})",
            f"{expressions.number()} > bool 1",
        ])
        rule = {"alert": self._name("Alert", number, self.alerts), "expr": condition, "labels": {"severity": "page"}, "annotations": {}}
        if self.random.random() < 0.6:
            rule["for"] = self._duration()
        if self.random.random() < 0.5:
            rule["keep_firing_for"] = self._duration()
        if self.random.random() < 0.4:
            rule["labels"][self.random.choice(["host", "who", "who", "dc"])] = self.random.choice(
                LABEL_TEXTS if self.alerts_read else LABEL_TEXTS_MAYBE_EMPTY)
        for name in self.random.sample(["summary", "description", "runbook"], self.random.randint(0, 3)):
            rule["annotations"][name] = self.random.choice(ANNOTATIONS)
        return rule

    def _rules(self):
        groups = []
        for number in range(self.random.randint(1, 3)):
            rules = []
            for _ in range(self.random.randint(1, 5)):
                if self.random.random() < 0.45:
                    rules.append(self._recording_rule(len(self.recorded)))
                    self.recorded.append(rules[-1]["record"])
                else:
                    rules.append(self._alerting_rule(len(self.alerts)))
                    self.alerts.append(rules[-1]["alert"])
            groups.append({"name": f"group{number}", "interval": self.random.choice(["10s", "1h"]), "rules": rules})
            if self.random.random() < 0.05:
                groups[-1]["limit"] = self.random.randint(1, 4)
        return {"groups": groups}

    def _time(self):
        return 7 * self.random.randint(0, SECONDS_MAX // 7)

    def _alert_questions(self):
        return [{"alertname": name, "eval_time": f"{time}s"}
                for name in sorted(set(self.alerts)) for time in sorted({self._time() for _ in range(5)})]

    def _expr_questions(self):
        expressions = Expressions(self.random, self.hosts, self.recorded, self.alerts_read)
        questions = [{"expr": expressions.expression(self.random.randint(0, 3)), "eval_time": f"{self._time()}s"}
                     for _ in range(10)]
        # What rules wrote.
        questions += [{"expr": name, "eval_time": f"{self._time()}s"} for name in self.recorded + (["ALERTS", "ALERTS_FOR_STATE"] if self.alerts_read else [])
                      for _ in range(2)]
        unique = {}
        for question in questions:
            unique.setdefault((question["expr"], question["eval_time"]), question)
        return list(unique.values())

    def tests(self, expected_alerts, expected_samples):
        """The test file. Both arguments give the expectation of a question by its number."""
        test = {"interval": f"{self.interval}s", "input_series": self.series, **self.world}
        test["alert_rule_test"] = [{**question, "exp_alerts": expected_alerts(number)}
                                   for number, question in enumerate(self.alert_questions)]
        test["promql_expr_test"] = [{**question, "exp_samples": expected_samples(number)}
                                    for number, question in enumerate(self.expr_questions)]
        return {"rule_files": ["rules.yaml"], "evaluation_interval": f"{self.evaluation_interval}s",
                "group_eval_order": self.group_order, "tests": [test]}
