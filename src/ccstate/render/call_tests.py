"""Call tests, walked and made as real calls: what passed, what did not and why, and what has no test."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree as ET

from ccstate.journeys.call_tests import CallResult, Coverage, Ending, RealCall, Verdict
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import Journey, Step, zone_of
from ccstate.journeys.ways import Event, Place
from ccstate.model import Address, parse_address
from ccstate.render.formats import Report, as_json
from ccstate.render.journey_words import (
    address_words,
    end_words,
    entry_words,
    event_words,
    length_words,
    place_words,
    time_words,
)
from ccstate.render.junit import case_in, spelled, suites
from ccstate.render.text import (
    ONE_LINE,
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    code,
    columns,
    lay_out,
    paragraphs,
    plain,
    safe,
)
from ccstate.render.values import join_words, plural
from ccstate.report_format import calls as form

WIDEST = 40
"""Columns for names; longer ones push their labels to the right."""
MISSING = 5
"""Ends without a test that are named; the rest is counted."""


class BrokenTest(NamedTuple):
    """A call test that does not end as it should, in words."""

    name: str
    call: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class TestRun:
    """The tests that were walked, what they cover, and by name the files that declare them."""

    flow: Flow
    verdicts: Sequence[Verdict]
    coverage: Coverage
    files: Mapping[str, str]


def call_tests_text(run: TestRun, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write every test in a line, more of those that fail, and what is not covered."""
    flow, verdicts, found = run.flow, run.verdicts, run.coverage
    names = min(max((columns(v.name) for v in verdicts), default=0), WIDEST)
    lines = [line for verdict in verdicts for line in _lines(flow, verdict, names)]
    return paragraphs((lines, _summary(flow, verdicts, found)), width, palette)


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


def broken_tests(flow: Flow, verdicts: Sequence[Verdict]) -> list[BrokenTest]:
    """Describe the tests that do not end as they should."""
    return [
        BrokenTest(v.name, _call(flow, v), _expected(flow, v), _found(flow, v))
        for v in verdicts
        if not v.passed
    ]


def _call(flow: Flow, verdict: Verdict) -> str:
    number = address_words(flow, Address("number", verdict.test["to"]))
    if verdict.at is None:
        return number
    when = time_words(verdict.at, zone_of(flow, Place("number", verdict.test["to"])))
    pressed = [entry_words(entry) for entry in verdict.test.get("keys") or ()]
    does = f"presses {', then '.join(pressed)}" if pressed else "presses nothing"
    return f"{number}, {when}, {does}"


def _expected(flow: Flow, verdict: Verdict) -> str:
    return join_words([_place(flow, at) for at in verdict.test["expect"]], "or")


def _place(flow: Flow, at: str) -> str:
    return address_words(flow, parse_address(at)) if "/" in at else "the call ends, as declared"


def _found(flow: Flow, verdict: Verdict) -> str:
    if verdict.journey is None:
        return f"there is no {verdict.lacks}"
    journey = verdict.journey
    return f"{end_words(flow, journey.end, journey.at)} after {length_words(journey.seconds)}"


_WHO_CALLS = frozenset({Event.LISTED, Event.OTHERS})


def command(verdict: Verdict) -> str:
    """Return the command that shows the call step by step."""
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
    head = passed_words(verdicts)
    style = Style.ALARM if failed else Style.STRONG
    yield 2, (Piece(f"{head}.", style), *plain(f" {coverage_words(found)}."))
    if found.missing:
        yield 4, (Piece("  No test: ", Style.DIM), *plain(_missing(flow, found.missing)))
        yield 2, (*plain("To write the missing tests:  "), Piece(GENERATE, Style.STRONG))


def passed_words(verdicts: Sequence[Verdict]) -> str:
    """Count the tests that pass: `14 of 15 call tests pass`."""
    passed = sum(verdict.passed for verdict in verdicts)
    verb = "passes" if 1 in {passed, len(verdicts)} else "pass"
    return f"{passed} of {plural(len(verdicts), 'call test')} {verb}"


GENERATE = "ccstate test --generate"


def coverage_words(found: Coverage) -> str:
    """Count the ends that are covered: `They cover 21 of 54 ends of 11 numbers`."""
    return f"Covered: {found.covered:,} of {plural(found.ends, 'end')} of {plural(found.numbers, 'number')}"


def _missing(flow: Flow, missing: Sequence[Ending]) -> str:
    shown = [_missing_one(flow, ending) for ending in missing[:MISSING]]
    more = [f"and {len(missing) - MISSING:,} more"] if len(missing) > MISSING else []
    return "; ".join([*shown, *more])


def _missing_one(flow: Flow, ending: Ending) -> str:
    return f"{address_words(flow, Address('number', ending.number))} to {_place(flow, ending.at)}"


def call_tests_markdown(run: TestRun) -> str:
    """Write the tests that fail, for a comment, and the counts."""
    flow, verdicts, found = run.flow, run.verdicts, run.coverage
    failed = [verdict for verdict in verdicts if not verdict.passed]
    lines = [f"**{passed_words(verdicts)}.** {coverage_words(found)}.", ""]
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
    """Write everything: `end` and `at` as in a simulation; None for no such number or moment."""
    found = run.coverage
    body = form.TestsRun(
        passed=sum(verdict.passed for verdict in run.verdicts),
        failed=sum(not verdict.passed for verdict in run.verdicts),
        tests=[_tested(verdict) for verdict in run.verdicts],
        coverage=form.Coverage(
            numbers=found.numbers,
            ends=found.ends,
            covered=found.covered,
            missing=[
                form.Missing(number=ending.number, at=ending.at, keys=list(ending.keys))
                for ending in found.missing
            ],
        ),
    )
    return as_json(body)


def _tested(verdict: Verdict) -> form.Tested:
    journey = verdict.journey
    return form.Tested(
        name=verdict.name,
        passed=verdict.passed,
        to=verdict.test["to"],
        at=verdict.at.isoformat() if verdict.at else None,
        keys=verdict.test.get("keys") or [],
        expect=verdict.test["expect"],
        end=journey.end.value if journey else None,
        reached=journey.at if journey else None,
        seconds=journey.seconds if journey else None,
    )


def call_tests_junit(run: TestRun) -> str:
    """Write a test case for each call test, with the file that declares it."""
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
            attributes = {"message": safe(_found(flow, verdict)), "type": "call_test"}
            failure = ET.SubElement(case, "failure", attributes)
            failure.text = "\n".join(safe(line) for line in words.splitlines())
    return spelled(root)


CALL_TESTS: Report[TestRun] = Report(
    call_tests_text, json=call_tests_json, markdown=call_tests_markdown, junit=call_tests_junit
)


ARROW = " → "


def placed_line(result: CallResult, names: int, palette: Palette = PLAIN, width: int = 80) -> str:
    """Write the verdict on one call, as soon as it is over.

    `names` are the columns of all names.
    """
    return lay_out([_verdict(result, names)], width, palette)


@dataclass(frozen=True, slots=True)
class PlacedCalls:
    """The calls that were made, and by name the files that declare their tests."""

    flow: Flow
    results: Sequence[CallResult]
    files: Mapping[str, str] = field(default_factory=dict)


def placed_text(placed: PlacedCalls, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write every test with both its ways, and the count."""
    flow, results = placed.flow, placed.results
    names = max((columns(r.walked.name) for r in results), default=0)
    lines = [line for result in results for line in _result_lines(flow, result, names)]
    style = Style.STRONG if all(is_good(result) for result in results) else Style.ALARM
    summary = [(2, (Piece(f"{results_words(results)}.", style),))]
    return paragraphs((lines, summary), width, palette)


def is_good(result: CallResult) -> bool:
    """Check whether the call kept the promise, and went as the model says."""
    return result.passed and result.agrees


def results_words(results: Sequence[CallResult]) -> str:
    """Count the results: `15 of 15 calls end as they should, 15 agree with the model`."""
    passed = sum(result.passed for result in results)
    agree = sum(result.agrees for result in results)
    calls = plural(len(results), "call")
    verb = "ends as it should" if passed == 1 else "end as they should"
    return (
        f"{passed} of {calls} {verb}, {agree} {'agrees' if agree == 1 else 'agree'} with the model"
    )


def _verdict(result: CallResult, names: int) -> Line:
    good = is_good(result)
    sign = Piece("✓ ", Style.ADD) if good else Piece("✗ ", Style.ALARM)
    name = result.walked.name + " " * max(0, names - columns(result.walked.name))
    label = str(result.walked.test.get("label") or "")
    return ONE_LINE, (
        sign,
        Piece(f"{name}  ", Style.PLAIN if good else Style.ALARM),
        Piece(label, Style.DIM),
    )


def _result_lines(flow: Flow, result: CallResult, names: int) -> Iterator[Line]:
    yield _verdict(result, names)
    yield 11, (Piece("    model  ", Style.DIM), *plain(_model(flow, result)))
    yield 11, (Piece("    call   ", Style.DIM), *plain(_call_words(flow, result)))
    agrees, words = _agrees(flow, result)
    yield (
        11,
        (Piece("    agree  ", Style.DIM), Piece(words, Style.PLAIN if agrees else Style.ALARM)),
    )


def _model(flow: Flow, result: CallResult) -> str:
    journey = result.walked.journey
    if journey is None:
        return f"there is no {result.walked.lacks}"
    return _way(flow, journey)


def _way(flow: Flow, journey: Journey) -> str:
    """Write a way: `Main line: open → Main menu: presses 1 → reaches Sales (queue/sales)`."""
    # The end names the last place again, where that is whom the caller reaches.
    stops = [_stop(flow, step) for step in journey.steps if _address(step) != journey.at]
    return ARROW.join([*stops, end_words(flow, journey.end, journey.at)])


def _address(step: Step) -> str:
    place = step.place
    if place.kind == "extension" and place.node:
        return f"voicemail/{place.name}"
    return f"{place.kind}/{place.name}" if place.kind != "ivr" else ""


def _stop(flow: Flow, step: Step) -> str:
    name = place_words(flow, step.place)
    if step.way.event in {Event.ANSWERED, Event.THEN}:
        return name
    words = event_words(step.way, step.keys) or str(step.way.event)
    return f"{name}: {words}"


def _call_words(flow: Flow, result: CallResult) -> str:
    observed = result.observed
    if observed is None:
        return "was not made"
    if observed.refused:
        return f"was refused by SIP: {observed.refused}"
    took = f"after {length_words(round(observed.seconds))}"
    if result.agrees:
        return f"the same way, {took}{_person(observed)}"
    return f"{_way(flow, observed.journey)}, {took}{_person(observed)}"


def _person(observed: RealCall) -> str:
    person = observed.person
    if person is None:
        return ""
    if person.number:
        return f"; {person.number} answered"
    who = person.member if person.member != person.extension else ""
    return f"; {who} answered on {person.extension}" if who else f"; {person.extension} answered"


def _agrees(flow: Flow, result: CallResult) -> tuple[bool, str]:
    compared = result.agreement
    if compared is None:
        return False, "no: there is nothing to compare"
    if compared.agrees and result.passed:
        return True, "yes"
    if compared.agrees:
        expected = " or ".join(result.walked.test["expect"])
        return False, f"yes, and both end elsewhere than {expected}"
    model, call = (_part(flow, step) for step in (compared.walked, compared.observed))
    return False, f"no: the model goes on with {model}, the call with {call}"


def _part(flow: Flow, step: Step | None) -> str:
    return "its end" if step is None else _stop(flow, step)


def placed_json(placed: PlacedCalls) -> str:
    """Write everything, `end` and `reached` as in a simulation."""
    body = form.CallsPlaced(
        passed=sum(result.passed for result in placed.results),
        agree=sum(result.agrees for result in placed.results),
        tests=[_placed(result) for result in placed.results],
    )
    return as_json(body)


def _placed(result: CallResult) -> form.Placed:
    observed = result.observed
    return form.Placed(
        name=result.walked.name,
        passed=result.passed,
        agrees=result.agrees,
        to=result.walked.test["to"],
        at=result.walked.at.isoformat() if result.walked.at else None,
        expect=result.walked.test["expect"],
        model=_journey(result.walked.journey),
        call=_journey(observed.journey) if observed else None,
        seconds=round(observed.seconds, 1) if observed else None,
        answered_by=_answered(observed),
        refused=observed.refused if observed else None,
    )


def _answered(observed: RealCall | None) -> dict[str, str] | None:
    if observed is None or observed.person is None:
        return None
    return {name: text for name, text in observed.person._asdict().items() if text}


def _journey(journey: Journey | None) -> form.PlacedWay | None:
    if journey is None:
        return None
    steps = [
        form.PlacedStep(place=str(s.place), event=s.way.event.value, keys=s.keys)
        for s in journey.steps
    ]
    return form.PlacedWay(end=journey.end.value, reached=journey.at, steps=steps)


def placed_markdown(placed: PlacedCalls) -> str:
    """Write the calls that are not as they should be, for a comment, and the counts."""
    flow, results = placed.flow, placed.results
    lines = [f"**{results_words(results)}.**", ""]
    for result in results:
        if not is_good(result):
            _, words = _agrees(flow, result)
            lines += [
                f"- **{code(result.walked.name)}**\\",
                f"  model {code(_model(flow, result), 500)}\\",
                f"  call {code(_call_words(flow, result), 500)}\\",
                f"  agree {code(words)}",
            ]
    return "\n".join(lines).rstrip() + "\n"


def placed_junit(placed: PlacedCalls) -> str:
    """Write a test case for each call, with the file that declares its test."""
    flow, results, files = placed.flow, placed.results, placed.files
    failed = sum(not is_good(result) for result in results)
    took = [result.observed.seconds if result.observed else 0.0 for result in results]
    root, suite = suites("real calls", len(results), failed, sum(took))
    for result, seconds in zip(results, took, strict=True):
        name = result.walked.name
        where = {"classname": "call_test", "name": safe(name)}
        if file := files.get(name):
            where["file"] = safe(file)
        case = case_in(suite, where, seconds)
        _, words = _agrees(flow, result)
        details = (
            f"model {_model(flow, result)}",
            f"call {_call_words(flow, result)}",
            f"agree {words}",
        )
        text = "\n".join(safe(line) for line in details)
        if is_good(result):
            ET.SubElement(case, "system-out").text = text
        else:
            message = {"message": safe(words), "type": "call"}
            ET.SubElement(case, "failure", message).text = text
    return spelled(root)


PLACED_CALLS: Report[PlacedCalls] = Report(
    placed_text, json=placed_json, markdown=placed_markdown, junit=placed_junit
)
