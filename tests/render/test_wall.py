"""Pictures of walls: everything is there, in its place, and text stays text."""

import re
from html import unescape
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from ccstate import kinds
from ccstate.journeys.centre import Centre
from ccstate.model import Address
from ccstate.render.wall import wall_svg, wall_table
from ccstate.wall.colours import THEMES
from tests.render.test_markdown import NAMES

SVG = "{http://www.w3.org/2000/svg}"
FIGURE: dict[str, Any] = {"queues": ["sales"], "measure": "waiting", "label": "Waiting"}


def wall(*tiles: Any, **fields: Any) -> Any:
    return kinds.with_defaults("display", {"label": "Wall", "tiles": list(tiles), **fields})


def centre(**users: str) -> Centre:
    objects: dict[Address, Any] = {
        Address("queue", "sales"): {"label": "Sales", "members": [{"user": u} for u in users]}
    }
    for number, (user, name) in enumerate(users.items()):
        objects[Address("user", user)] = {"name": name, "extension": str(2000 + number)}
        objects[Address("extension", str(2000 + number))] = {"device": "deskphone"}
    return Centre(objects)


def drawn(display: Any, there: Centre | None = None) -> ET.Element:
    return ET.fromstring(wall_svg(display, there or centre()))  # noqa: S314 - our own text


def test_a_figure_has_the_colour_of_its_level_and_keeps_it_while_others_change() -> None:
    fills = []
    for limits in ({}, {"warn": "1"}, {"alarm": "1"}):
        root = drawn(wall({**FIGURE, **limits}, theme="light"))
        _, tile = (rect for rect in root.iter(f"{SVG}rect"))
        fills.append(tile.get("fill"))
    assert fills == [THEMES["light"].tile[level].fill for level in ("", "warn", "alarm")]
    alone, beside = (
        [e.text for e in drawn(wall(*tiles)).iter(f"{SVG}text")][2:4]
        for tiles in ([FIGURE], [FIGURE, {**FIGURE, "label": "Other", "measure": "longest_wait"}])
    )
    assert alone == beside


def test_agents_stand_there_by_name_and_those_without_room_are_counted() -> None:
    people = {f"u{n:02}": f"Person {n:02}" for n in range(30)}
    display = wall({"queues": ["sales"], "list": "agents"}, columns=1)
    texts = [element.text for element in drawn(display, centre(**people)).iter(f"{SVG}text")]
    shown = [text for text in texts if text and text.startswith("Person")]
    assert shown == [f"Person {n:02}" for n in range(len(shown))]
    assert f"+{30 - len(shown)}" in texts


@pytest.mark.no_cover
@given(NAMES, NAMES)
def test_whatever_people_write_is_text_in_the_picture_and_in_the_table(one: str, two: str) -> None:
    display = wall(
        {**FIGURE, "label": one, "queues": [two]},
        {"queues": ["sales"], "list": "agents", "width": 2, "height": 2},
        title=one,
        messages=[{"text": two}],
    )
    tags = {element.tag.removeprefix(SVG) for element in drawn(display, centre(a=one)).iter()}
    assert tags <= {"svg", "title", "desc", "rect", "g", "text", "line", "circle"}
    table = wall_table(display)
    assert "\n\n" not in table  # an empty line would end the block of HTML
    rest = re.sub(r"</?(table|tr|b)>|<td( (col|row)span=\"[0-9]+\")*>|</td>|<br>", " ", table)
    assert "<" not in rest
    assert not re.search(r"(?<![\w⁠])@\w|https?://", unescape(rest))


def test_a_table_has_each_tile_in_its_place() -> None:
    table = wall_table(
        wall(
            {**FIGURE, "height": 2}, {**FIGURE, "width": 2, "warn": "5"}, FIGURE, FIGURE, columns=3
        )
    )
    plain = re.sub(r"<b>Waiting</b><br>calls waiting of sales", "W", table)
    assert plain == (
        '<table>\n<tr><td rowspan="2">W</td><td colspan="2">W, amber at 5 or more</td></tr>\n'
        "<tr><td>W</td><td>W</td></tr>\n</table>\n"
    )


@pytest.mark.parametrize(
    "display",
    [
        {},
        {"tiles": None, "columns": None},
        {"tiles": [{"queues": ["gone"], "metric": "waiting", "width": 99}], "theme": "blue"},
        {"tiles": [{"queues": None, "list": "agents"}], "messages": [{}], "columns": 12},
    ],
)
def test_a_display_as_a_platform_may_hold_it_is_drawn(display: Any) -> None:
    assert drawn(display).tag == f"{SVG}svg"
    assert wall_table(display).startswith("<table>")
