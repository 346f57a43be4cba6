"""A site with a queue for each way a call can end, and calls whose outcome is known before they are placed."""

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.calls.caller import NAME, Dial, Entrance
from ccstate.adapters.asterisk.calls.sipp import Sipp
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds.extension import unknown_password
from ccstate.model import Address
from ccstate_lab import phones, programs
from ccstate_lab import site as sites
from ccstate_lab.site import Site
from tests.waiting import GENEROUS, until

KEY = b"k" * 32
NOW = 1_795_561_200
ANSWERING = tuple(f"21{n:02}" for n in range(15))
PASSING_ON = tuple(f"22{n:02}" for n in range(14))
LEAVING, AWAY, ELSEWHERE = "2302", "2303", "2304"
TRANSFERRED_TO, HOLDING = "2305", "2306"
ON_HOLD = 2.0
"""Seconds for which a caller of `holds` is on hold."""
RINGING = {"abandoned": "2401", "full": "2402", "time": "2403", "key": "2404"}
"""By queue, the phone that rings there and is not answered."""

QUEUES: Mapping[str, dict[str, Any]] = {
    # Whose phones answer.
    "answers": {
        "members": [{"extension": name} for name in ANSWERING],
        "strategy": "longest_idle",
        "wrap_up": "1s",
        "service_level": {"percent": 80, "within": "1s"},
    },
    "passes-on": {
        "members": [{"extension": name} for name in PASSING_ON],
        "strategy": "longest_idle",
        "caller_rights": ["transfer"],
        "service_level": {"percent": 80, "within": "20s"},
    },
    "holds": {"members": [{"extension": HOLDING}], "wrap_up": "1s"},
    # Whose phone rings, and nobody takes the call.
    "abandoned": {"members": [{"extension": RINGING["abandoned"]}], "ring_for": "2s"},
    "full": {
        "members": [{"extension": RINGING["full"]}],
        "max_waiting": 4,
        "overflow": {"after": "1m", "to": "hangup", "full": "hangup"},
    },
    "time": {
        "members": [{"extension": RINGING["time"]}],
        "ring_for": "1s",
        "overflow": {"after": "2s", "to": "hangup"},
    },
    "key": {
        "members": [{"extension": RINGING["key"]}],
        "keys": {"1": "queue/elsewhere"},
        "overflow": {"after": "1m", "to": "hangup"},
    },
    "elsewhere": {"members": [{"extension": ELSEWHERE}]},
    # Without a phone that can be reached, from the start or after a while.
    "empty": {
        "members": [{"extension": AWAY}],
        "overflow": {"after": "1m", "to": "hangup", "empty": "hangup"},
    },
    "leaves": {
        "members": [{"extension": LEAVING}],
        "ring_for": "1s",
        "overflow": {"after": "1m", "to": "hangup", "empty": "hangup"},
    },
}
NUMBERS = {queue: f"+6125550{n:04}" for n, queue in enumerate(QUEUES, 100)}
EXTENSIONS = (
    *ANSWERING,
    *PASSING_ON,
    *RINGING.values(),
    LEAVING,
    AWAY,
    ELSEWHERE,
    TRANSFERRED_TO,
    HOLDING,
)
FIGURES = """
[figures]
secret = {secret}
read = {read}
write = {write}
"""


def objects() -> dict[Address, dict[str, Any]]:
    common = {"ring_for": "10s", "retry": "1s"}
    return {
        Address("site", "sydney"): {"label": "Sydney", "timezone": "Australia/Sydney"},
        Address("trunk", "carrier"): {"host": "127.0.0.9", "transport": "udp"},
        **{
            Address("extension", name): {"device": "softphone", "secret": f"of-{name}"}
            for name in EXTENSIONS
        },
        **{Address("queue", name): {**common, **fields} for name, fields in QUEUES.items()},
        **{
            Address("number", number): {"to": f"queue/{queue}"} for queue, number in NUMBERS.items()
        },
    }


@dataclass
class Centre:
    """The site, its phones, and the project that names it."""

    site: Site
    project: Path
    leaving: phones.Phones

    def ami(self, events: str = "off") -> Ami:
        site = self.site
        return Ami.connect(
            Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret), events=events
        )

    def permit(self, read: str, *, write: str) -> None:
        """Give the AMI user of the project these rights, and no others."""
        manager = self.site.etc / "manager.conf"
        before = manager.read_text(encoding="utf-8").partition("\n[figures]")[0]
        user = FIGURES.format(secret=self.site.ami_secret, read=read, write=write)
        manager.write_text(before + user, encoding="utf-8")
        with self.ami() as ami:
            ami.command("manager reload")

    def counters(self) -> dict[str, dict[str, str]]:
        """What Asterisk itself counts, by queue."""
        with self.ami() as ami:
            found = ami.read("QueueStatus")
            return {m["Queue"]: dict(m.items()) for m in found if m.is_event("QueueParams")}

    def logged(self) -> dict[str, Counter[str]]:
        """How often queue_log has each event, by queue: a witness that no code of ours writes."""
        found: dict[str, Counter[str]] = {}
        for line in self.site.queue_log.read_text().splitlines():
            _, _, queue, _, event, *_ = line.split("|")
            found.setdefault(queue, Counter())[event] += 1
        return found

    def seconds_logged(self, event: str, queue: str, column: int) -> list[int]:
        """What queue_log has in a column of an event."""
        lines = (line.split("|") for line in self.site.queue_log.read_text().splitlines())
        return [int(row[column]) for row in lines if row[2] == queue and row[4] == event]


@contextmanager
def centre(release: str, folder: Path, *, write: str) -> Iterator[Centre]:
    """A running site, and a project beside it; the AMI user has these rights to write."""
    compiled = serialize(compile_objects(objects(), Setting(KEY, is_test_site=True)))
    files = {path: content.decode() for path, content in compiled.items()}
    site = sites.start(
        folder / "site", name="centre", programs=programs.programs(release), files=files
    )
    try:
        project = folder / "project"
        (project / "desired_state").mkdir(parents=True)
        (project / "ami.secret").write_text(site.ami_secret, encoding="utf-8")
        (project / "ccstate.yaml").write_text(
            f"version: 1\ntargets:\n  pbx:\n    adapter: asterisk\n    connection:\n"
            f"      ami: {{host: 127.0.0.1, port: {site.ami_port}, username: figures, "
            f'secret: "file:ami.secret"}}\n',
            encoding="utf-8",
        )
        (project / "desired_state/all.yaml").write_text(
            "sites: {sydney: {timezone: Australia/Sydney}}\n"
            "queues: {answers: {label: Answers}, planned: {label: Planned}}\n",
            encoding="utf-8",
        )
        taking = {name: f"of-{name}" for name in (*ANSWERING, *PASSING_ON)}
        phones.answer(site, taking, after=0.1)
        ringing = {name: f"of-{name}" for name in (*RINGING.values(), ELSEWHERE, TRANSFERRED_TO)}
        phones.ring(site, ringing)
        phones.hold(site, {HOLDING: f"of-{HOLDING}"}, after=0.1, holds=ON_HOLD)
        leaving = phones.ring(site, {LEAVING: f"of-{LEAVING}"})
        found = Centre(site, project, leaving)
        found.permit("system,call,agent,dialplan", write=write)
        yield found
    finally:
        phones.end_all(site.folder)
        sites.kill(site)


def callers(site: Site) -> Sipp:
    """A line on which calls to the site are placed."""
    entrance = Entrance("127.0.0.1", site.sip_port, unknown_password(KEY, NAME))
    return Sipp(entrance, program=programs.sipp())


@dataclass
class Calls:
    """Calls that are to be placed, and what their callers do, by the seconds from the start."""

    due: list[tuple[float, int, Callable[[Sipp], None]]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By queue and measure, how many there must be."""
    _last: dict[str, str] = field(default_factory=dict)

    def place(self, queue: str, start: float, stays: float, *expected: str) -> None:
        dial = Dial(NUMBERS[queue], NOW)
        self.plan(start, lambda line: line.dial(dial))
        self.plan(start + stays, lambda line: line.hang_up(dial.mark))
        self._last[queue] = dial.mark
        self.expects(queue, *expected)

    def press(self, queue: str, start: float, keys: str) -> None:
        """Have the last caller of a queue press keys."""
        mark = self._last[queue]
        for number, key in enumerate(keys):
            self.plan(start + number * 0.15, partial(_press, mark, key))

    def expects(self, queue: str, *measures: str) -> None:
        self.expected.update((queue, measure) for measure in measures)

    def plan(self, when: float, act: Callable[[Sipp], None]) -> None:
        heapq.heappush(self.due, (when, next(self.numbers), act))

    def run(self, site: Site) -> None:
        """Place all of them, and wait until the last caller has hung up."""
        last = max(when for when, *_ in self.due)
        with callers(site) as line:
            began = time.monotonic()

            def work() -> bool:
                while self.due and self.due[0][0] <= time.monotonic() - began:
                    heapq.heappop(self.due)[2](line)
                list(line.reports())
                return not self.due

            until(work, "all calls are placed and over", within=last + GENEROUS)


def _press(mark: str, key: str, line: Sipp) -> None:
    line.press(mark, key)
