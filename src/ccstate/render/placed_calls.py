"""Call tests made as real calls: what the model says, what the call met, whether the two agree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from ccstate.journeys.flow import Flow
from ccstate.journeys.placed import CallResult, Heard
from ccstate.journeys.walk import Journey, Step
from ccstate.journeys.ways import Event
from ccstate.render.formats import Report, as_json
from ccstate.render.journey_words import end_words, event_words, length_words, place_words
from ccstate.render.junit import case_in, spelled, suites
from ccstate.render.markdown import code
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

ARROW = " → "


def placed_line(result: CallResult, names: int, palette: Palette = PLAIN, width: int = 80) -> str:
    """The verdict on one call, as soon as it is over; `names` are the columns of all names."""
    return laid_out([_verdict(result, names)], width, palette)


@dataclass(frozen=True, slots=True)
class PlacedCalls:
    """The calls that were made, and by name the files that declare their tests."""

    flow: Flow
    results: Sequence[CallResult]
    files: Mapping[str, str] = field(default_factory=dict)


def placed_text(placed: PlacedCalls, width: int = 80, palette: Palette = PLAIN) -> str:
    """Every test with both its ways, and the count."""
    flow, results = placed.flow, placed.results
    names = max((columns(r.walked.name) for r in results), default=0)
    lines = [line for result in results for line in _lines(flow, result, names)]
    style = Style.STRONG if all(is_good(result) for result in results) else Style.ALARM
    summary = [(2, (Piece(f"{summed_up(results)}.", style),))]
    return "\n\n".join(laid_out(block, width, palette) for block in (lines, summary)) + "\n"


def is_good(result: CallResult) -> bool:
    """Whether the call kept the promise, and the model tells of it as it was."""
    return result.passed and result.agrees


def summed_up(results: Sequence[CallResult]) -> str:
    """`15 of 15 calls end as they should, 15 agree with the model`."""
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


def _lines(flow: Flow, result: CallResult, names: int) -> Iterator[Line]:
    yield _verdict(result, names)
    yield 11, (Piece("    model  ", Style.DIM), *plain(_model(flow, result)))
    yield 11, (Piece("    call   ", Style.DIM), *plain(_call(flow, result)))
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
    """`Main line: open → Main menu: presses 1 → reaches Sales (queue/sales)`."""
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


def _call(flow: Flow, result: CallResult) -> str:
    heard = result.heard
    if heard is None:
        return "was not made"
    if heard.refused:
        return f"was refused by SIP: {heard.refused}"
    took = f"after {length_words(round(heard.seconds))}"
    if result.agrees:
        return f"the same way, {took}{_person(heard)}"
    return f"{_way(flow, heard.journey)}, {took}{_person(heard)}"


def _person(heard: Heard) -> str:
    person = heard.person
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
    model, call = (_part(flow, step) for step in (compared.walked, compared.heard))
    return False, f"no: the model goes on with {model}, the call with {call}"


def _part(flow: Flow, step: Step | None) -> str:
    return "its end" if step is None else _stop(flow, step)


def placed_json(placed: PlacedCalls) -> str:
    """Everything, `end` and `reached` as in a simulation."""
    results = placed.results
    body = {
        "passed": sum(result.passed for result in results),
        "agree": sum(result.agrees for result in results),
        "tests": [_json(result) for result in results],
    }
    return as_json(body)


def _json(result: CallResult) -> dict[str, object]:
    heard = result.heard
    return {
        "name": result.walked.name,
        "passed": result.passed,
        "agrees": result.agrees,
        "to": result.walked.test["to"],
        "at": result.walked.at.isoformat() if result.walked.at else None,
        "expect": result.walked.test["expect"],
        "model": _journey(result.walked.journey),
        "call": _journey(heard.journey) if heard else None,
        "seconds": round(heard.seconds, 1) if heard else None,
        "answered_by": _answered(heard),
        "refused": heard.refused if heard else None,
    }


def _answered(heard: Heard | None) -> dict[str, str] | None:
    if heard is None or heard.person is None:
        return None
    return {name: text for name, text in heard.person._asdict().items() if text}


def _journey(journey: Journey | None) -> dict[str, object] | None:
    if journey is None:
        return None
    steps = [
        {"place": str(s.place), "event": s.way.event.value, "keys": s.keys} for s in journey.steps
    ]
    return {"end": journey.end.value, "reached": journey.at, "steps": steps}


def placed_markdown(placed: PlacedCalls) -> str:
    """The calls that are not as they should be, for a comment, and the counts."""
    flow, results = placed.flow, placed.results
    lines = [f"**{summed_up(results)}.**", ""]
    for result in results:
        if not is_good(result):
            _, words = _agrees(flow, result)
            lines += [
                f"- **{code(result.walked.name)}**\\",
                f"  model {code(_model(flow, result), 500)}\\",
                f"  call {code(_call(flow, result), 500)}\\",
                f"  agree {code(words)}",
            ]
    return "\n".join(lines).rstrip() + "\n"


def placed_junit(placed: PlacedCalls) -> str:
    """A test case for each call, with the file that declares its test."""
    flow, results, files = placed.flow, placed.results, placed.files
    failed = sum(not is_good(result) for result in results)
    took = [result.heard.seconds if result.heard else 0.0 for result in results]
    root, suite = suites("real calls", len(results), failed, sum(took))
    for result, seconds in zip(results, took, strict=True):
        name = result.walked.name
        where = {"classname": "call_test", "name": safe(name)}
        if file := files.get(name):
            where["file"] = safe(file)
        case = case_in(suite, where, seconds)
        _, words = _agrees(flow, result)
        said = (f"model {_model(flow, result)}", f"call {_call(flow, result)}", f"agree {words}")
        text = "\n".join(safe(line) for line in said)
        if is_good(result):
            ET.SubElement(case, "system-out").text = text
        else:
            message = {"message": safe(words), "type": "call"}
            ET.SubElement(case, "failure", message).text = text
    return spelled(root)


PLACED_CALLS: Report[PlacedCalls] = Report(
    placed_text, json=placed_json, markdown=placed_markdown, junit=placed_junit
)
