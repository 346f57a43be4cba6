"""Place what a display shows on a screen: where each tile stands, and how large its letters are.

All lengths are pixels of a screen of 1920 × 1080; on a larger one everything grows with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, hypot, pi
from typing import Any, NamedTuple

from ccstate.lettering import clip, width, wrap
from ccstate.measures import MEASURES

WIDTH, HEIGHT = 1920, 1080
DISTANCE = 8_000
"""Millimetres from which a wall must be readable."""
_DIAGONAL = 55 * 25.4
_MILLIMETRES = _DIAGONAL / hypot(WIDTH, HEIGHT)
_CAPITAL = 0.71
"""Height of a capital or a digit, in parts of the size: Roboto 0.711, Arial and Liberation Sans 0.716."""


def _size(minutes: int) -> int:
    """Compute the size of letters whose capitals are seen under so many minutes of arc."""
    height = DISTANCE * minutes / 60 * pi / 180
    return ceil(height / _MILLIMETRES / _CAPITAL)


# ISO 9241-3 and NUREG-0700, 1.3.1-4: 20 to 22 minutes are preferred, 16 the least for reading. Words of a wall
# are known to those who work below it: 10 minutes are usable where contrast is high (IBM, Healthy
# computing, "Character size"), and it is: see `colours`.
FIGURE = _size(20)
"""Size of letters of the smallest figure."""
WORDS = _size(10)
"""Size of letters of everything else, at the least."""

TITLE = 60
"""Size of the letters of title and clock, in bold."""
MARGIN = 24
GAP = 16
PAD = 20
HEADER = 84
FOOT = 72
LINE = 1.16
"""Height of a line of words, in parts of their size."""
_LARGEST_WORDS = 64
_LARGEST_FIGURE = 420
_FIGURE_HIGH = 0.8
"""Height that a figure takes, in parts of its size."""
FIGURE_WIDE = 3.6
"""Width for which the size of a figure is chosen, in parts of it: that of `100 %` and of `1 h 24`."""
ROW = ceil(WORDS * 1.25)
"""Height of a row of a list."""
FOOT_ROOM = WIDTH - 2 * MARGIN - 2 * PAD
"""Width for a message, in letters of `WORDS`."""
_CLOCK = 240
_NAME = 240
"""Width of the names in a list, at the least."""


class Box(NamedTuple):
    """A rectangle on the screen."""

    x: int
    y: int
    width: int
    height: int


class Column(NamedTuple):
    """A column of a list beside the names: what it holds, its heading and its width."""

    field: str
    title: str
    width: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A tile on the screen: its heading in lines, and the size of its figure, 0 for a list."""

    box: Box
    heading: tuple[str, ...]
    figure_size: int
    columns: tuple[Column, ...]
    rows: int
    """Rows that a list has room for."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything on the screen, in its place; None where a display has no such part."""

    header: Box | None
    foot: Box | None
    tiles: tuple[Placed, ...]
    rows: int
    words_size: int
    """Size of the letters of headings."""
    heading_high: int
    """Height of the headings of tiles, in as many lines as the longest needs."""
    title: str
    title_room: int
    """Width for the title."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Where a tile stands in the grid: its first column and row, from 0, and how many of each it takes."""

    column: int
    row: int
    width: int
    height: int


def cells_of(tiles: Sequence[Mapping[str, Any]], columns: object) -> tuple[Cells, ...]:
    """Place tiles in the grid, each in the first free place after the one before it.

    That is how browsers place them (CSS Grid Layout 1, section 8.5, `grid-auto-flow: row`). A tile that is
    wider than the grid takes its whole width.
    """
    found: list[Cells] = []
    columns = _whole(columns)
    free_from = [0] * columns
    """The first row in which each column is free from there on; nothing is placed above the row of the last."""
    column = row = 0
    for tile in tiles:
        wide = min(_whole(tile.get("width")), columns)
        high = _whole(tile.get("height"))
        while column + wide > columns or any(
            free > row for free in free_from[column : column + wide]
        ):
            column += 1
            if column + wide > columns:
                column, row = 0, row + 1
        found.append(Cells(column, row, wide, high))
        for taken in range(column, column + wide):
            free_from[taken] = row + high
        column += wide
    return tuple(found)


def _whole(value: object) -> int:
    return max(value, 1) if isinstance(value, int) else 1


def screen_of(display: Mapping[str, Any]) -> Screen:
    """Place everything of a display, whose defaults are filled in; what does not fit becomes small."""
    title = str(display.get("title") or display.get("label") or "")
    header = Box(MARGIN, MARGIN, WIDTH - 2 * MARGIN, HEADER)
    foot = Box(MARGIN, HEIGHT - MARGIN - FOOT, WIDTH - 2 * MARGIN, FOOT)
    has_header = bool(title or display.get("clock"))
    has_foot = bool(display.get("messages"))
    top = MARGIN + (HEADER + GAP if has_header else 0)
    bottom = HEIGHT - MARGIN - (FOOT + GAP if has_foot else 0)
    columns = _whole(display.get("columns"))
    tiles = display.get("tiles") or ()
    cells = cells_of(tiles, columns)
    rows = max((cell.row + cell.height for cell in cells), default=1)
    across = _shares(MARGIN, WIDTH - MARGIN, columns)
    down = _shares(top, bottom, rows)
    boxes = [
        Box(
            across[cell.column][0],
            down[cell.row][0],
            across[cell.column + cell.width - 1][1] - across[cell.column][0],
            down[cell.row + cell.height - 1][1] - down[cell.row][0],
        )
        for cell in cells
    ]
    cell_wide, cell_high = across[0][1] - across[0][0], down[0][1] - down[0][0]
    words_size = max(WORDS, min(_LARGEST_WORDS, cell_high * 3 // 20, cell_wide // 10))
    lines = _heading_lines(tiles, boxes, words_size)
    heading_high = _heading_high(lines, words_size)
    return Screen(
        header if has_header else None,
        foot if has_foot else None,
        tuple(
            _placed(tile, box, words_size, heading_high, lines)
            for tile, box in zip(tiles, boxes, strict=True)
        ),
        rows,
        words_size,
        heading_high,
        title,
        header.width - 2 * PAD - (_CLOCK if display.get("clock") else 0),
    )


def _shares(start: int, end: int, count: int) -> list[tuple[int, int]]:
    """Divide a length into equal parts with gaps between them: where each begins and ends."""
    part = (end - start - (count - 1) * GAP) / count
    starts = [start + place * (part + GAP) for place in range(count)]
    return [(round(begin), round(begin + part)) for begin in starts]


def heading_of(tile: Mapping[str, Any]) -> str:
    """Return the heading of a tile: its label, or what it shows."""
    if label := tile.get("label"):
        return str(label)
    if measure := MEASURES.get(str(tile.get("measure"))):
        return measure.title
    return str(tile.get("list") or "").capitalize()


def _heading_lines(
    tiles: Sequence[Mapping[str, Any]], boxes: Sequence[Box], words_size: int
) -> int:
    """Count the lines of the headings: two where one needs them and figures stay large enough."""
    for tile, box in zip(tiles, boxes, strict=True):
        needs_two = width(heading_of(tile)) * words_size > box.width - 2 * PAD
        if needs_two and _figure_size(box, _heading_high(2, words_size)) >= FIGURE:
            return 2
    return 1


def _heading_high(lines: int, words_size: int) -> int:
    """Return the height of headings, with the room below them."""
    return ceil(lines * words_size * LINE) + 6


def _placed(
    tile: Mapping[str, Any], box: Box, words_size: int, heading_high: int, lines: int
) -> Placed:
    inner = box.width - 2 * PAD
    room = inner / words_size
    heading = wrap(heading_of(tile), room, lines) if lines > 1 else (clip(heading_of(tile), room),)
    shown = tile.get("list")
    if not shown:
        return Placed(box, heading, _figure_size(box, heading_high), (), 0)
    columns = list_columns(str(shown), inner)
    # A list of queues has a row more, with the headings of its columns.
    below = box.height - 2 * PAD - _heading_high(len(heading), words_size)
    rows = below // ROW - (1 if shown == "queues" else 0)
    return Placed(box, heading, 0, columns, max(rows, 0))


def _figure_size(box: Box, heading_high: int) -> int:
    high = (box.height - 2 * PAD - heading_high) / _FIGURE_HIGH
    wide = (box.width - 2 * PAD) / FIGURE_WIDE
    return max(int(min(high, wide, _LARGEST_FIGURE)), 1)


_QUEUE_COLUMNS = (
    Column("waiting", "Waiting", 230),
    Column("longest_wait", "Longest", 240),
    Column("agents_ready", "Ready", 200),
    Column("service_level", "Level", 180),
)
_AGENT_COLUMNS = (Column("state", "", 330), Column("since", "", 180))


def is_too_narrow(shown: str, box: Box) -> bool:
    """Check whether a list has no room for names and its first column."""
    return box.width - 2 * PAD < _NAME + _columns(shown)[0].width


def _columns(shown: str) -> tuple[Column, ...]:
    return _AGENT_COLUMNS if shown == "agents" else _QUEUE_COLUMNS


def list_columns(shown: str, inner: int) -> tuple[Column, ...]:
    """Choose the columns of a list beside the names, as many as its width has room for, at least one."""
    columns = _columns(shown)
    left = inner - _NAME - columns[0].width
    chosen = [columns[0]]
    for column in columns[1:]:
        left -= column.width
        if left < 0:
            break
        chosen.append(column)
    return tuple(chosen)
