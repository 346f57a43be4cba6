"""A wall as people see it: words, colours and sizes in a real browser, with figures that are made up.

That the figures are those of a real Asterisk is shown in test_wall_of_real_calls.py.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from ccstate.adapters.node_red.adapter import NodeRedAdapter, connect
from ccstate.kinds import with_defaults
from ccstate.measures import MEASURES
from ccstate.model import Fields
from ccstate.wall.colours import THEMES
from ccstate.wall.screen import screen_of
from ccstate_lab import node_red
from ccstate_lab.node_red import NodeRed
from tests.adapters.node_red.conftest import NewServer
from tests.adapters.node_red_harness import connection
from tests.browser import Page, browser
from tests.waiting import until
from tests.walls import applied, display, worked_example

pytestmark = [pytest.mark.node_red, pytest.mark.browser]

WALL = display("desk")
AGENTS = [
    ("priya.n", "Priya Nair", "talking", None),
    ("tom.b", "Tom <b>Baker</b>", "paused", "lunch"),
    ("mei.c", "Mei Chen", "ready", None),
]


class Figures:
    """An exporter that says what it is told; by queue, or by measure."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.stale = False
        self._serve(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def start_again(self) -> None:
        self._serve(self.port)

    def _serve(self, port: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805 - as the library names it; `self` is the exporter
                body = json.dumps(self._answer(handler.path)).encode()
                handler.send_response(200)
                handler.send_header("Content-Type", "application/json")
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *_: Any) -> None:  # noqa: N805 - as above
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, path: str) -> Mapping[str, Any]:
        figures, lists = [], []
        for key, asked in parse_qsl(urlsplit(path).query):
            what, _, queues = asked.partition(":")
            if key == "figure":
                value = self.values.get(queues, self.values.get(what, 3))
                told = {"measure": what, "value": value, "unit": MEASURES[what].unit}
                figures.append({**told, "queues": queues.split(","), "stale": self.stale})
            elif what == "agents":
                keys = ("agent", "label", "state", "reason")
                rows: Any = [dict(zip(keys, agent, strict=True)) for agent in AGENTS]
                since = (datetime.now(UTC) - timedelta(seconds=3700)).isoformat()
                told = {"list": what, "rows": [{**row, "since": since} for row in rows]}
                lists.append({**told, "stale": self.stale})
            else:
                row: Any = {
                    "waiting": 2,
                    "longest_wait": 75,
                    "agents_ready": 1,
                    "service_level": 82.5,
                }
                rows = [
                    {"queue": queue, "label": queue.title(), **row} for queue in queues.split(",")
                ]
                lists.append({"list": what, "rows": rows, "stale": self.stale})
        return {"at": "2026-05-04T12:00:00Z", "figures": figures, "lists": lists}


@pytest.fixture
def figures() -> Iterator[Figures]:
    found = Figures()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as found:
        yield found


class Hung(NamedTuple):
    """A wall that hangs: its adapter, and the browser that shows it."""

    adapter: NodeRedAdapter
    server: NodeRed
    page: Page

    def show(self, name: str = "desk", width: int = 1920, height: int = 1080) -> None:
        """Open the wall, and wait until each tile has its figures."""
        self.page.open(self.server.wall(name), width, height)
        until(lambda: self.page.value(SHOWN), f"the wall {name} is there with its figures")


NO_BARS = """
  ![...document.querySelectorAll('.v-app-bar, .v-navigation-drawer')].some(e => e.offsetHeight)
"""
SHOWN = """
  location.href.includes('dashboard') && document.querySelectorAll('.ccs-tile').length > 0 &&
  [...document.querySelectorAll('.ccs-tile')].every(tile => !tile.classList.contains('ccs-stale'))
"""


@pytest.fixture
def hung(empty_server: NodeRed, figures: Figures, page: Page) -> Hung:
    return Hung(connect(connection(empty_server, figures=figures.url), Path()), empty_server, page)


def fill(page: Page) -> list[str]:
    """The colours of the tiles, as #rrggbb."""
    script = (
        "[...document.querySelectorAll('.ccs-tile')].map(t => getComputedStyle(t).backgroundColor)"
    )
    found = [text.removeprefix("rgb(").removesuffix(")") for text in page.value(script)]
    return ["#" + "".join(f"{int(part):02x}" for part in text.split(",")) for text in found]


LEVELS: list[tuple[str, str | None, str | None, float | None, str, str]] = [
    ("waiting", "5", "12", 4, "4", ""),
    ("waiting", "5", "12", 5, "5", "warn"),
    ("waiting", "5", "12", 12, "12", "alarm"),
    ("answered", None, None, 1234, "1,234", ""),
    ("longest_wait", "2m", "4m", 119.9, "1:59", ""),
    ("longest_wait", "2m", "4m", 120, "2:00", "warn"),
    ("longest_wait", "30s", "1h", 3600, "1 h 00", "alarm"),
    ("longest_wait", None, None, 36_000, "10 h", ""),
    ("service_level", "80%", "65%", 80.5, "81\u202f%", ""),
    ("service_level", "80%", "65%", 80.4, "80\u202f%", "warn"),
    ("service_level", "80%", "65%", 64.6, "65\u202f%", "alarm"),
    ("service_level", "80%", "65%", None, "–", ""),
    ("agents_ready", "4", "2", 0, "0", "alarm"),
    ("agents_ready", None, "2", 3, "3", ""),
    ("abandon_rate", "5%", None, 99, "99\u202f%", "warn"),
]
"""Of one tile each: measure, warn, alarm, the figure; its words, and which level its colour is of."""


@pytest.mark.parametrize("theme", THEMES)
def test_each_figure_has_its_words_and_the_colour_of_its_level(
    hung: Hung, figures: Figures, theme: str
) -> None:
    figures.values = {f"q{n}": value for n, (*_, value, _, _) in enumerate(LEVELS)}
    tiles: Any = [
        {"queues": [f"q{n}"], "measure": measure, "warn": warn, "alarm": alarm}
        for n, (measure, warn, alarm, *_) in enumerate(LEVELS)
    ]
    applied(hung.adapter, {WALL: {"theme": theme, "columns": 5, "refresh": "1s", "tiles": tiles}})
    hung.show()
    assert hung.page.texts(".ccs-figure") == [words for *_, words, _ in LEVELS]
    expected = [THEMES[theme].tile[level].fill for *_, level in LEVELS]
    until(lambda: fill(hung.page) == expected, "each tile has its colour")
    assert hung.page.texts(".ccs-label")[:2] == ["Calls waiting"] * 2


BOXES = """
  [...document.querySelectorAll('.ccs-tile')].map(tile => {
    const box = tile.getBoundingClientRect()
    return [box.x, box.y, box.width, box.height].map(Math.round)
  })
"""
SIZES = """
  [...document.querySelectorAll('.ccs-label, .ccs-figure, .ccs-row, .ccs-title, .ccs-clock, .ccs-message')]
    .map(e => [e.className, parseFloat(getComputedStyle(e).fontSize), e.scrollWidth - e.clientWidth])
"""


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)], ids=str)
def test_a_wall_fills_the_screen_as_its_picture_does_and_is_readable(
    hung: Hung, figures: Figures, size: tuple[int, int]
) -> None:
    figures.values = {"service_level": 100, "longest_wait": 5040, "abandon_rate": 100}
    desired = worked_example()
    applied(hung.adapter, desired)
    scale = size[0] / 1920
    for address, fields in desired.items():
        hung.show(address.name, *size)
        drawn = screen_of(with_defaults("display", fields))
        boxes = hung.page.value(BOXES)
        assert len(boxes) == len(drawn.tiles)
        for box, placed in zip(boxes, drawn.tiles, strict=True):
            assert box == pytest.approx([side * scale for side in placed.box], abs=3 * scale)
        reach = "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
        assert hung.page.value(reach) == [size[1], size[0]], "nothing has to be scrolled to"
        for name, letters, beyond in hung.page.value(SIZES):
            # Capitals are 0.71 of the size of letters in Arial and its like.
            assert letters * 0.71 / size[1] >= (0.045 if "figure" in name else 0.025), name
            assert beyond <= 0 or "figure" not in name, f"{name} is wider than its tile"
        until(lambda: hung.page.value(NO_BARS), "nothing stands around the wall")


def test_lists_show_their_rows_as_text_and_say_how_many_more_there_are(hung: Hung) -> None:
    tiles: Any = [
        {"queues": ["sales"], "list": "agents", "label": "Agents", "width": 2},
        {"queues": ["sales", "moves"], "list": "queues", "width": 2},
        {"queues": [f"q{n}" for n in range(30)], "list": "queues", "width": 4},
    ]
    applied(hung.adapter, {WALL: {"columns": 4, "refresh": "1s", "tiles": tiles}})
    hung.show()
    until(
        lambda: (
            hung.page.texts(".ccs-label")[2:]
            == [f"Queues\n+{35 - len(hung.page.texts('.ccs-rows .ccs-row'))}"]
        ),
        "the last list says how many rows it has no room for",
    )
    rows = [text.split("\n") for text in hung.page.texts(".ccs-rows .ccs-row")]
    assert rows[0][:2] == ["Priya Nair", "Talking"]
    assert rows[1][:2] == ["Tom <b>Baker</b>", "lunch"]
    assert rows[2] == ["Mei Chen", "Ready", "1 h 01"]
    assert rows[3] == ["Sales", "2", "1:15"], "a narrow list has fewer columns"
    assert rows[5] == ["Q0", "2", "1:15", "1", "83\u202f%"]


CODE = [
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "{{ constructor.constructor('window.hit = 1')() }}",
    "'; window.hit = 1; '",
    '"; window.hit = 1; "',
    "*/ window.hit = 1 /*text*/ {} /*end*/",
    "${HOME}",
    "$(HOME)",
    "`${window.hit = 1}`",
    "\\u003c\\",
    "a\u2028b\u2029c",
    "&lt;b&gt; & co",
]


def test_no_text_of_a_display_is_code(hung: Hung) -> None:
    tiles: Any = [{"queues": ["sales"], "measure": "waiting", "label": text} for text in CODE]
    for title in ("${HOME}", CODE[0]):
        wall: Fields = {
            "columns": 4,
            "refresh": "1s",
            "title": title,
            "messages": [{"text": CODE[2]}],
            "tiles": tiles,
        }
        applied(hung.adapter, {WALL: wall})
        hung.show()
        texts = "[...document.querySelectorAll('.ccs-label, .ccs-title, .ccs-message')]"
        found = hung.page.value(f"{texts}.map(e => e.textContent)")
        assert sorted(found) == sorted([*CODE, title, CODE[2]])
        assert hung.page.value("typeof window.hit") == "undefined"
        assert hung.page.value("document.title").count("/root") == 0


BEYOND = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('.ccs-tile'))"


def test_figures_that_do_not_come_are_said_to_be_stale_within_ten_seconds(
    hung: Hung, figures: Figures
) -> None:
    tile: Any = {"queues": ["sales"], "measure": "waiting", "alarm": "1"}
    walls = (("dash", "3s", "–"), ("last", "1s", "3"))
    desired: dict[Any, Fields] = {
        display(keeps): {"when_stale": keeps, "refresh": refresh, "tiles": [tile]}
        for keeps, refresh, _ in walls
    }
    applied(hung.adapter, desired)
    for keeps, _, shown in walls:
        hung.show(keeps)
        figures.stop()
        until(lambda: hung.page.texts(".ccs-note"), "the tile says that it is stale", within=10)
        assert hung.page.texts(".ccs-note") == ["stale"]
        assert hung.page.value(BEYOND) <= 0, "the word fits beside the figure"
        assert hung.page.texts(".ccs-figure") == [shown]
        figures.start_again()
        until(lambda: not hung.page.texts(".ccs-note"), "the figures have come back")
        assert hung.page.texts(".ccs-figure") == ["3"]
    figures.stale = True
    until(lambda: hung.page.texts(".ccs-note"), "what the exporter calls stale is stale")


def test_a_server_that_is_gone_is_seen_on_the_wall(
    new_server: NewServer, figures: Figures, page: Page
) -> None:
    server = new_server()
    hung = Hung(connect(connection(server, figures=figures.url), Path()), server, page)
    tile: Any = {"queues": ["sales"], "measure": "waiting"}
    applied(hung.adapter, {WALL: {"refresh": "1s", "tiles": [tile]}})
    hung.show()
    node_red.kill(server)
    until(lambda: page.texts(".ccs-note"), "the tile says that it is stale", within=10)
    server = node_red.start(server.folder, port=server.port)
    until(lambda: not page.texts(".ccs-note"), "the wall is there again by itself")
    node_red.kill(server)


def test_an_open_wall_changes_with_an_apply(hung: Hung) -> None:
    tile: Any = {"queues": ["sales"], "measure": "waiting"}
    applied(hung.adapter, {WALL: {"refresh": "1s", "tiles": [tile]}})
    hung.show()
    added: Any = [{**tile, "alarm": "1", "label": "Red"}, {**tile, "label": "New"}]
    applied(hung.adapter, {WALL: {"refresh": "1s", "tiles": added}})
    until(lambda: hung.page.texts(".ccs-label") == ["Red", "New"], "the open wall has both tiles")
    until(
        lambda: fill(hung.page)[0] == THEMES["dark"].tile["alarm"].fill,
        "the threshold holds on the open wall",
    )


def test_two_walls_of_one_title_are_two_walls(hung: Hung) -> None:
    tile: Any = {"queues": ["sales"], "measure": "waiting"}
    walls: dict[Any, Fields] = {
        display(name): {"title": "Sales", "refresh": "1s", "tiles": [{**tile, "label": name}]}
        for name in ("north", "south")
    }
    applied(hung.adapter, walls)
    for name in ("north", "south"):
        hung.show(name)
        assert hung.page.texts(".ccs-label") == [name]


MESSAGES: Any = [
    {"text": "Night", "weekly": {"mon": ["22:00-06:00"]}},
    {"text": "Lunch", "weekly": {"tue": ["12:00-13:00"]}, "until": "2026-05-05"},
    {"text": "Usual", "since": "2026-05-05"},
]
MOMENTS = {
    "2026-05-04T21:59": "",
    "2026-05-04T22:00": "Night",
    "2026-05-05T05:59": "Night",
    "2026-05-05T06:00": "Usual",
    "2026-05-05T12:30": "Lunch",
    "2026-05-12T12:30": "Usual",
}


def test_a_message_is_there_at_its_time(hung: Hung) -> None:
    tile: Any = {"queues": ["sales"], "measure": "waiting"}
    applied(hung.adapter, {WALL: {"refresh": "1s", "messages": MESSAGES, "tiles": [tile]}})
    for moment, message in MOMENTS.items():
        shift = f"new Date('{moment}').getTime() - Date.now()"
        script = (
            f"{{ const shift = {shift}, Real = Date; Date = class extends Real {{"
            " constructor(...given) { given.length ? super(...given) : super(Real.now() + shift) }"
            " static now() { return Real.now() + shift } } }"
        )
        added = hung.page.ask("Page.addScriptToEvaluateOnNewDocument", source=script)
        hung.show()
        assert hung.page.texts(".ccs-message") == ([message] if message else []), moment
        assert hung.page.texts(".ccs-clock") == [moment[-5:]]
        hung.page.ask("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])
