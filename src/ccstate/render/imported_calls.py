"""What callers meet after an import, beside what they met before: by cause on a screen, all in a file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ccstate.imports import Calls, Differs, NotFollowed
from ccstate.render.text import Line, Piece, Style, plain, safe, well_formed
from ccstate.render.values import plural

SHOWN = 8
"""Causes that a screen shows."""
LONGEST = 160
"""Characters of what callers hear, on a screen."""


@dataclass(slots=True)
class _Cause:
    """What is behind several differences: a line, and what is different there."""

    about: str
    example: Differs | NotFollowed
    places: set[str]
    count: int = 0


def summary(calls: Calls) -> str:
    """All of it in one line."""
    return (
        f"{plural(calls.compared, 'call')} compared: {calls.same:,} the same, "
        f"{calls.differ:,} differ, {calls.not_followed:,} not followed"
    )


def summary_line(calls: Calls) -> Iterator[Line]:
    is_same = calls.same == calls.compared
    yield 2, (Piece(summary(calls), Style.ADD if is_same else Style.CHANGE),)


def by_cause(calls: Calls) -> Iterator[Line]:
    """The causes of differences, those with most calls first, each with an example."""
    causes = _causes(calls)
    if not causes:
        return
    heading = f"Calls that go otherwise, by cause ({plural(len(causes), 'cause')})"
    yield 2, (Piece(heading, Style.STRONG),)
    for cause in causes[:SHOWN]:
        followed = _is_difference(cause.example)
        sign = Piece("  ~ ", Style.CHANGE) if followed else Piece("  ? ", Style.REMOVE)
        count = plural(cause.count, "way") if cause.count > 1 else "one way"
        if len(cause.places) > 1:
            count += f" at {plural(len(cause.places), 'line')}"
        place = _place(cause.example)
        yield 6, (sign, *plain(f"{place}  {cause.about}: {count}, such as"))
        for line in _told(cause.example, LONGEST):
            yield 8, plain(f"      {line}")
    if causes[SHOWN:]:
        yield 6, plain(f"  … and {plural(len(causes) - SHOWN, 'more cause')}")


def _found(calls: Calls) -> list[Differs | NotFollowed]:
    return [*calls.differences, *calls.unfollowed]


def _is_difference(one: Differs | NotFollowed) -> bool:
    return hasattr(one, "before")


def _causes(calls: Calls) -> list[_Cause]:
    """Differences that are alike but for numbers, and names with numbers, have one cause."""
    found: dict[tuple[str, ...], _Cause] = {}
    for one in _found(calls):
        about = _about(one)
        told = (getattr(one, "before", ""), getattr(one, "after", ""))
        key = (about, *(_VARIES.sub("…", text) for text in told))
        cause = found.setdefault(key, _Cause(about, one, set()))
        cause.places.add(_place(one))
        cause.count += getattr(one, "calls", 1)
    return sorted(found.values(), key=lambda cause: -cause.count)


_VARIES = re.compile(r"[\w.@/+*«-]*[0-9][\w.@/+*»-]*")


def _place(one: Differs | NotFollowed) -> str:
    return safe(f"{one.file}:{one.line}" if one.line else one.file)


def _about(one: Differs | NotFollowed) -> str:
    reason = getattr(one, "about", "") or f"not followed: {getattr(one, 'reason', '')}"
    return safe(re.sub(r"\s+", " ", str(reason)))


def _told(one: Differs | NotFollowed, most: int) -> Iterator[str]:
    """An example: who, before, after."""
    did = ", ".join(one.did)
    at = getattr(one, "at", None)
    when = f" at {at:%Y-%m-%d %H:%M}" if at else ""
    yield _cut(f"{one.door}{when}" + (f": {did}" if did else ""), 2 * most)
    if _is_difference(one):
        yield f"before: {_cut(str(getattr(one, 'before', '')), most)}"
        yield f"after: {_cut(str(getattr(one, 'after', '')), most)}"


def _cut(text: str, most: int) -> str:
    text = safe(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def all_calls(calls: Calls) -> Iterator[str]:
    """Every difference and every way that was not followed, a line or more for each."""
    yield summary(calls)
    told = f"{plural(calls.numbers, 'number')} dialled"
    yield told + (f", {calls.samples:,} of them for all of a pattern" if calls.samples else "")
    for one in _found(calls):
        yield ""
        yield f"{_place(one)}  {_about(one)}"
        yield from (f"  {line}" for line in _told(one, 2_000))


def calls_json(calls: Calls) -> Mapping[str, object]:
    """The same as values for JSON."""
    return {
        "numbers": calls.numbers,
        "samples": calls.samples,
        "compared": calls.compared,
        "same": calls.same,
        "differ": calls.differ,
        "not_followed": calls.not_followed,
        "differences": [
            {
                **_where(one),
                "about": one.about,
                "before": well_formed(one.before),
                "after": well_formed(one.after),
                "at": one.at.isoformat() if one.at else None,
            }
            for one in calls.differences
        ],
        "unfollowed": [
            {**_where(one), "reason": well_formed(one.reason), "calls": one.calls}
            for one in calls.unfollowed
        ],
    }


def _where(one: Differs | NotFollowed) -> dict[str, object]:
    return {
        "call": well_formed(str(one.door)),
        "did": [well_formed(did) for did in one.did],
        "file": well_formed(one.file),
        "line": one.line,
    }
