"""Queues as they are at this moment: a table for a terminal, and JSON."""

from collections.abc import Iterator

from ccstate.measures.figures import Number
from ccstate.render.formats import Report, as_json
from ccstate.render.text import (
    ONE_LINE,
    Line,
    Palette,
    Piece,
    Style,
    columns,
    paragraphs,
    plain,
    safe,
)
from ccstate.render.values import plural
from ccstate.report_format.measures import Measured, MeasuredQueue, MeasuredTarget

COLUMNS = {
    "waiting": "waiting",
    "longest_wait": "longest",
    "agents_ready": "ready",
    "agents_ringing": "ringing",
    "agents_talking": "talking",
    "agents_wrap_up": "wrap-up",
    "agents_paused": "paused",
}


def _text(found: Measured, width: int, palette: Palette) -> str:
    return paragraphs((_target(each, width) for each in found.targets), width, palette)


def _target(found: MeasuredTarget, width: int) -> Iterator[Line]:
    yield 0, plain(f"{found.target}: {plural(len(found.queues), 'queue')} at {found.at}")
    if not found.queues:
        return
    room = max(12, width - 2 - sum(2 + len(title) for title in COLUMNS.values()))
    widest = min(room, max(5, *(columns(safe(queue.queue)) for queue in found.queues)))
    titles = "".join(f"  {title}" for title in COLUMNS.values())
    yield ONE_LINE, (Piece(f"  {'queue':{widest}}{titles}", Style.DIM),)
    for queue in found.queues:
        name = safe(queue.queue)
        if columns(name) > widest:
            yield 2, plain(f"  {name}")
            name = ""
        values = "".join(
            f"  {_cell(figure, queue.figures[figure]):>{len(title)}}"
            for figure, title in COLUMNS.items()
        )
        yield ONE_LINE, plain(f"  {name}{' ' * (widest - columns(name))}{values}")
        if paused := _reasons(queue):
            yield 4, plain(f"    paused: {paused}")


def _cell(name: str, value: Number | None) -> str:
    if value is None:
        return "–"
    return duration(value) if name == "longest_wait" else str(value)


def duration(seconds: Number) -> str:
    """Write seconds as people read a wait: 8s, 4m05s, 1h02m."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


def _reasons(queue: MeasuredQueue) -> str:
    return ", ".join(
        f"{paused.agents} {safe(paused.reason) or 'without a reason'}" for paused in queue.paused
    )


MEASURED: Report[Measured] = Report(_text, json=as_json)
