#!/usr/bin/env python3
"""`tocsin serve` scrapes: rules over what it scraped page, targets come and go with a reload, and a real Prometheus (Debian's)
that scrapes the same program has the same series, to the last label and value.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/scrape_test.py [-k NAME]

What needs Prometheus is skipped where it is not to be had, unless TOCSIN_COUNTERPARTS_REQUIRED is set.
"""

import gzip
import http.server
import os
import ssl
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from certificates import make_authority, make_certificate  # noqa: E402
from prometheus import VERSION_2, Prometheus, Target, program  # noqa: E402
from service import Simulator, Tocsin, await_, get, get_json  # noqa: E402

RULES = """
groups:
- name: app
  rules:
  - alert: QueueFull
    expr: queue_length{job="app", env="test"} > 50
  - alert: AppDown
    expr: up{job="app"} == 0
"""
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

# Texts of a program, each after the other, with what makes them special.
TEXTS = [
    ("plain", 'queue_length{queue="mail"} 7\nrequests_total 1e6\nsmall 1.5e-07\nzero -0\n'),
    ("numbers", "a NaN\nb +Inf\nc -inf\nd 12345678901234567890\ne .5\nf 4.9e-324\n"),
    ("escapes", 'odd{text="größe \\"x\\" \\\\ \\n \\t"} 1\nodd{text=""} 2\nodd { x = "1" , } 3\n'),
    ("conflicts", 'a{job="x",instance="y",env="z"} 1\nb{job="x",exported_job="y"} 2\nc{exported_job="q"} 3\n'),
    ("histogram", '# HELP h text\n# TYPE h histogram\nh_bucket{le="0.5"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3.5\nh_count 2\n'
                  '# TYPE s summary\ns{quantile="0.9"} 4\ns_sum 5\ns_count 6\n'),
    ("metadata and blanks", "\n# comment\n#HELP\na\t1 \n# TYPE b gauge\nb{}2\n"),
    ("duplicates", 'a{x="1"} 1\na{x="1"} 2\nb 3\n'),
    ("other order", 'a{x="1",y="2"} 1\n'),
    ("other order again", 'a{y="2",x="1"} 2\n'),
    ("broken", "a 1\nb two\n"),
    ("a page", "<html><body>no metrics</body></html>"),
    ("after a failure", "a 1\nb 2\n"),
    ("CRLF", "a 1\r\n"),
    ("bad type", "# TYPE a number\na 1\n"),
    ("no value", "a\n"),
    ("empty", ""),
]
OPENMETRICS_TEXTS = [
    ("counter", '# TYPE a counter\n# UNIT b_seconds seconds\na_total{x="1"} 5 # {trace_id="q"} 1 1.5\na_created 1.5e9\n# EOF\n'),
    ("info and stateset", '# TYPE i info\ni_info{v="1"} 1\n# TYPE s stateset\ns{s="on"} 1\ns{s="off"} 0\n# EOF\n'),
    ("no end", "a 1\n"),
    ("blank line", "a 1\n\n# EOF\n"),
    ("trailing comma", 'a{x="1",} 1\n# EOF\n'),
    ("more", "a 1\n# EOF\nb 2\n"),
    ("good again", "a 3\n# EOF"),
]


class Answering(Target):
    """A target whose status, type and encoding a test sets, too."""

    def __init__(self, text):
        super().__init__(text)
        target = self
        self.content_type, self.status, self.key = "text/plain; version=0.0.4", 200, None
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                target.asked.append((self.path, dict(self.headers)))
                refused = target.key is not None and self.headers.get("Authorization") != target.key
                body = target.text.encode()
                self.send_response(401 if refused else target.status)
                self.send_header("Content-Type", target.content_type)
                if "gzip" in self.headers.get("Accept-Encoding", ""):
                    body = gzip.compress(body)
                    self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server.RequestHandlerClass = Handler


def job(address, extra="", name="app", labels="{env: test}"):
    return f"""
- job_name: {name}
  scrape_interval: 200ms
  scrape_timeout: 200ms
  static_configs: [{{targets: ["{address}"], labels: {labels}}}]
{extra}"""


def seen(result):
    """Series and values; how long a scrape took is nobody's to know."""
    return {(tuple(sorted(row["metric"].items())),
             "" if row["metric"]["__name__"] == "scrape_duration_seconds" else row["value"][1]) for row in result}


class Scrape(unittest.TestCase):
    def setUp(self):
        self.target = Answering('queue_length{queue="mail"} 7\n')
        self.simulator = Simulator()
        self.tocsin = Tocsin(self.simulator.url, RULES, "scrape_configs:" + self.jobs())

    def jobs(self):
        return job(self.target.address)

    def tearDown(self):
        self.tocsin.close()
        self.simulator.stop()
        if self.target is not None:
            self.target.stop()

    def value(self, expression):
        result = self.tocsin.query(expression)
        return float(result[0]["value"][1]) if result else None

    def paged(self, name):
        return any(name in alert["message"] for alert in self.simulator.open_alerts())

    def configure(self, jobs):
        """Other jobs, by a reload that the change of the file brings."""
        path = self.tocsin.path("tocsin.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text[:text.index("scrape_configs:")] + "scrape_configs:" + jobs)


class ScrapeEndToEnd(Scrape):
    def test_rules_over_scraped_metrics_page(self):
        self.tocsin.start()
        await_("first sample", lambda: self.value("queue_length") == 7)
        self.assertEqual(self.tocsin.query("queue_length")[0]["metric"],
                         {"__name__": "queue_length", "queue": "mail", "job": "app", "env": "test",
                          "instance": self.target.address})
        self.target.text = 'queue_length{queue="mail"} 99\n'
        await_("page", lambda: self.paged("QueueFull"))
        self.target.stop()
        self.target = None
        await_("page", lambda: self.paged("AppDown"))
        await_("close, since the series ended", lambda: not self.paged("QueueFull"))
        self.assertGreater(self.tocsin.metric('tocsin_scrapes_total'), 0)

    def test_targets_come_and_go_with_a_reload(self):
        self.tocsin.start()
        await_("first sample", lambda: self.value("queue_length") == 7)
        other = Answering("other 1\n")
        self.addCleanup(other.stop)
        self.configure(job(other.address, name="other"))
        await_("the new target", lambda: self.value("other") == 1)
        await_("the old one ended", lambda: not self.tocsin.query("queue_length") and not self.tocsin.query('up{job="app"}'))
        self.configure(job(other.address, name="other", labels="{__x: y}"))
        await_("a refusal", lambda: any("labels that begin with __" in line for line in self.tocsin.log_lines()))
        self.assertEqual(self.value("other"), 1)

    def test_keys_are_sent_and_never_shown(self):
        self.target.key = "Bearer top-secret-token"
        self.tocsin.write("token", "top-secret-token\n")
        os.chmod(self.tocsin.path("token"), 0o600)
        self.configure(job(self.target.address, "  authorization: {credentials_file: token}\n  params: {m: [\"a b\"]}\n"))
        self.tocsin.start()
        await_("first sample", lambda: self.value("queue_length") == 7)
        self.assertEqual(self.target.asked[-1][0], "/metrics?m=a%20b")
        self.target.key = "Bearer another"
        await_("down", lambda: self.value("up") == 0)
        self.assertNotIn("top-secret", "\n".join(self.tocsin.log_lines()))
        self.assertTrue(any("the answer has the status 401" in line for line in self.tocsin.log_lines()))

    def test_tls_is_for_those_whose_authority_is_known(self):
        folder = self.tocsin.folder.name
        make_authority(folder)
        make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
        self.target.server.socket = context.wrap_socket(self.target.server.socket, server_side=True)
        self.configure(job(self.target.address, "  scheme: https\n  tls_config: {ca_file: ca.pem}\n", name="known") +
                       job(self.target.address, "  scheme: https\n", name="unknown"))
        self.tocsin.start()
        await_("first sample", lambda: self.value('queue_length{job="known"}') == 7)
        await_("refused", lambda: self.value('up{job="unknown"}') == 0)
        self.assertEqual(self.value('up{job="known"}'), 1)
        self.assertIsNone(self.value('queue_length{job="unknown"}'))
        targets = {target["scrapePool"]: target for target in get_json(self.tocsin.admin + "/api/v1/targets")["data"]["activeTargets"]}
        self.assertEqual({name: target["health"] for name, target in targets.items()}, {"known": "up", "unknown": "down"})
        self.assertIn("certificate", targets["unknown"]["lastError"])

    def test_it_scrapes_itself(self):
        self.tocsin.start()
        self.configure(job(self.tocsin.admin.removeprefix("http://"), name="tocsin"))
        await_("itself", lambda: self.value('tocsin_scrape_targets{state="up"}') == 1)
        self.assertGreater(self.value("scrape_samples_scraped"), 100)

    def test_it_goes_on_after_a_kill(self):
        self.tocsin.start()
        await_("first sample", lambda: self.value("queue_length") == 7)
        self.tocsin.kill()
        self.target.text = 'queue_length{queue="mail"} 8\n'
        self.tocsin.start()
        await_("next sample", lambda: self.value("queue_length") == 8)


@unittest.skipIf(program() is None and not os.environ.get("TOCSIN_COUNTERPARTS_REQUIRED"),
                 "Prometheus is not to be had; ./dev test --ci takes it out of its package")
class AsPrometheusDoes(Scrape):
    """The same target, scraped by both."""

    EXTRA = ""

    def setUp(self):
        super().setUp()
        self.prometheus = Prometheus(self.target.address, None, program(), scraping=self.EXTRA.strip(), **VERSION_2)
        self.tocsin.start()

    def jobs(self):
        return job(self.target.address, self.EXTRA)

    def tearDown(self):
        self.prometheus.stop()
        super().tearDown()

    def show(self, text):
        """Until both have asked for it twice."""
        self.target.text = text
        begin = len(self.target.asked)

        def twice():
            agents = [headers.get("User-Agent", "") for _, headers in self.target.asked[begin:]]
            return all(sum(agent.lower().startswith(name) for agent in agents) > 2 for name in ("tocsin", "prometheus"))
        await_("both asking", twice)

    def check(self, texts):
        # scrape_series_added is said by one scrape alone; Tocsin's rules write ALERTS.
        expression = '{__name__!~"scrape_series_added|ALERTS.*", __name__!=""}'
        for what, text in texts:
            self.show(text)

            def same():
                self.wanted = seen(self.prometheus.query(expression))
                self.got = seen(self.tocsin.query(expression))
                return self.wanted == self.got
            try:
                await_(what, same, 5)
            except AssertionError:
                self.fail(f"{what}: only Prometheus has {sorted(self.wanted - self.got)}, only Tocsin has "
                          f"{sorted(self.got - self.wanted)}")
            with self.subTest(what):
                self.assertTrue(any(dict(series)["__name__"] == "up" for series, _ in self.got))

    def test_text_format(self):
        self.check(TEXTS)

    def test_openmetrics(self):
        self.target.text = "a 1\n# EOF\n"
        self.target.content_type = OPENMETRICS
        self.check(OPENMETRICS_TEXTS)

    def test_other_statuses(self):
        for status in (404, 500, 204, 200):
            self.target.status = status
            self.check([(str(status), "a 1\n")])

    def test_targets_are_shown_alike(self):
        self.show(self.target.text)

        def shown(where):
            (target,) = get_json(where + "/api/v1/targets")["data"]["activeTargets"]
            timed = {"lastScrape", "lastScrapeDuration", "globalUrl", "discoveredLabels"}
            return {name: value for name, value in target.items() if name not in timed}
        self.assertEqual(shown(self.tocsin.admin), shown(self.prometheus.url))

    def test_new_series_are_counted_alike(self):
        self.show(self.target.text)
        for text in ("a 1\nb 2\n", "a 1\n", "a 1\nb 2\nc 3\n", "broken", "a 1\nb 2\n", "", "a 1\n"):
            self.show(text)

        def totals():
            return [where.query("sum(sum_over_time(scrape_series_added[1m]))")[0]["value"][1]
                    for where in (self.prometheus, self.tocsin)]
        await_("the same sum", lambda: totals() == ["5", "5"])


class HonorLabels(AsPrometheusDoes):
    EXTRA = "  honor_labels: true\n"

    def check(self, texts):
        super().check(texts + [("empty labels", 'a{job=""} 1\nb{instance="",env="x"} 2\n')])


class IgnoredTimestamps(AsPrometheusDoes):
    EXTRA = "  honor_timestamps: false\n"

    def test_own_timestamps(self):
        self.check([("old", "a 1 1000\n"), ("gone", "b 2\n")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
