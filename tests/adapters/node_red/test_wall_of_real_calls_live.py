"""What hangs on the wall is what Asterisk itself says: real calls, the exporter, Node-RED, a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccstate.adapters.asterisk.calls.caller import Dial
from ccstate.adapters.node_red.adapter import connect
from ccstate.wall.colours import THEMES
from ccstate_lab import site as sites
from ccstate_lab.node_red import NodeRed
from tests.adapters.node_red.test_wall_in_browser import Hung, fill
from tests.adapters.node_red_harness import connection
from tests.browser import Page, browser
from tests.exporter.queue_calls import ANSWERING, NOW, NUMBERS, Centre, callers, centre
from tests.exporter.test_measured_calls_live import exporter
from tests.waiting import until
from tests.walls import applied, display

pytestmark = [pytest.mark.node_red, pytest.mark.browser, pytest.mark.process]

TILES: Any = [
    {"label": "Waiting", "queues": ["full"], "measure": "waiting", "warn": "2", "alarm": "3"},
    {
        "label": "Ready",
        "queues": ["answers"],
        "measure": "agents_ready",
        "warn": "13",
        "alarm": "2",
    },
    {"label": "Paused", "queues": ["answers"], "measure": "agents_paused"},
    {"label": "Answered", "queues": ["answers"], "measure": "answered"},
    {"label": "Gave up", "queues": ["full"], "measure": "abandoned", "alarm": "1"},
    {"label": "Agents", "queues": ["answers"], "list": "agents", "width": 3},
]


@pytest.fixture
def page() -> Iterator[Page]:
    with browser() as found:
        yield found


class Said(NamedTuple):
    """The figures of the tiles, by whomever they are said."""

    waiting: int
    ready: int
    paused: int
    answered: int
    gave_up: int


def said_by_asterisk(found: Centre) -> Said:
    """What QueueStatus says at this moment; 1 is AST_DEVICE_NOT_INUSE."""
    with found.ami() as ami:
        events = ami.read("QueueStatus")
    queues = {e["Queue"]: e for e in events if e.is_event("QueueParams")}
    members = [e for e in events if e.is_event("QueueMember") and e["Queue"] == "answers"]
    free = [m for m in members if m["Status"] == "1" and m["Paused"] == "0"]
    return Said(
        waiting=int(queues["full"]["Calls"]),
        ready=len(free),
        paused=sum(member["Paused"] == "1" for member in members),
        # It counts a call as completed once it is over, and until then the agent is in it.
        answered=int(queues["answers"]["Completed"]) + sum(m["InCall"] == "1" for m in members),
        gave_up=int(queues["full"]["Abandoned"]),
    )


def said_by_the_wall(page: Page) -> Said:
    return Said(*(int(text) for text in page.texts(".ccs-figure")))


def colours(page: Page, *levels: str) -> bool:
    """Whether the first tiles have the colours of these levels."""
    grounds = THEMES["dark"].tile
    return fill(page)[: len(levels)] == [grounds[level].fill for level in levels]


def test_tiles_say_what_asterisk_says_and_its_end_within_ten_seconds(
    empty_server: NodeRed, page: Page, tmp_path: Path
) -> None:
    with centre("22", tmp_path, write="") as found, exporter(found.project) as serving:
        told = connection(empty_server, figures=f"http://127.0.0.1:{serving.port}")
        hung = Hung(connect(told, Path()), empty_server, page)
        applied(hung.adapter, {display("desk"): {"refresh": "1s", "tiles": TILES}})
        hung.show()

        def both_say(expected: Said, when: str) -> None:
            until(lambda: said_by_asterisk(found) == expected, f"Asterisk says so: {when}")
            until(lambda: said_by_the_wall(page) == expected, f"the wall says so: {when}")
            assert said_by_asterisk(found) == expected

        agents = len(ANSWERING)
        both_say(Said(0, agents, 0, 0, 0), "nobody calls")
        assert colours(page, "", "", "", "", "")
        with callers(found.site) as line:
            waiting = [Dial(NUMBERS["full"], NOW) for _ in range(3)]
            talking = [Dial(NUMBERS["answers"], NOW) for _ in range(2)]
            for dial in waiting[:2]:
                line.dial(dial)
            both_say(Said(2, agents, 0, 0, 0), "two wait")
            assert colours(page, "warn", "")
            for dial in (waiting[2], *talking):
                line.dial(dial)
            both_say(Said(3, agents - 2, 0, 2, 0), "three wait, two are answered")
            assert colours(page, "alarm", "warn")
            states = [row.split("\n")[1] for row in page.texts(".ccs-rows .ccs-row")]
            assert set(states) <= {"Ready", "Talking"}
            device = (("Queue", "answers"), ("Interface", f"PJSIP/{ANSWERING[9]}"))
            with found.ami() as ami:
                ami.do("QueuePause", *device, ("Paused", "true"), ("Reason", "lunch"))
            both_say(Said(3, agents - 3, 1, 2, 0), "one has lunch")
            for dial in (*waiting, *talking):
                line.hang_up(dial.mark)
            list(line.reports())  # each is answered, and goes on with what it is to do
            both_say(Said(0, agents - 1, 1, 2, 3), "all have hung up")
            until(
                lambda: colours(page, "", "", "", "", "alarm"), "three have given up, and it is red"
            )
        sites.kill(found.site)
        figures = ".ccs-tile:not(.ccs-list)"
        until(
            lambda: len(page.texts(f"{figures}.ccs-stale .ccs-note")) == len(Said._fields),
            "each tile says that it is stale",
            within=10,
        )
        assert set(page.texts(".ccs-figure")) == {"–"}
        assert "stale " in page.texts(".ccs-list .ccs-label")[0]
