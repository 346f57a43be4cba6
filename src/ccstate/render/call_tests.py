"""Call tests that were run: what passed, what did not and why, and what no test speaks of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from ccstate.journeys.call_tests import Ending, Verdict
from ccstate.journeys.coverage import Coverage
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import Event, Place
from ccstate.model import Address, parse_address
from ccstate.render.formats import Report, as_json
from ccstate.render.journey_words import (
    address_words,
    end_words,
    entry_words,
    length_words,
    time_words,
)
from ccstate.render.junit import case_in, spelled, suites
from ccstate.render.markdown import code
from ccstate.render.tally import listed
from ccstate.render.text import (
    ONE_LINE,
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    columns,
    laid_out,
    plain,
    safe,
)
from ccstate.render.values import plural

WIDEST = 40
"""Columns for names; longer ones push their labels to the right."""
MISSING = 5
"""Ends without a test that are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class TestRun:
    """The tests that were walked, what they cover, and by name the files that declare them."""

    flow: Flow
    verdicts: Sequence[Verdict]
    coverage: Coverage
    files: Mapping[str, str]


def call_tests_text(run: TestRun, width: int = 80, palette: Palette = PLAIN) -> str:
    """Every test in a line, more of those that fail, and what is not covered."""
    flow, verdicts, found = run.flow, run.verdicts, run.coverage
    names = min(max((columns(v.name) for v in verdicts), default=0), WIDEST)
    lines = [line for verdict in verdicts for line in _lines(flow, verdict, names)]
    blocks = [lines, list(_summary(flow, verdicts, found))]
    return "\n\n".join(laid_out(block, width, palette) for block in blocks if block) + "\n"


def _lines(flow: Flow, verdict: Verdict, names: int) -> Iterator[Line]:
    sign = Piece("✓ ", Style.ADD) if verdict.passed else Piece("✗ ", Style.ALARM)
    style = Style.PLAIN if verdict.passed else Style.ALARM
    name = verdict.name + " " * max(0, names - columns(verdict.name))
    label = verdict.test.get("label") or ""
    yield ONE_LINE, (sign, Piece(f"{name}  ", style), Piece(label, Style.DIM))
    if not verdict.passed:
        yield 14, (Piece("    call      ", Style.DIM), *plain(_call(flow, verdict)))
        yield 14, (Piece("    expected  ", Style.DIM), *plain(_expected(flow, verdict)))
        yield 14, (Piece("    found     ", Style.DIM), Piece(_found(flow, verdict), Style.ALARM))
        if verdict.journey:
            yield 16, (Piece("    see       ", Style.DIM), *plain(command(verdict)))


def _call(flow: Flow, verdict: Verdict) -> str:
    number = address_words(flow, Address("number", verdict.test["to"]))
    if verdict.at is None:
        return number
    when = time_words(verdict.at, zone_of(flow, Place("number", verdict.test["to"])))
    pressed = [entry_words(entry) for entry in verdict.test.get("keys") or ()]
    does = f"presses {', then '.join(pressed)}" if pressed else "presses nothing"
    return f"{number}, {when}, {does}"


def _expected(flow: Flow, verdict: Verdict) -> str:
    return listed([_place(flow, at) for at in verdict.test["expect"]], "or")


def _place(flow: Flow, at: str) -> str:
    return address_words(flow, parse_address(at)) if "/" in at else "the call ends, as declared"


def _found(flow: Flow, verdict: Verdict) -> str:
    if verdict.journey is None:
        return f"there is no {verdict.lacks}"
    journey = verdict.journey
    return f"{end_words(flow, journey.end, journey.at)} after {length_words(journey.seconds)}"


_WHO_CALLS = frozenset({Event.LISTED, Event.OTHERS})


def command(verdict: Verdict) -> str:
    """The command that shows the call step by step."""
    keys = verdict.test.get("keys")
    more = f" --keys '{','.join(keys)}'" if keys else ""
    steps = verdict.journey.steps if verdict.journey else ()
    if verdict.test.get("caller") and any(step.way.event in _WHO_CALLS for step in steps):
        more += f" --from {verdict.test['caller']}"
    for position in verdict.test.get("switches") or ():
        more += f" --switch {position['switch']}={position['position']}"
    return f"ccstate simulate {verdict.test['to']} --at {verdict.test['at']}{more}"


def _summary(flow: Flow, verdicts: Sequence[Verdict], found: Coverage) -> Iterator[Line]:
    failed = sum(not verdict.passed for verdict in verdicts)
    head = passing(verdicts)
    style = Style.ALARM if failed else Style.STRONG
    yield 2, (Piece(f"{head}.", style), *plain(f" {covered(found)}."))
    if found.missing:
        yield 4, (Piece("  No test: ", Style.DIM), *plain(_missing(flow, found.missing)))
        yield 2, (*plain("To write the missing tests:  "), Piece(GENERATE, Style.STRONG))


def passing(verdicts: Sequence[Verdict]) -> str:
    """`14 of 15 call tests pass`."""
    passed = sum(verdict.passed for verdict in verdicts)
    verb = "passes" if 1 in {passed, len(verdicts)} else "pass"
    return f"{passed} of {plural(len(verdicts), 'call test')} {verb}"


GENERATE = "ccstate test --generate"


def covered(found: Coverage) -> str:
    """`They cover 21 of 54 ends of 11 numbers`."""
    return f"Covered: {found.covered:,} of {plural(found.ends, 'end')} of {plural(found.numbers, 'number')}"


def _missing(flow: Flow, missing: Sequence[Ending]) -> str:
    shown = [_missing_one(flow, ending) for ending in missing[:MISSING]]
    more = [f"and {len(missing) - MISSING:,} more"] if len(missing) > MISSING else []
    return "; ".join([*shown, *more])


def _missing_one(flow: Flow, ending: Ending) -> str:
    return f"{address_words(flow, Address('number', ending.number))} to {_place(flow, ending.at)}"


def call_tests_markdown(run: TestRun) -> str:
    """The tests that fail, for a comment, and the counts."""
    flow, verdicts, found = run.flow, run.verdicts, run.coverage
    failed = [verdict for verdict in verdicts if not verdict.passed]
    lines = [f"**{passing(verdicts)}.** {covered(found)}.", ""]
    for verdict in failed:
        lines += [
            f"- **{code(verdict.name)}**: {code(_call(flow, verdict))}\\",
            f"  expected {code(_expected(flow, verdict))}, found {code(_found(flow, verdict))}",
        ]
    if found.missing:
        shown = [f"- {code(_missing_one(flow, ending))}" for ending in found.missing[:MISSING]]
        more = [f"- and {len(found.missing) - MISSING:,} more"] * (len(found.missing) > MISSING)
        lines += ["", f"No test, {code(GENERATE)} writes them:", "", *shown, *more]
    return "\n".join(lines).rstrip() + "\n"


def call_tests_json(run: TestRun) -> str:
    """Everything: `end` and `at` are as in a simulation; None where there is no such number or moment."""
    verdicts, found = run.verdicts, run.coverage
    body = {
        "passed": sum(verdict.passed for verdict in verdicts),
        "failed": sum(not verdict.passed for verdict in verdicts),
        "tests": [_json(verdict) for verdict in verdicts],
        "coverage": {
            "numbers": found.numbers,
            "ends": found.ends,
            "covered": found.covered,
            "missing": [
                {"number": ending.number, "at": ending.at, "keys": list(ending.keys)}
                for ending in found.missing
            ],
        },
    }
    return as_json(body)


def _json(verdict: Verdict) -> dict[str, object]:
    journey = verdict.journey
    return {
        "name": verdict.name,
        "passed": verdict.passed,
        "to": verdict.test["to"],
        "at": verdict.at.isoformat() if verdict.at else None,
        "keys": verdict.test.get("keys") or [],
        "expect": verdict.test["expect"],
        "end": journey.end.value if journey else None,
        "reached": journey.at if journey else None,
        "seconds": journey.seconds if journey else None,
    }


def call_tests_junit(run: TestRun) -> str:
    """A test case for each call test, with the file that declares it."""
    flow, verdicts, files = run.flow, run.verdicts, run.files
    failed = sum(not verdict.passed for verdict in verdicts)
    root, suite = suites("call tests", len(verdicts), failed)
    for verdict in verdicts:
        where = {"classname": "call_test", "name": safe(verdict.name)}
        if file := files.get(verdict.name):
            where["file"] = safe(file)
        case = case_in(suite, where)
        if not verdict.passed:
            words = (
                f"{_call(flow, verdict)}\nexpected {_expected(flow, verdict)}\n"
                f"found {_found(flow, verdict)}"
            )
            said = {"message": safe(_found(flow, verdict)), "type": "call_test"}
            failure = ET.SubElement(case, "failure", said)
            failure.text = "\n".join(safe(line) for line in words.splitlines())
    return spelled(root)


CALL_TESTS: Report[TestRun] = Report(
    call_tests_text, json=call_tests_json, markdown=call_tests_markdown, junit=call_tests_junit
)
