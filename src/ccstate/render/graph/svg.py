"""A drawing as SVG: one file without scripts, fonts or links, for screens and for paper.

Shapes and words carry the meaning; colours, which also tell apart when printed grey, only help.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

from ccstate.render.graph.drawing import Drawing
from ccstate.render.graph.layout import Point, Size
from ccstate.render.graph.lines import LINE, SIZE, bold_width_of, wrapped
from ccstate.render.graph.panels import Panel, Picture, Placed, picture_of, size_of_words
from ccstate.render.graph.words import Look
from ccstate.render.text import safe

_MARGIN = 24.0
_TITLE = 40.0
_RED = "#b00020"
_LINE = "#4a5560"
_PAPER = "#ffffff"
_PANEL = "#f4f6f8"


class _Ink(NamedTuple):
    fill: str
    line: str
    text: str = "#1b1f24"
    width: float = 1.4


# Okabe and Ito (2008): hues that everybody can tell apart, here light enough for black text.
_INKS: Mapping[Look, _Ink] = {
    Look.NUMBER: _Ink("#0b4f7a", "#0b4f7a", "#ffffff"),
    Look.HOURS: _Ink("#fdf3c0", "#9a7b00"),
    Look.QUESTION: _Ink("#dceefa", "#0072b2"),
    Look.SPEECH: _Ink("#ffffff", "#7a8691", width=1),
    Look.TREE: _Ink("#efe6f5", "#7a4b96"),
    Look.PEOPLE: _Ink("#d3efe4", "#00694c", width=2),
    Look.NOBODY: _Ink("#f3f4f5", "#5b6670"),
    Look.MAILBOX: _Ink("#fde5c4", "#a85b00"),
    Look.END: _Ink("#3a4149", "#3a4149", "#ffffff"),
    Look.BAD: _Ink("#ffe3e3", _RED, "#7a0016", 3),
}


def svg(drawing: Drawing) -> str:
    """The drawing as an SVG document."""
    picture = picture_of(drawing)
    heading = wrapped(drawing.title, max(picture.size.width, 420) / 1.25, 2, bold_width_of)
    top = _TITLE + (len(heading) - 1) * 22
    width = max(picture.size.width, *(bold_width_of(line) * 1.25 for line in heading))
    size = Size(width + 2 * _MARGIN, picture.size.height + top + 2 * _MARGIN)
    return "\n".join(
        (
            _opening(size),
            f'<title id="title">{_text(drawing.title)}</title>',
            f'<desc id="desc">{_text(drawing.description)}</desc>',
            "<defs>",
            *(_marker(name, colour) for name, colour in (("tip", _LINE), ("bad", _RED))),
            "</defs>",
            f'<rect width="{_n(size.width)}" height="{_n(size.height)}" fill="{_PAPER}"/>',
            *_heading(heading),
            f'<g transform="translate({_n(_MARGIN)} {_n(_MARGIN + top)})">',
            *_content(drawing, picture),
            "</g>",
            "</svg>\n",
        )
    )


def _opening(size: Size) -> str:
    width, height = _n(size.width), _n(size.height)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="Helvetica, Arial, sans-serif" font-size="{_n(SIZE)}">'
    )


def _marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9"'
        ' markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 1L10 5L0 9z" fill="{colour}"/></marker>'
    )


def _heading(lines: Sequence[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        y = _MARGIN + 16 + place * 22
        yield (
            f'<text x="{_n(_MARGIN)}" y="{_n(y)}" font-size="16" font-weight="bold"'
            f' fill="#1b1f24">{_text(line)}</text>'
        )


def _content(drawing: Drawing, picture: Picture) -> Iterator[str]:
    for panel in picture.panels:
        yield from _panel(panel)
    for arrow, route in zip(drawing.arrows, picture.routes, strict=True):
        is_bad = drawing.boxes[arrow.head].look is Look.BAD
        yield _path(route.points, "bad" if is_bad else "tip", _RED if is_bad else _LINE)
    for arrow, words, route in zip(drawing.arrows, picture.words, picture.routes, strict=True):
        in_panel = drawing.boxes[arrow.tail].tree in drawing.trees
        yield from _words(words, route.words, _PANEL if in_panel else _PAPER)
    for box, placed in zip(drawing.boxes, picture.boxes, strict=True):
        yield from _box(box.look, placed)


def _panel(panel: Panel) -> Iterator[str]:
    x, y = panel.corner
    yield (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(panel.size.width)}"'
        f' height="{_n(panel.size.height)}" rx="10" fill="{_PANEL}" stroke="#c3cad1"/>'
    )
    at = panel.entry.x
    left, right = at - 24, panel.size.width - at - 24
    place, anchor = (x + 12, "start") if left > right else (x + panel.size.width - 12, "end")
    for line in wrapped(panel.title, max(left, right), 1, bold_width_of):
        yield (
            f'<text x="{_n(place)}" y="{_n(y + 21)}" text-anchor="{anchor}" font-weight="bold"'
            f' fill="{_LINE}">{_text(line)}</text>'
        )
    yield _path((Point(x + at, y), Point(x + at, y + panel.entry.y)), "tip", _LINE)


def _path(points: Sequence[Point], marker: str, colour: str) -> str:
    steps = [f"M{_n(points[0].x)} {_n(points[0].y)}"]
    for before, after in pairwise(points):
        if before.x == after.x or before.y == after.y:
            steps.append(f"L{_n(after.x)} {_n(after.y)}")
        else:
            middle = (before.y + after.y) / 2
            steps.append(
                f"C{_n(before.x)} {_n(middle)} {_n(after.x)} {_n(middle)}"
                f" {_n(after.x)} {_n(after.y)}"
            )
    return (
        f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="1.3"'
        f' marker-end="url(#{marker})"/>'
    )


def _words(lines: Sequence[str], middle: Point, ground: str) -> Iterator[str]:
    """The words of an arrow, on a patch that interrupts it."""
    if not lines:
        return
    size = size_of_words(lines)
    corner = Point(middle.x - size.width / 2, middle.y - size.height / 2)
    yield _rect(corner, size, 3, f'fill="{ground}"')
    step = size.height / len(lines)
    for place, line in enumerate(lines):
        y = corner.y + place * step + step * 0.76
        yield (
            f'<text x="{_n(middle.x)}" y="{_n(y)}" text-anchor="middle" fill="#1b1f24">'
            f"{_text(line)}</text>"
        )


def _box(look: Look, box: Placed) -> Iterator[str]:
    ink = _INKS[look]
    yield from _shape(look, ink, box.corner, box.size)
    lines = [*((line, True) for line in box.title), *((line, False) for line in box.body)]
    y = box.corner.y + (box.size.height - len(lines) * LINE) / 2 + LINE * 0.76
    for place, (line, is_title) in enumerate(lines):
        weight = ' font-weight="bold"' if is_title else ""
        yield (
            f'<text x="{_n(box.corner.x + box.size.width / 2)}" y="{_n(y + place * LINE)}"'
            f' text-anchor="middle"{weight} fill="{ink.text}">{_text(line)}</text>'
        )


def _shape(look: Look, ink: _Ink, corner: Point, size: Size) -> Iterator[str]:
    """The outline: rounded, pointed, double, dashed, folded or stacked, by what the box is."""
    style = f'fill="{ink.fill}" stroke="{ink.line}" stroke-width="{_n(ink.width)}"'
    (x, y), (width, height) = corner, size
    match look:
        case Look.NUMBER | Look.END:
            yield _rect(corner, size, min(height / 2, 22), style)
        case Look.HOURS:
            yield _polygon(corner, size, (14, height / 2), style)
        case Look.BAD:
            yield _polygon(corner, size, (12, 12), style)
        case Look.PEOPLE:
            yield _rect(corner, size, 5, style)
            inner = f'fill="none" stroke="{ink.line}" stroke-width="1"'
            inside = Size(width - 7, height - 7)
            yield _rect(Point(x + 3.5, y + 3.5), inside, 3, inner)
        case Look.NOBODY:
            yield _rect(corner, size, 5, f'{style} stroke-dasharray="5 4"')
        case Look.TREE:
            yield _rect(Point(x + 4, y + 4), Size(width - 4, height - 4), 5, style)
            yield _rect(corner, Size(width - 4, height - 4), 5, style)
        case Look.MAILBOX:
            yield _rect(corner, size, 2, style)
            flap = f"M{_n(x)} {_n(y)}L{_n(x + width / 2)} {_n(y + 8)}L{_n(x + width)} {_n(y)}"
            yield f'<path d="{flap}" fill="none" stroke="{ink.line}"/>'
        case Look.SPEECH:
            yield _rect(corner, size, 14, style)
        case Look.QUESTION:
            yield _rect(corner, size, 5, style)


def _rect(corner: Point, size: Size, round_: float, style: str) -> str:
    return (
        f'<rect x="{_n(corner.x)}" y="{_n(corner.y)}" width="{_n(size.width)}"'
        f' height="{_n(size.height)}" rx="{_n(round_)}" {style}/>'
    )


def _polygon(corner: Point, size: Size, cut: tuple[float, float], style: str) -> str:
    """A rectangle with its corners cut off, so far across and so far down."""
    (x, y), (width, height), (a, b) = corner, size, cut
    right, bottom = x + width, y + height
    corners = (
        (x + a, y), (right - a, y), (right, y + b), (right, bottom - b),
        (right - a, bottom), (x + a, bottom), (x, bottom - b), (x, y + b),
    )  # fmt: skip
    points = " ".join(f"{_n(px)},{_n(py)}" for px, py in dict.fromkeys(corners))
    return f'<polygon points="{points}" {style}/>'


def _n(value: float) -> str:
    """A number in as few digits as a drawing needs."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _text(text: str) -> str:
    return escape(safe(text), {'"': "&quot;"})
