"""Who is in the middle of what a plan touches: callers who wait and talk, agents who pause."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccstate.model import Activity, Address
from ccstate.render.formats import Report
from ccstate.render.markdown import code
from ccstate.render.text import PLAIN, Line, Palette, Piece, Style, columns, laid_out, plain, safe

SHOWN = 20
"""Objects that are named; what is beyond is counted."""

Busy = Mapping[str, Mapping[Address, Activity]]


def busy_text(busy: Busy, plan_id: str, width: int = 80, palette: Palette = PLAIN) -> str:
    """What is going on at the objects, and how to wait for it."""
    blocks = [[(2, (Piece("In the middle of this now:", Style.CHANGE),)), *_lines(busy)]]
    if plan_id and _has_callers(busy):
        wait = f"To wait for those calls first:  ccstate apply {plan_id} --drain 5m"
        blocks.append([(2, plain(wait))])
    return "\n" + "\n\n".join(laid_out(block, width, palette) for block in blocks)


def going_on(activity: Mapping[Address, Activity]) -> Iterator[Line]:
    """What is going on on one platform."""
    yield from _lines({"": activity})


def _lines(busy: Busy) -> Iterator[Line]:
    named = [(str(a), told.words) for found in busy.values() for a, told in sorted(found.items())]
    longest = max((columns(safe(name)) for name, _ in named[:SHOWN]), default=0)
    for name, words in named[:SHOWN]:
        padded = name + " " * (longest - columns(safe(name)))
        yield longest + 6, (Piece(f"  {padded}  "), *plain("; ".join(words)))
    if len(named) > SHOWN:
        yield 4, (Piece(f"  … and {len(named) - SHOWN:,} more", Style.DIM),)


def _has_callers(busy: Busy) -> bool:
    return any(told.callers for found in busy.values() for told in found.values())


def busy_markdown(busy: Busy, plan_id: str) -> str:
    """The same for a comment."""
    named = [(str(a), told.words) for found in busy.values() for a, told in sorted(found.items())]
    lines = [f"- {code(name)}: {code('; '.join(words), 200)}" for name, words in named[:SHOWN]]
    if len(named) > SHOWN:
        lines.append(f"- … and {len(named) - SHOWN:,} more")
    wait = f"\nTo wait for those calls first: `ccstate apply {plan_id} --drain 5m`\n"
    more = wait if plan_id and _has_callers(busy) else ""
    return "\n**In the middle of this now:**\n\n" + "\n".join(lines) + "\n" + more


class BusyPlan(NamedTuple):
    """What is going on where a plan changes something, and its id where it was written down."""

    busy: Busy
    plan_id: str


BUSY: Report[BusyPlan] = Report(
    lambda at, width, palette: busy_text(*at, width, palette),
    markdown=lambda at: busy_markdown(*at),
)
