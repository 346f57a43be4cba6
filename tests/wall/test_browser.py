"""A browser is the witness: where tiles of a grid stand, how wide text is, what a wall says."""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from ccstate import kinds
from ccstate.journeys.centre import Centre
from ccstate.measures import MEASURES
from ccstate.model import Address
from ccstate.render.wall import wall_svg
from ccstate.wall.screen import FIGURE, cells_of, screen_of
from ccstate.wall.values import level_of, limits_of, message_at, shown_value, words_of
from tests.browser import Page, browser

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]

RANDOM = random.Random(7)  # noqa: S311 - the same grids each time
WORDS = [
    "Will",
    "Mmmm",
    "calls",
    "waiting",
    "longest",
    "Überläufe",
    "12:34",
    "in",
    "30",
    "seconds",
    "—",
    "team",
    "WWW",
    "iii",
    "½",
    "of",
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        opened.open("about:blank")
        yield opened


def test_tiles_stand_where_a_browser_places_them(page: Page) -> None:
    grids = []
    for _ in range(200):
        columns = RANDOM.randint(1, 6)
        sizes = [
            {"width": RANDOM.randint(1, min(3, columns)), "height": RANDOM.randint(1, 3)}
            for _ in range(RANDOM.randint(1, 12))
        ]
        grids.append((columns, sizes))
    written = "".join(
        f'<div class="grid" style="display:grid;grid-auto-rows:10px;position:absolute;top:0;left:0;'
        f'grid-template-columns:repeat({columns},10px)">'
        + "".join(
            f'<i style="grid-column:span {t["width"]};grid-row:span {t["height"]}"></i>'
            for t in tiles
        )
        + "</div>"
        for columns, tiles in grids
    )
    page.value(f"document.body.innerHTML = {written!r}")
    placed = page.value(
        "[...document.querySelectorAll('.grid')].map(grid => [...grid.children].map(e => "
        "[e.offsetLeft, e.offsetTop, e.offsetWidth, e.offsetHeight].map(x => x / 10)))"
    )
    ours = [
        [[at.column, at.row, at.width, at.height] for at in cells_of(tiles, columns)]
        for columns, tiles in grids
    ]
    assert ours == placed


def some_words(most: int) -> str:
    return " ".join(RANDOM.choice(WORDS) for _ in range(RANDOM.randint(1, most)))


def some_wall() -> tuple[Any, Centre]:
    people = {f"u{n}": some_words(4) for n in range(20)}
    objects: dict[Address, Any] = {
        Address("queue", "q"): {"label": some_words(5), "members": [{"user": u} for u in people]}
    }
    for number, (user, name) in enumerate(people.items()):
        objects[Address("user", user)] = {"name": name, "extension": str(2000 + number)}
        objects[Address("extension", str(2000 + number))] = {"device": "deskphone"}
    tiles: list[Any] = [
        {"queues": ["q"], "measure": RANDOM.choice(list(MEASURES)), "label": some_words(6)}
        for _ in range(RANDOM.randint(1, 6))
    ]
    columns = RANDOM.randint(2, 4)
    shown, wide = RANDOM.choice(["agents", "queues"]), max(2, columns - 1)
    tiles.append(
        {"queues": ["q"], "list": shown, "label": some_words(6), "width": wide, "height": 2}
    )
    fields: dict[str, Any] = {
        "title": some_words(12),
        "messages": [{"text": some_words(20)}],
        "tiles": tiles,
    }
    wall: Any = kinds.with_defaults("display", {**fields, "columns": columns})
    return wall, Centre(objects)


def is_readable(wall: Any) -> bool:
    """Whether no rule says that the grid is too fine."""
    return all(placed.figure_size >= FIGURE or placed.columns for placed in screen_of(wall).tiles)


def test_no_text_leaves_its_tile_or_meets_another(page: Page) -> None:
    walls = [some_wall() for _ in range(120)]
    drawn = [wall_svg(*wall, f"w{n}-") for n, wall in enumerate(walls) if is_readable(wall[0])]
    assert len(drawn) > 30
    page.value(f"document.body.innerHTML = {''.join(drawn)!r}")
    found = page.value("""[...document.querySelectorAll('svg')].flatMap((svg, wall) => {
      const box = e => { const b = e.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height] }
      const texts = [...svg.querySelectorAll('text')], wrong = []
      for (const text of texts) {
        const tile = text.parentNode.tagName === 'g' ? text.parentNode.querySelector('rect') : svg.querySelector('rect')
        const [left, top, right, bottom] = box(text), [x, y, xx, yy] = box(tile)
        if (left < x || right > xx) wrong.push([wall, text.textContent, left, right, x, xx])
      }
      for (const one of texts) for (const other of texts) {
        const [a, b, c, d] = box(one), [e, f, g, h] = box(other)
        const isBelow = Math.abs(+one.getAttribute('y') - +other.getAttribute('y')) > 4
        if (one !== other && !isBelow && a < g && e < c) wrong.push([wall, one.textContent, other.textContent])
      }
      return wrong
    })""")
    assert not found, found[:9]


# Node-RED's walls are written in JavaScript: it has to say the same as `wall/values`, by which pictures are drawn.
MAKE = """
const make = (component, state) => {
  const self = Object.assign(component.data(), state)
  for (const [name, method] of Object.entries(component.methods || {})) self[name] = method.bind(self)
  for (const [name, found] of Object.entries(component.computed)) {
    Object.defineProperty(self, name, {get: found.bind(self)})
  }
  return self
}
"""


def component(file: str) -> str:
    text = (files("ccstate.adapters.node_red") / "wall" / file).read_text(encoding="utf-8")
    found = re.search(r"<script>\s*export default (\{.*\})\s*</script>", text, re.DOTALL)
    assert found
    return found[1]


def test_a_figure_has_the_words_and_the_colour_on_a_wall_that_it_has_in_a_picture(
    page: Page,
) -> None:
    cases, expected = [], []
    for _ in range(3000):
        measure = RANDOM.choice(list(MEASURES.values()))
        most = 100 if measure.unit == "percent" else RANDOM.choice([20, 4000, 90_000])
        value = RANDOM.choice([None, round(RANDOM.uniform(0, most), RANDOM.choice([0, 2]))])
        sign = {"percent": "%", "seconds": RANDOM.choice("sm")}.get(measure.unit, "")
        tile = {"measure": measure.name}
        for field in RANDOM.sample(["warn", "alarm"], RANDOM.randint(0, 2)):
            tile[field] = f"{RANDOM.randint(0, 100)}{sign}"
        limits = limits_of(tile)
        shown = None if value is None else shown_value(measure.unit, value)
        expected.append([words_of(measure.unit, value), level_of(limits, shown)])
        told = {"value": value, "unit": measure.unit, "refresh": 5, "stale": False}
        cases.append({"tile": {**tile, "worse": limits and limits.worse}, "told": told})
    found = page.value(
        f"(() => {{ {MAKE} const component = {component('figure.vue')}\n"
        f"return {json.dumps(cases)}.map(state => make(component, state))"
        ".map(self => [self.shown, self.colour.replace('ccs-', '')]) })()"
    )
    assert found == expected


def test_a_message_stands_on_a_wall_when_its_time_is(page: Page) -> None:
    cases, expected = [], []
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    for _ in range(2000):
        messages: list[dict[str, Any]] = []
        for number in range(RANDOM.randint(1, 3)):
            message: dict[str, Any] = {"text": f"No. {number}"}
            if RANDOM.random() < 0.7:
                begin, end = (
                    f"{RANDOM.randint(0, 23):02}:{RANDOM.choice(['00', '30'])}" for _ in "ab"
                )
                message["weekly"] = {
                    RANDOM.choice(days): [f"{begin}-{RANDOM.choice([end, '24:00'])}"]
                }
            if RANDOM.random() < 0.3:
                message["since"] = f"2026-12-0{RANDOM.randint(1, 9)}"
            if RANDOM.random() < 0.3:
                message["until"] = f"2026-12-0{RANDOM.randint(1, 9)}"
            messages.append(message)
        day, hour, minute = RANDOM.randint(1, 10), RANDOM.randint(0, 23), RANDOM.choice([0, 29, 30])
        at = datetime(2026, 12, day, hour, minute, tzinfo=UTC)
        cases.append([messages, [at.year, at.month - 1, at.day, at.hour, at.minute]])
        expected.append(message_at(messages, at))
    found = page.value(
        f"(() => {{ {MAKE} const component = {component('frame.vue')}\n"
        f"return {json.dumps(cases)}.map(([messages, at]) => "
        "make(component, {wall: {messages}, now: new Date(...at)}).message) })()"
    )
    assert found == expected
