#!/usr/bin/env python3
"""Both programs' reports are read as what they say, and what differs is seen to differ."""

import unittest

import reports
from differential_test import same

PROMTOOL = r'''Unit Testing:  case_test.yaml
  FAILED:
    alertname: Down, time: 3m, 
        exp:[
            0:
              Labels:{alertname="Down", never="there"}
              Annotations:{}
            ], 
        got:[
            0:
              Labels:{alertname="Down", job="a", severity="x\"y"}
              Annotations:{n="a\nb", summary="é"}
            1:
              Labels:{alertname="Down"}
              Annotations:{}
            ]
    alertname: Up, time: 1h3m20s, 
        exp:[
            0:
              Labels:{alertname="Up", never="there"}
              Annotations:{}
            ], 
        got:[]
    expr: "a:b{c=\"d\"}", time: 3m30s,
        exp: {__name__="never_there"} 0E+00
        got: {__name__="a:b", c="x, y} 1"} 1E+00, {} -Inf, {d="e"} NaN
    expr: "up", time: 0s,
        exp: {__name__="never_there"} 0E+00
        got: nil
    expr: "a + b", time: 7s, err: many-to-many
'''.splitlines()

TOCSIN = r'''Unit Testing:  case_test.yaml
  FAILED:
    f/case_test.yaml:3:4: alertname: Down, time: 3m, test: unnamed#0
        exp:
          - labels: {alertname="Down", never="there"}
            annotations: {}
        got:
          - labels: {alertname="Down", job="a", severity="x\"y"}
            annotations: {n="a\nb", summary="é"}
          - labels: {alertname="Down"}
            annotations: {}
        diff (- exp, + got):
          - label never "there"
          + label job "a"
    f/case_test.yaml:3:4: alertname: Up, time: 1h3m20s, test: unnamed#0
        exp:
          - labels: {alertname="Up", never="there"}
            annotations: {}
        got: nothing
        diff (- exp, + got):
          - labels: {alertname="Up", never="there"}
          - annotations: {}
    f/case_test.yaml:3:4: expr: "a:b{c=\"d\"}", time: 3m30s, test: unnamed#0
        exp:
          - never_there 0
        got:
          - a:b{c="x, y} 1"} 1
          - {} -Inf
          - {d="e"} NaN
        diff (- exp, + got):
          - never_there 0
    f/case_test.yaml:3:4: expr: "up", time: 0s, test: unnamed#0
        exp:
          - never_there 0
        got: nothing
        diff (- exp, + got):
          - never_there 0
    f/case_test.yaml:3:4: expr: "a + b", time: 7s, test: unnamed#0
        err: many-to-many matching not allowed
'''.splitlines()


class Reports(unittest.TestCase):
    def check(self, report):
        self.assertEqual(report["alert", "Down", 180.0],
                         [({"alertname": "Down", "job": "a", "severity": 'x"y'}, {"n": "a\nb", "summary": "é"}),
                          ({"alertname": "Down"}, {})])
        self.assertEqual(report["alert", "Up", 3800.0], [])
        named, infinite, not_a_number = report["expr", 'a:b{c="d"}', 210.0]
        self.assertEqual(named, ({"__name__": "a:b", "c": "x, y} 1"}, 1.0))
        self.assertEqual(infinite, ({}, float("-inf")))
        self.assertEqual(not_a_number[0], {"d": "e"})
        self.assertNotEqual(not_a_number[1], not_a_number[1])
        self.assertEqual(report["expr", "up", 0.0], [])
        self.assertIsInstance(report["expr", "a + b", 7.0], reports.Failed)
        self.assertEqual(len(report), 5)

    def test_promtool(self):
        self.check(reports.promtool_report(PROMTOOL))

    def test_tocsin(self):
        self.check(reports.tocsin_report(TOCSIN))

    def test_files(self):
        files = reports.by_file("Unit Testing:  a.yaml\n  SUCCESS\n\nUnit Testing:  b.yaml\n  FAILED:\n")
        self.assertEqual(files, {"a.yaml": ["  SUCCESS", ""], "b.yaml": ["  FAILED:"]})


class Sameness(unittest.TestCase):
    def test_table(self):
        nan = float("nan")
        for equal, left, right in [
                (True, [({"a": "b"}, 1.0), ({}, nan)], [({}, nan), ({"a": "b"}, 1.0 + 1e-12)]),
                (False, [({"a": "b"}, 1.0)], [({"a": "b"}, 1.00001)]),
                (False, [({"a": "b"}, 1.0)], [({"a": "c"}, 1.0)]),
                (False, [({}, 1.0)], []),
                (False, [({}, nan)], [({}, 0.0)]),
                (False, [({}, {"s": "a"})], [({}, {"s": "b"})]),
                (False, [({}, {})], reports.Failed("x")),
                (True, reports.Failed("x"), reports.Failed("y")),
        ]:
            self.assertEqual(same(left, right), equal, (left, right))


if __name__ == "__main__":
    unittest.main()
