"""Check what must hold inside one resource, beyond the form of its fields."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ccstate import codes
from ccstate.desired.findings import Finding, did_you_mean, quote
from ccstate.errors import Diagnostic
from ccstate.kinds import Kind, Path
from ccstate.kinds.call_test import YEARS, moment_named
from ccstate.kinds.display import FIGURE_ONLY
from ccstate.kinds.feature_code import NEEDS, TAKES
from ccstate.kinds.parking_lot import MOST_SLOTS, slot_numbers
from ccstate.model import Fields

_Problems: TypeAlias = Iterator[tuple[Path, Diagnostic]]


def check_alone(file: str, kind: Kind, name: str, fields: Fields) -> Iterator[Finding]:
    """Check one resource alone."""
    check = _CHECKS.get(kind.name)
    for path, problem in check(fields) if check else ():
        yield Finding(file, (kind.plural, name, *path), problem, canonical=True)


def _site(site: Mapping[str, Any]) -> _Problems:
    yield from check_timezone(site)
    seen: dict[str, str] = {}
    for area, content in (site.get("areas") or {}).items():
        for desk in content.get("desks") or ():
            if desk in seen:
                yield ("areas", area, "desks"), codes.DESK_TWICE(desk=quote(desk), area=seen[desk])
            seen[desk] = area


def _calendar(calendar: Mapping[str, Any]) -> _Problems:
    for index, holiday in enumerate(calendar["holidays"]):
        yield from check_days(holiday, ("holidays", index), quote(holiday["name"]))
        yield from _part_of_day(holiday, "hours", ("holidays", index))


def _schedule(schedule: Mapping[str, Any]) -> _Problems:
    yield from check_timezone(schedule)
    yield from _calendar({"holidays": schedule.get("holidays") or ()})
    for index, season in enumerate(schedule.get("seasons") or ()):
        yield from check_days(season, ("seasons", index), "the season")
    for index, exception in enumerate(schedule.get("exceptions") or ()):
        yield from check_days(exception, ("exceptions", index), "the exception")
        yield from _part_of_day(exception, "closed", ("exceptions", index))


def check_days(entry: Mapping[str, Any], root: Path, what: str) -> _Problems:
    """Check the days of an entry: each exists, and the last is not before the first."""
    first, last = entry.get("date") or entry["every"], entry.get("until")
    is_dated = bool(entry.get("date"))
    yield from _day(first, (*root, "date" if is_dated else "every"))
    if last is None:
        return
    if len(first) != len(last):
        yield (
            (*root, "until"),
            codes.YEAR_ON_ONE_END(what=what, first=first, last=last, dated=_with_year(first, last)),
        )
        return
    yield from _day(last, (*root, "until"))
    if is_dated and last < first:
        yield (*root, "until"), codes.ENDS_BEFORE_IT_BEGINS(what=what)


def _with_year(first: str, last: str) -> str:
    """Complete the day without a year by the year in which it is meant."""
    wraps = first[-5:] > last[-5:]
    if len(first) > len(last):
        return f"until: {int(first[:4]) + wraps:04}-{last}"
    return f"date: {int(last[:4]) - wraps:04}-{first}"


def _day(text: str, path: Path) -> _Problems:
    try:
        # A day of every year is one where a leap year has it.
        date.fromisoformat(text if len(text) == len("2026-12-25") else f"2024-{text}")
    except ValueError:
        yield path, codes.NO_SUCH_DAY(day=quote(text))


def _part_of_day(entry: Mapping[str, Any], field: str, root: Path) -> _Problems:
    for index, span in enumerate(entry.get(field) or ()):
        if span[6:] <= span[:5]:
            yield (*root, field, index), codes.NO_PART_OF_DAY(text=quote(span), rest=_rest(span))


def _rest(span: str) -> str:
    return f"{span[:5]}-24:00" + (f" and 00:00-{span[6:]}" if span[6:] != "00:00" else "")


def _call_test(test: Mapping[str, Any]) -> _Problems:
    if moment_named(test["at"], ZoneInfo("UTC")) is None:
        yield (
            ("at",),
            codes.NO_SUCH_MOMENT(moment=quote(test["at"]), first=YEARS[0], last=YEARS[-1]),
        )


def _feature_code(code: Mapping[str, Any]) -> _Problems:
    action = code["action"]
    needed = NEEDS.get(action)
    if needed and not code.get(needed):
        yield ("action",), codes.ACTION_LACKS_FIELD(action=quote(action), field=needed)
    for field, actions in TAKES.items():
        if code.get(field) and action not in actions:
            known = " and ".join(map(quote, sorted(actions)))
            yield (
                (field,),
                codes.FIELD_WITHOUT_ACTION(field=field, action=quote(action), actions=known),
            )


def _display(display: Mapping[str, Any]) -> _Problems:
    for index, tile in enumerate(display["tiles"]):
        shown = tile.get("list")
        idle = [field for field in FIGURE_ONLY if shown and tile.get(field)]
        idle += ["team"] if tile.get("team") and shown != "agents" else []
        for field in idle:
            fits = "list: agents" if field == "team" else "measure:"
            yield ("tiles", index, field), codes.FIELD_WITHOUT_USE(field=field, fits=fits)
    for index, message in enumerate(display.get("messages") or ()):
        first, last = message.get("since"), message.get("until")
        for field in ("since", "until"):
            if day := message.get(field):
                yield from _day(day, ("messages", index, field))
        if first and last and last < first:
            what = quote(message["text"])
            yield ("messages", index, "until"), codes.ENDS_BEFORE_IT_BEGINS(what=what)


def check_timezone(fields: Mapping[str, Any]) -> _Problems:
    """Check that the machine knows the timezone of the fields."""
    name = fields["timezone"]
    if not _is_timezone(name):
        from zoneinfo import available_timezones

        hint = did_you_mean(name, available_timezones())
        yield ("timezone",), codes.TIMEZONE_UNKNOWN(name=quote(name), hint=hint)


@cache
def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _ivr(ivr: Mapping[str, Any]) -> _Problems:
    nodes: Mapping[str, Any] = ivr["nodes"]
    if ivr["start"] not in nodes:
        yield (
            ("start",),
            codes.START_UNKNOWN(node=quote(ivr["start"]), hint=_near(ivr["start"], nodes)),
        )
    for name, node in nodes.items():
        for path, target in exits(node):
            if _is_node(target) and target not in nodes:
                yield (
                    ("nodes", name, *path),
                    codes.NODE_UNKNOWN(node=quote(target), hint=_near(target, nodes)),
                )
        if node["type"] == "collect":
            yield from _collected(node, ("nodes", name))
    yield from _endless(nodes)


def _collected(node: Mapping[str, Any], root: Path) -> _Problems:
    fewest, most = node.get("min_digits", 1), node.get("max_digits", 20)
    if fewest > most:
        yield (*root, "min_digits"), codes.DIGITS_REVERSED()
        return
    for digits in node.get("choices") or ():
        if not fewest <= len(digits) <= most:
            yield (
                (*root, "choices", digits),
                codes.DIGITS_IMPOSSIBLE(digits=quote(digits), fewest=fewest, most=most),
            )


def _endless(nodes: Mapping[str, Any]) -> _Problems:
    """Find a circle of nodes that neither play nor ask anything: a call would stay there for ever."""
    jumps = {
        name: [target for _, target in exits(node) if target in nodes]
        for name, node in nodes.items()
        if node["type"] in {"goto", "hours", "switch", "callers"}
    }
    if cycle := find_cycle(jumps):
        yield ("nodes", cycle[0]), codes.NODES_ENDLESS(round=" → ".join(cycle))


def find_cycle(edges: Mapping[str, list[str]]) -> list[str]:
    """Find one cycle of the graph, its first node repeated at the end; [] where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[::-1]
    return []


_EXITS = (
    "then", "to", "open", "closed", "holiday", "on", "off", "others", "on_timeout",
    "on_invalid", "on_no_answer",
)  # fmt: skip


def exits(node: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """List where a node of a tree leads, with the path of each exit in the node."""
    for field in _EXITS:
        if target := node.get(field):
            yield (field,), target
    for key, target in (node.get("choices") or {}).items():
        yield ("choices", key), target
    for index, entry in enumerate(node.get("callers") or ()):
        yield ("callers", index, "to"), entry["to"]


def _is_node(target: str) -> bool:
    return "/" not in target and target != "hangup"


def _near(word: str, nodes: Mapping[str, Any]) -> str:
    return did_you_mean(word, nodes) or f"nodes here: {', '.join(list(nodes)[:8])}"


def _parking_lot(lot: Mapping[str, Any]) -> _Problems:
    first, last = lot["slots"].split("-")
    if not slot_numbers(lot["slots"]) or len(first) != len(last):
        yield ("slots",), codes.NO_SLOTS(slots=quote(lot["slots"]), most=MOST_SLOTS)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], _Problems]] = {
    "site": _site,
    "calendar": _calendar,
    "schedule": _schedule,
    "call_test": _call_test,
    "ivr": _ivr,
    "parking_lot": _parking_lot,
    "feature_code": _feature_code,
    "display": _display,
}
