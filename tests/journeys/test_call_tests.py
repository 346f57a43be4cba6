"""Call tests: what is promised is walked, and every end that can be has a test."""

import re
from typing import Any

import pytest
from hypothesis import given, settings

from ccstate.journeys.call_tests import Verdict, coverage, endings, missing_tests, verdicts
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.ways import End
from ccstate.kinds import KINDS
from tests.examples import scaled
from tests.journeys.strategies_journeys import FIRST, Plain, centre, centres

NUMBER = "+61255500000"
CENTRE: Plain = {
    "schedule": {
        "office": {
            "timezone": "Australia/Sydney",
            "weekly": {"mon": ["09:00-17:00"]},
            "holidays": [{"name": "Labour Day", "date": "2027-10-04"}],
        }
    },
    "prompt": {"menu": {"languages": {"en": {"text": "For sales, press 1."}}}},
    "extension": {
        "10": {"label": "Ann"},
        "20": {"label": "Messages", "device": "none", "voicemail": {}},
    },
    "queue": {"sales": {"label": "Sales", "members": [{"extension": "10"}]}},
    "ivr": {
        "main": {
            "start": "menu",
            "nodes": {
                "menu": {
                    "type": "menu",
                    "prompt": "menu",
                    "choices": {"1": "account", "9": "hangup"},
                    "on_timeout": "voicemail/20",
                    "on_invalid": "extension/10",
                },
                "account": {
                    "type": "collect",
                    "prompt": "menu",
                    "save_as": "account",
                    "min_digits": 4,
                    "then": "queue/sales",
                    "on_timeout": "mobile",
                },
                "mobile": {"type": "dial", "number": "+61491570006"},
            },
        }
    },
    "number": {
        NUMBER: {
            "label": "Main line",
            "to": "ivr/main",
            "hours": "office",
            "closed": "voicemail/20",
            "holiday": "hangup",
        }
    },
}


def run(plain: Plain, tests: dict[str, dict[str, Any]]) -> list[Verdict]:
    centred = centre(plain)
    return list(verdicts(Flow(centred), Year(centred, FIRST), tests))


def call(at: str, expect: str, *keys: str) -> Verdict:
    fields = {"to": NUMBER, "at": at, "keys": list(keys), "expect": [expect]}
    return run(CENTRE, {"it": fields})[0]


MONDAY, TUESDAY, LABOUR_DAY = "2026-11-23T10:00", "2026-11-24T10:00", "2027-10-04T10:00"


@pytest.mark.parametrize(
    "at, expect, keys",
    [
        (MONDAY, "queue/sales", ("1", "1234#")),
        (MONDAY, "queue/sales", ("", "1", "1234#")[1:]),
        (MONDAY, "voicemail/20", ()),
        (MONDAY, "extension/10", ("5", "5", "5")),
        (MONDAY, "hangup", ("9",)),
        (TUESDAY, "voicemail/20", ()),
        (LABOUR_DAY, "hangup", ()),
        (f"{MONDAY}+00:00", "voicemail/20", ()),  # nine in the evening in Sydney
    ],
)
def test_a_test_passes_where_the_call_ends_as_promised(
    at: str, expect: str, keys: tuple[str, ...]
) -> None:
    assert call(at, expect, *keys).passed


def test_a_test_fails_where_the_call_ends_elsewhere() -> None:
    verdict = call(TUESDAY, "queue/sales", "1")
    assert not verdict.passed
    assert verdict.journey
    assert verdict.journey.at == "voicemail/20"


def test_waiting_without_end_in_the_right_queue_is_no_success() -> None:
    alone = {**CENTRE, "queue": {"sales": {"members": []}}}
    fields = {"to": NUMBER, "at": MONDAY, "keys": ["1", "1234#"], "expect": ["queue/sales"]}
    verdict = run(alone, {"it": fields})[0]
    assert verdict.journey
    assert (verdict.journey.end, verdict.journey.at) == (End.WAITS, "queue/sales")
    assert not verdict.passed


def test_a_number_that_is_not_there_fails_its_test() -> None:
    fields = {"to": "+61255509999", "at": MONDAY, "expect": ["hangup"]}
    verdict = run(CENTRE, {"it": fields})[0]
    assert (verdict.passed, verdict.journey, verdict.at) == (False, None, None)
    assert verdict.lacks == "number +61255509999"


def test_a_moment_that_is_not_there_fails_its_test() -> None:
    """A platform may hold it: its form allows it, and only the desired state is checked further."""
    fields = {"to": NUMBER, "at": "2026-02-30T10:00", "expect": ["voicemail/20"]}
    KINDS["call_test"].model.model_validate(fields)
    verdict = run(CENTRE, {"it": fields})[0]
    assert (verdict.passed, verdict.journey, verdict.at) == (False, None, None)
    assert verdict.lacks == "moment 2026-02-30T10:00"


def test_every_good_end_of_a_number_is_found_once_with_a_shortest_call() -> None:
    centred = centre(CENTRE)
    found = list(endings(Flow(centred), Year(centred, FIRST), NUMBER))
    assert {(ending.at, ending.keys) for ending in found} == {
        ("voicemail/20", ()),
        ("queue/sales", ("1", "1111#")),
        ("hangup", ("9",)),
        ("extension/10", ("###",)),
    }  # not the mobile: no caller can choose that end here


def test_what_is_tested_needs_no_other_test() -> None:
    centred = centre(CENTRE)
    flow, year = Flow(centred), Year(centred, FIRST)
    fields = {"to": NUMBER, "at": MONDAY, "keys": ["1", "1234#"], "expect": ["queue/sales"]}
    found = coverage(flow, year, verdicts(flow, year, {"it": fields}))
    assert (found.ends, found.covered, found.numbers) == (4, 1, 1)
    written = dict(missing_tests(flow, found.missing, ["main-line-to-hangup"]))
    assert written["main-line-to-hangup-2"] == {
        "label": "Main line, press 9: hangup",
        "to": NUMBER,
        "at": "2026-11-23T10:00",
        "keys": ["9"],
        "expect": ["hangup"],
    }


@given(centres())
@settings(max_examples=scaled(80))
def test_the_tests_that_are_written_are_valid_pass_and_leave_no_end_out(plain: Plain) -> None:
    centred = centre(plain)
    flow, year = Flow(centred), Year(centred, FIRST)
    missing = coverage(flow, year, ()).missing
    written = dict(missing_tests(flow, missing, ()))
    assert len(written) == len(missing)
    kind = KINDS["call_test"]
    for name, fields in written.items():
        assert re.fullmatch(kind.name_pattern, name)
        kind.model.model_validate(fields)
    run_again = list(verdicts(flow, year, written))
    assert all(verdict.passed for verdict in run_again)
    assert coverage(flow, year, run_again).missing == ()
