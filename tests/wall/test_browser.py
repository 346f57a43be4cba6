"""A browser is the witness: where it places tiles of a grid, and how wide it draws text."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from ccstate import kinds
from ccstate.journeys.centre import Centre
from ccstate.measures import MEASURES
from ccstate.model import Address
from ccstate.render.wall import wall_svg
from ccstate.wall.screen import FIGURE, cells_of, screen_of
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
