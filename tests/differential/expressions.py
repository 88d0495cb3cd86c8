"""Random PromQL expressions, of what Debian's promtool (2.42) and Prometheus 3 evaluate alike.

All times in a case are multiples of 7 s, and no range, offset or lookback is: so no sample ever stands exactly on the left edge
of a window, which 2.42 counts in and 3 does not. Left out for other differences between the two: absent() of a label with two
matchers, holt_winters, native histograms, experimental functions, quoted names, rates of series that are close to zero. Left out
because Prometheus gives what its processor makes of it: dates of NaN and infinity.
Order among equal values is free in both, so topk and bottomk are only looked at through an aggregation.
"""

LABELS = ["host", "dc"]
GAUGES = ["level", "load"]
COUNTERS = ["requests_total", "errors_total"]
BUCKETS = "latency_bucket"

RANGES = ["40s", "1m30s", "2m", "3m", "5m", "9m", "10m"]
OFFSETS = ["1m", "3m"]  # with none of RANGES, nor with the lookback, a multiple of 7 s; nor is -1m
STEPS = ["", "70s", "35s", "140s"]  # of subqueries: multiples of 7 s, as all evaluation times

GAUGE_RANGE_FUNCTIONS = ["avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time",
                         "last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time", "changes",
                         "delta", "idelta", "deriv"]
COUNTER_RANGE_FUNCTIONS = ["rate", "increase", "irate", "resets", "changes"]
INSTANT_FUNCTIONS = ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "sort", "sort_desc",
                     "atan", "deg", "rad"]
PERIODIC_FUNCTIONS = ["sin", "cos", "tan"]
DATE_FUNCTIONS = ["hour", "minute", "day_of_week", "day_of_month", "days_in_month", "month", "year"]
AGGREGATIONS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
ARITHMETIC = ["+", "-", "*", "/", "%", "^"]
COMPARISONS = ["==", "!=", ">", "<", ">=", "<="]


def may_magnify(text):
    """Whether a function that magnifies differences in last digits may follow."""
    return not any(part in text for part in ("^", "exp(", "tan("))


class Expressions:
    """`recorded`: names of recording rules that may be read like gauges. `alerts`: whether ALERTS may be read."""

    def __init__(self, random, hosts, recorded=(), alerts=True):
        self.random = random
        self.alerts = alerts
        self.in_subquery = False
        self.hosts = hosts
        self.gauges = GAUGES + list(recorded)

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, probability):
        return self.random.random() < probability

    def number(self):
        return self.pick(["0", "1", "2", "5", "10", "-1", "0.5", "100", "50", "NaN", "Inf", "-Inf", "1e3"]
                         if self.chance(0.1) else ["0", "1", "2", "5", "10", "-3", "0.5", "50"])

    def matchers(self):
        if self.chance(0.6):
            return ""
        host = self.pick(self.hosts)
        return self.pick([f'{{host="{host}"}}', f'{{host!="{host}"}}', '{dc=~"e.*"}', '{dc!~"e.*"}', '{dc=""}',
                          f'{{host=~"{host}|none", dc!=""}}', '{host=~".+"}'])

    def selector(self, names):
        return self.pick(names) + self.matchers()

    def modifier(self):
        if self.chance(0.8):
            return ""
        modifiers = [f" offset {self.pick(OFFSETS)}", f" @ {70 * self.random.randint(1, 12)}", " offset -1m",
                     f" @ {70 * self.random.randint(1, 12)} offset {self.pick(OFFSETS)}"]
        # In a subquery of a rule we take the step's time for these, and should take the query's.
        return self.pick(modifiers if self.in_subquery else modifiers + [" @ start()", " @ end()"])

    def vector(self, depth):
        """An instant vector."""
        if depth <= 0:
            return self.selector(self.gauges + COUNTERS) + self.modifier()
        make = self.random.choices(
            [self.vector_leaf, self.over_time, self.instant_function, self.aggregation, self.with_scalar, self.join,
             self.set_operator, self.label_function, self.histogram, self.subquery, self.ranking, self.odd],
            weights=[2, 5, 3, 5, 4, 4, 3, 2, 1, 2, 1, 2])[0]
        return make(depth)

    def vector_leaf(self, _depth):
        return self.vector(0)

    def over_time(self, _depth):
        window = f"[{self.pick(RANGES)}]{self.modifier()}"
        if self.chance(0.5):
            return f"{self.pick(COUNTER_RANGE_FUNCTIONS)}({self.selector(COUNTERS)}{window})"
        series = self.selector(self.gauges)
        return self.pick([
            f"{self.pick(GAUGE_RANGE_FUNCTIONS)}({series}{window})",
            f"{self.pick(GAUGE_RANGE_FUNCTIONS)}({series}{window})",
            f"quantile_over_time({self.pick(['0', '0.5', '0.9', '1', '-1', '2'])}, {series}{window})",
            f"predict_linear({series}[{self.pick(RANGES)}], {self.pick(['60', '3600', '-60'])})",
        ])

    def instant_function(self, depth):
        inner = self.vector(depth - 1)
        # timestamp() of a selector that has both leaves the offset out in Prometheus.
        both = " @ " in inner and " offset " in inner
        dated = f"timestamp({self.selector(GAUGES) if both else inner})"
        return self.pick([
            dated,
            f"{self.pick(INSTANT_FUNCTIONS)}({inner})",
            f"{self.pick(INSTANT_FUNCTIONS + (PERIODIC_FUNCTIONS if may_magnify(inner) else []))}({inner})",
            f"round({inner}, {self.pick(['0.5', '1', '10'])})",
            f"clamp({inner}, {self.number()}, {self.number()})",
            f"clamp_min({inner}, {self.number()})",
            f"clamp_max({inner}, {self.number()})",
            f"-{self.vector(0)}",
            f"{self.pick(DATE_FUNCTIONS)}({dated} * {self.pick(['1', '50000', '-70000'])})",
        ])

    def grouping(self):
        return self.pick(["", "", f" by ({self.pick(LABELS)})", " by (host, dc)", f" without ({self.pick(LABELS)})",
                          " without ()", " by (none)"])

    def aggregation(self, depth):
        inner = self.vector(depth - 1)
        if self.chance(0.1):
            return f"quantile{self.grouping()} ({self.pick(['0', '0.25', '0.5', '1', '2'])}, {inner})"
        if self.chance(0.05) and may_magnify(inner):
            return f'count_values{self.grouping()} ("value", round({inner}))'
        function = self.pick(AGGREGATIONS)
        if function.startswith("std"):
            inner = f"(({inner}) > -1e18) < 1e18"  # of a single NaN or infinity, 2.42 makes 0
        return f"{function}{self.grouping()} ({inner})"

    def scalar(self, depth):
        if depth <= 0 or self.chance(0.6):
            return self.number()
        return self.pick([f"scalar({self.vector(depth - 1)})", "time()", "pi()", f"({self.number()} * {self.number()})",
                          f"({self.number()} > bool {self.number()})"])

    def with_scalar(self, depth):
        vector, scalar = f"({self.vector(depth - 1)})", self.scalar(depth - 1)
        if self.chance(0.5):
            operator = self.pick(COMPARISONS) + self.pick([" bool", "", ""])
        else:
            operator = self.arithmetic(vector)
        return f"{vector} {operator} {scalar}" if self.chance(0.7) else f"{scalar} {operator} {vector}"

    def arithmetic(self, operands):
        """Powers have other last digits in Go, of which a remainder would make other first ones."""
        return self.pick([operator for operator in ARITHMETIC if operator != "%" or may_magnify(operands)])

    def operator(self, operands):
        return self.arithmetic(operands) if self.chance(0.6) else self.pick(COMPARISONS) + self.pick([" bool", ""])

    def join(self, depth):
        """Sides are aggregated to what is matched on, so that most do not fail for many partners."""
        left, right = self.vector(depth - 1), self.vector(depth - 1)
        if self.chance(0.05):
            return f"({left}) {self.operator(left + right)} ({right})"
        operator = "atan2" if self.chance(0.1) else self.operator(left + right)  # between names, 2.42 keeps one
        if self.chance(0.4):
            return f"sum by (host, dc) ({left}) {operator} max by (host, dc) ({right})"
        side = self.pick(LABELS)
        if self.chance(0.5):
            return f"min by (host, dc) ({left}) {operator} on ({side}) group_left max by ({side}) ({right})"
        return f"max by ({side}) ({left}) {operator} on ({side}) group_right min by (host, dc) ({right})"

    def set_operator(self, depth):
        matching = self.pick(["", f" on ({self.pick(LABELS)})", f" ignoring ({self.pick(LABELS)})", " on ()"])
        return (f"({self.vector(depth - 1)}) {self.pick(['and', 'or', 'unless'])}{matching} "
                f"({self.vector(depth - 1)})")

    def label_function(self, depth):
        # The name would otherwise be all that keeps rows apart.
        inner = f"sum by (host, dc) ({self.vector(depth - 1)})"
        return self.pick([
            f'label_replace({inner}, "{self.pick(["copy", "dc"])}", "x-$1", "host", "{self.pick(["(.*)", "h(.)", "z"])}")',
            f'label_join({inner}, "joined", "-", "host", "dc")',
        ])

    def histogram(self, _depth):
        quantile = self.pick(["0", "0.5", "0.9", "0.99", "1", "-1", "2"])
        inner = self.pick([f"rate({BUCKETS}[{self.pick(RANGES)}])", f"sum by (le) ({BUCKETS})", BUCKETS])
        return f"histogram_quantile({quantile}, {inner})"

    def subquery(self, depth):
        function = self.pick(["max_over_time", "min_over_time", "avg_over_time", "sum_over_time", "count_over_time",
                              "last_over_time", "delta", "stddev_over_time"])
        outside, self.in_subquery = self.in_subquery, True
        inner = self.vector(min(depth - 1, 1))
        self.in_subquery = outside
        return f"{function}(({inner})[{self.pick(RANGES[2:])}:{self.pick(STEPS)}]{self.pick(['', '', ' offset 1m'])})"

    def ranking(self, depth):
        # NaN is last in both orders, and of equal values any may come.
        order = self.pick(["topk", "bottomk"])
        return f"{self.pick(['sum', 'count', 'min', 'max'])} ({order}{self.grouping()} ({self.pick('123')}, {self.vector(depth - 1)}))"

    def odd(self, depth):
        if self.alerts and self.chance(0.4):
            return self.pick(['ALERTS', 'ALERTS{alertstate="firing"}', 'ALERTS_FOR_STATE',
                              'count by (alertname, alertstate) (ALERTS)'])
        return self.pick([
            f"vector({self.scalar(depth - 1)})",
            f"absent({self.selector(self.gauges)})" if self.chance(0.3) else 'absent(level{host="none"})',
            f"absent_over_time({self.pick(self.gauges)}[{self.pick(RANGES)}])",
        ])

    def expression(self, depth):
        return self.scalar(depth) if self.chance(0.03) else self.vector(depth)
