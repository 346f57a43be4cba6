"""A wall as it is declared, as SVG: the picture that the screen will show, with figures for example."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape
from zlib import crc32

from ccstate.journeys.centre import Centre
from ccstate.journeys.staffing import listed
from ccstate.lettering import bold_width, clip, width
from ccstate.measures import MEASURES
from ccstate.render.text import html_words, safe
from ccstate.render.wall_changes import contents
from ccstate.wall.colours import FONT, THEMES, Ground, Theme
from ccstate.wall.screen import (
    FOOT_ROOM,
    HEIGHT,
    LINE,
    MARGIN,
    PAD,
    ROW,
    TITLE,
    WIDTH,
    WORDS,
    Box,
    Column,
    Placed,
    Screen,
    cells_of,
    heading_of,
    screen_of,
)
from ccstate.wall.values import STATES, level_of, limits_of, words_of

_TIME = "10:24"
_USUAL: Mapping[str, tuple[int, int]] = {
    "waiting": (1, 4),
    "longest_wait": (15, 100),
    "service_level": (78, 96),
    "abandon_rate": (1, 6),
    "average_handle_time": (240, 540),
    "agents_ready": (3, 8),
}
"""Ranges of made-up figures, by measure."""
_USUAL_BY_UNIT: Mapping[str, tuple[int, int]] = {
    "seconds": (8, 70),
    "percent": (60, 90),
    "calls": (12, 240),
    "agents": (1, 9),
    "rings": (0, 9),
}


class Row(NamedTuple):
    """A row of a list: its name, and for example what stands in its columns."""

    name: str
    values: Mapping[str, str]
    state: str = ""


def wall_svg(display: Mapping[str, Any], centre: Centre, ids: str = "") -> str:
    """Draw a display whose defaults are filled in; `ids` begins its ids, for several in a document.

    The names of queues and agents are those of the centre. Every figure is made up, and the picture says so.
    """
    screen = screen_of(display)
    theme = THEMES.get(str(display.get("theme")), THEMES["dark"])
    title = screen.title or "Wall"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{ids}title {ids}desc"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' font-family="{FONT}" font-size="{WORDS}">'
    )
    return "\n".join(
        (
            opening,
            f'<title id="{ids}title">{_text(title)}</title>',
            f'<desc id="{ids}desc">{_text(_description(screen))}</desc>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{theme.page}"/>',
            *_header(screen, display, theme),
            *_foot(screen, display, theme),
            *_tiles(screen, display, theme, centre),
            "</svg>\n",
        )
    )


def wall_table(display: Mapping[str, Any]) -> str:
    """Lay a display out as a table of HTML, for Markdown: each tile in its place, with what it shows."""
    tiles = display.get("tiles") or ()
    cells = cells_of(tiles, display.get("columns"))
    rows: dict[int, list[str]] = {}
    for tile, at in zip(tiles, cells, strict=True):
        span = f' colspan="{at.width}"' if at.width > 1 else ""
        span += f' rowspan="{at.height}"' if at.height > 1 else ""
        words = f"<b>{html_words(heading_of(tile))}</b><br>{html_words(contents(tile))}"
        rows.setdefault(at.row, []).append(f"<td{span}>{words}</td>")
    count = max((at.row + at.height for at in cells), default=0)
    lines = [f"<tr>{''.join(rows.get(row, ()))}</tr>" for row in range(count)]
    return "\n".join(["<table>", *lines, "</table>"]) + "\n"


def _description(screen: Screen) -> str:
    headings = [" ".join(tile.heading) for tile in screen.tiles]
    return f"Tiles: {', '.join(headings) or 'none'}. All figures are examples."


def _header(screen: Screen, display: Mapping[str, Any], theme: Theme) -> Iterator[str]:
    said = _words("example figures", WIDTH - MARGIN - PAD, HEIGHT - 5, 18, theme.words, end=True)
    if not (box := screen.header):
        yield said
        return
    base = _middle(box, TITLE)
    if display.get("clock"):
        yield _words(_TIME, box.x + box.width - PAD, base, TITLE, theme.words, end=True, bold=True)
    line = clip(safe(screen.title), screen.title_room / TITLE, bold_width)
    yield _words(line, box.x + PAD, base, TITLE, theme.words, bold=True)
    yield said


def _foot(screen: Screen, display: Mapping[str, Any], theme: Theme) -> Iterator[str]:
    if not (box := screen.foot):
        return
    ground = theme.tile[""]
    yield _rect(box, ground.fill, theme.line)
    line = clip(safe(str(display["messages"][0].get("text"))), FOOT_ROOM / WORDS)
    yield _words(line, box.x + PAD, _middle(box, WORDS), WORDS, ground.figure)


def _tiles(
    screen: Screen, display: Mapping[str, Any], theme: Theme, centre: Centre
) -> Iterator[str]:
    tiles = display.get("tiles") or ()
    for tile, placed in zip(tiles, screen.tiles, strict=True):
        yield "<g>"
        if tile.get("list"):
            yield from _list(tile, placed, screen.words_size, theme, centre)
        else:
            yield from _figure(tile, placed, screen, theme)
        yield "</g>"


def _figure(tile: Mapping[str, Any], placed: Placed, screen: Screen, theme: Theme) -> Iterator[str]:
    box, size, value = placed.box, placed.figure_size, example_of(tile)
    ground = theme.tile[level_of(limits_of(tile), value)]
    yield _rect(box, ground.fill, theme.line)
    yield from _heading(placed, screen.words_size, ground)
    words = words_of(_unit(tile), value)
    size = round(min(size, (box.width - 2 * PAD) / width(words)))
    top = box.y + PAD + screen.heading_high
    base = top + (box.y + box.height - PAD - top + 0.72 * size) / 2
    yield _words(words, box.x + PAD, round(base), size, ground.figure, bold=True)


def example_of(tile: Mapping[str, Any]) -> int:
    """Make up a figure of the queues, always the same one, whatever its thresholds are."""
    measure, queues = str(tile.get("measure")), " ".join(map(str, tile.get("queues") or ()))
    low, high = _USUAL.get(measure) or _USUAL_BY_UNIT[_unit(tile)]
    return low + crc32(f"{measure} {queues}".encode()) % (high - low + 1)


def _unit(tile: Mapping[str, Any]) -> str:
    measure = MEASURES.get(str(tile.get("measure")))
    return measure.unit if measure else "calls"


def _list(
    tile: Mapping[str, Any], placed: Placed, words_size: int, theme: Theme, centre: Centre
) -> Iterator[str]:
    box, ground = placed.box, theme.tile[""]
    yield _rect(box, ground.fill, theme.line)
    yield from _heading(placed, words_size, ground)
    rows = _agent_rows(tile, centre) if tile["list"] == "agents" else _queue_rows(tile, centre)
    top = box.y + PAD + round(len(placed.heading) * words_size * LINE) + 6
    right = box.x + box.width - PAD
    columns = _column_ends(placed, right)
    if tile["list"] == "queues":
        for column, (_, end) in zip(placed.columns, columns, strict=True):
            yield _words(column.title, end, top + ROW - 17, WORDS, ground.words, end=True)
        top += ROW
    for number, row in enumerate(rows[: placed.rows]):
        left, high = box.x + PAD, top + number * ROW
        line = f'x1="{left}" y1="{high}" x2="{right}" y2="{high}"'
        yield f'<line {line} stroke="{theme.line}" stroke-width="2"/>'
        name = clip(safe(row.name), (columns[0][0] - left - 16) / WORDS)
        yield _words(name, left, high + ROW - 17, WORDS, ground.figure)
        for column, ends in zip(placed.columns, columns, strict=True):
            yield from _entry(row, column, ends, high + ROW - 17, theme)
    if len(rows) > placed.rows:
        more = f"+{len(rows) - placed.rows}"
        base = box.y + PAD + round(0.86 * words_size)
        yield _words(more, right, base, words_size, ground.words, end=True)


def _column_ends(placed: Placed, right: int) -> list[tuple[int, int]]:
    """Return where each column begins and ends, from the left."""
    found, end = [], right
    for column in reversed(placed.columns):
        found.append((end - column.width, end))
        end -= column.width
    return found[::-1]


def _entry(
    row: Row, column: Column, ends: tuple[int, int], base: int, theme: Theme
) -> Iterator[str]:
    (begin, end), value, ground = ends, row.values.get(column.field, ""), theme.tile[""]
    if column.field != "state":
        yield _words(value, end, base, WORDS, ground.figure, end=True)
        return
    dot = theme.states[row.state]
    yield f'<circle cx="{begin + 14}" cy="{base - 19}" r="14" fill="{dot}"/>'
    yield _words(value, begin + 40, base, WORDS, ground.words)


_STATES = ("talking", "ready", "talking", "wrap_up", "paused", "talking", "ready", "logged_out")


def _agent_rows(tile: Mapping[str, Any], centre: Centre) -> list[Row]:
    users = centre.of("user")
    found = []
    for agent in listed(centre, tile.get("queues") or (), tile.get("team") or ""):
        device = centre.of("extension").get(agent.extension, {})
        name = users.get(agent.user, {}).get("name") or device.get("label") or agent.extension
        chance = crc32(agent.extension.encode())
        state = _STATES[chance % len(_STATES)]
        since = words_of("seconds", chance % 540 + 5)
        found.append(Row(str(name), {"state": STATES[state], "since": since}, state))
    return found


def _queue_rows(tile: Mapping[str, Any], centre: Centre) -> list[Row]:
    found = []
    for name in tile.get("queues") or ():
        label = centre.of("queue").get(name, {}).get("label") or name
        chance = crc32(name.encode())
        waiting = chance % 4
        values = {
            "waiting": str(waiting),
            "longest_wait": words_of("seconds", chance % 150 if waiting else 0),
            "agents_ready": str(chance % 5 + 1),
            "service_level": words_of("percent", 78 + chance % 21),
        }
        found.append(Row(str(label), values))
    return found


def _heading(placed: Placed, size: int, ground: Ground) -> Iterator[str]:
    for number, line in enumerate(placed.heading):
        base = placed.box.y + PAD + round(size * (0.86 + LINE * number))
        yield _words(safe(line), placed.box.x + PAD, base, size, ground.words)


def _middle(box: Box, size: int) -> int:
    return round(box.y + (box.height + 0.72 * size) / 2)


def _rect(box: Box, fill: str, line: str) -> str:
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="14"'
        f' fill="{fill}" stroke="{line}" stroke-width="2"/>'
    )


def _words(
    words: str, x: int, y: int, size: int, fill: str, *, end: bool = False, bold: bool = False
) -> str:
    anchor = ' text-anchor="end"' if end else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{anchor}{weight}>{_text(words)}</text>'


def _text(text: str) -> str:
    return escape(safe(text), {'"': "&quot;"})
