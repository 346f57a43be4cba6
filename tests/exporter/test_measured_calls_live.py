"""What `ccstate measure` counts over real calls of every outcome, beside Asterisk's counters and its queue_log."""

import json
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccstate.adapters.asterisk.calls.caller import Dial
from ccstate.measures import MEASURES
from ccstate_lab import phones
from ccstate_lab import site as sites
from tests.exporter.prometheus import checked, scraping
from tests.exporter.queue_calls import (
    NOW,
    NUMBERS,
    ON_HOLD,
    QUEUES,
    TRANSFERRED_TO,
    Calls,
    Centre,
    callers,
    centre,
)
from tests.waiting import until

LOGGED = {
    "offered": ("ENTERQUEUE",),
    "answered": ("CONNECT",),
    "abandoned": ("ABANDON",),
    "overflowed_time": ("EXITWITHTIMEOUT",),
    "overflowed_key": ("EXITWITHKEY",),
    "overflowed_empty": ("EXITEMPTY",),
    "transferred": ("BLINDTRANSFER", "ATTENDEDTRANSFER"),
    "rang_out": ("RINGNOANSWER",),
}
"""By measure, what queue_log has of it; it has nothing of refused calls."""
OF_PHONES = {"transferred", "rang_out"}
"""How often that happens hangs on the moment at which keys and rings come."""


class Some(NamedTuple):
    """Calls to a queue, one `every` so many seconds, and what each has to count as."""

    queue: str
    calls: int
    every: float
    stays: float
    expected: str
    start: float = 0.0
    keys: str = ""
    after: float = 1.0


PLAN = (
    Some("answers", 80, 0.25, 2.6, "offered answered"),
    Some("passes-on", 8, 1.6, 5.0, "offered answered"),
    Some("passes-on", 8, 1.6, 8.0, "offered answered", 0.8, f"##{TRANSFERRED_TO}", 2.0),
    Some("holds", 2, 7.0, 5.5, "offered answered"),
    Some("abandoned", 30, 0.4, 1.5, "offered abandoned"),
    Some("abandoned", 20, 0.6, 7.2, "offered abandoned", 0.1),
    Some("full", 4, 0.1, 14.0, "offered abandoned"),
    Some("full", 20, 0.4, 2.0, "refused refused_full", 3.0),
    Some("time", 25, 0.7, 6.0, "offered overflowed overflowed_time"),
    Some("key", 20, 0.8, 3.0, "offered overflowed overflowed_key", keys="1"),
    Some("empty", 20, 0.5, 2.0, "refused refused_empty"),
    Some("leaves", 6, 0.1, 14.0, "offered overflowed overflowed_empty", 1.0),
)
"""243 calls in half a minute."""


def planned(share: float) -> Calls:
    """A share of each sort, of those of which there are many."""
    calls = Calls()
    for some in PLAN:
        for n in range(round(some.calls * share) if some.calls > 6 else some.calls):
            start = some.start + n * some.every
            calls.place(some.queue, start, some.stays, *some.expected.split())
            calls.press(some.queue, start + some.after, some.keys)
            if some.queue == "key":
                calls.expects("elsewhere", "offered", "abandoned")
    return calls


class Exporter:
    """`ccstate measure --serve`, in a process of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str) -> tuple[int, str]:
        line = HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(line):
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()

    def health(self) -> int:
        """The status of /healthz; 0 where nothing listens yet."""
        try:
            return self.get("/healthz")[0]
        except OSError:
            return 0

    def figures(self, *asked: str) -> list[Any]:
        query = "&".join(f"figure={each}" for each in asked)
        status, body = self.get(f"/figures.json?{query}")
        assert status == 200, body
        found: list[Any] = json.loads(body)["figures"]
        return found


@contextmanager
def exporter(project: Path) -> Iterator[Exporter]:
    """An exporter that follows the site already."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["--project", str(project), "measure", "--serve", f"127.0.0.1:{port}"]
    with subprocess.Popen([sys.executable, "-m", "ccstate", *arguments]) as started:
        try:
            found = Exporter(port)
            until(lambda: found.health() == 200, "the site is followed")
            yield found
        finally:
            started.terminate()
            assert started.wait() == 0


@dataclass(frozen=True)
class Measured:
    """All that was said of the calls, by three who do not know each other, and what was planned."""

    expected: Counter[tuple[str, str]]
    figures: dict[tuple[str, str], Any]
    metrics: dict[str, float]
    counters: dict[str, dict[str, str]]
    logged: dict[str, Counter[str]]
    seconds: dict[tuple[str, str], int]
    waits: dict[str, list[int]]
    """By queue, the seconds that those who gave up had waited."""
    remarks: str
    wrap_up: int
    """Seconds after a call of `holds`, as far as the user may know."""

    def total(self, name: str, queue: str, **labels: str) -> int:
        said = ",".join(
            f'{key}="{value}"'
            for key, value in sorted({"queue": queue, "target": "pbx", **labels}.items())
        )
        return int(self.metrics[f"ccstate_queue_{name}_total{{{said}}}"])


@pytest.fixture(scope="module", params=["22", "16"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """On 22 with the filter that `write = system` allows, on 16 with a user who may write nothing."""
    folder = tmp_path_factory.mktemp(f"measured-{request.param}-")
    is_new = request.param == "22"
    with (
        centre(request.param, folder, write="system" if is_new else "") as found,
        exporter(found.project) as serving,
    ):
        calls = planned(1.0 if is_new else 0.3)
        calls.plan(4.0, lambda _: phones.stop(found.leaving))
        calls.run(found.site)
        asked = [f"waiting:{queue}" for queue in QUEUES]
        until(lambda: not any(f["value"] for f in serving.figures(*asked)), "no call waits")
        until(lambda: all_over(found), "all calls are over")
        ready = ["agents_ready:answers"]
        until(lambda: serving.figures(*ready)[0]["value"] == 15, "the agents are ready again")
        body = until(lambda: completed(serving.get("/metrics")[1]), "all talks are over")
        said = serving.figures(*(f"{name}:{queue}" for queue in QUEUES for name in MEASURES))
        return Measured(
            calls.expected,
            {(each["queues"][0], each["measure"]): each["value"] for each in said},
            read(body),
            found.counters(),
            found.logged(),
            {
                ("waited", "answers"): sum(found.seconds_logged("CONNECT", "answers", 5)),
                ("talked", "holds"): sum(found.seconds_logged("COMPLETECALLER", "holds", 6)),
                ("talked", "answers"): sum(found.seconds_logged("COMPLETECALLER", "answers", 6)),
            },
            {queue: found.seconds_logged("ABANDON", queue, 7) for queue in QUEUES},
            checked(body),
            int(is_new),
        )


def documented() -> list[str]:
    """The expressions on the page about the exporter."""
    page = (Path(__file__).parents[2] / "docs/exporter.md").read_text(encoding="utf-8")
    section = page.partition("Prometheus computes")[2].partition("## JSON")[0]
    blocks = re.findall(r"(?:^    .+\n)+", section, re.MULTILINE)
    return [*blocks, *re.findall(r"`(ccstate_[^`]+)`", section)]


def read(metrics: str) -> dict[str, float]:
    """The series of queues."""
    lines = (line.rpartition(" ") for line in metrics.splitlines())
    return {key: float(value) for key, _, value in lines if key.startswith("ccstate_queue_")}


def completed(metrics: str) -> str | None:
    """The metrics, once as many calls are completed as were answered: that is told a moment later."""
    sums = Counter[str]()
    for key, value in read(metrics).items():
        sums[key.partition("{")[0]] += int(value)
    over = sums["ccstate_queue_completed_calls_total"]
    return metrics if over == sums["ccstate_queue_answered_calls_total"] else None


def all_over(found: Centre) -> bool:
    with found.ami() as ami:
        return ami.read("CoreShowChannels") == []


def test_each_call_counts_as_what_its_caller_met(measured: Measured) -> None:
    names = {name for _, name in measured.expected}
    assert names >= {"refused_full", "refused_empty", *LOGGED.keys() - OF_PHONES}
    found = {(q, n): measured.figures[q, n] for q in QUEUES for n in names}
    assert {key: value for key, value in found.items() if value} == dict(measured.expected)


def test_queue_log_has_the_same(measured: Measured) -> None:
    for queue in QUEUES:
        logged = measured.logged.get(queue, Counter())
        for name, events in LOGGED.items():
            assert measured.figures[queue, name] == sum(logged[e] for e in events), (queue, name)
        waits = measured.waits.get(queue, [])
        assert measured.figures[queue, "short_abandons"] == sum(wait < 5 for wait in waits), queue
    for name in OF_PHONES:
        assert sum(measured.figures[queue, name] for queue in QUEUES) > 0
    assert (
        0
        < measured.figures["abandoned", "short_abandons"]
        < measured.figures["abandoned", "abandoned"]
    )
    assert (
        measured.total("answered_wait_seconds", "answers") == measured.seconds["waited", "answers"]
    )
    assert measured.total("talk_seconds", "answers") == measured.seconds["talked", "answers"]


def test_asterisks_own_counters_are_sums_of_these(measured: Measured) -> None:
    """Its `Abandoned` holds what overflowed, but for calls by key."""
    for queue in QUEUES:
        own, figures = measured.counters[queue], measured.figures
        assert int(own["Calls"]) == figures[queue, "waiting"]
        assert int(own["Abandoned"]) == (
            figures[queue, "abandoned"]
            + figures[queue, "overflowed_time"]
            + figures[queue, "overflowed_empty"]
        )
        if (
            queue != "passes-on"
        ):  # 16.28 completes a call again that its caller has passed on (seen)
            assert int(own["Completed"]) == measured.total("completed_calls", queue)
    share = float(measured.counters["answers"]["ServicelevelPerf"])
    assert measured.figures["answers", "service_level_of_answered"] == pytest.approx(share, abs=0.1)


def test_metrics_say_the_same_and_promtool_finds_nothing(measured: Measured) -> None:
    assert measured.remarks == ""
    for cause, name in (("full", "refused_full"), ("empty", "refused_empty")):
        for queue in QUEUES:
            total = measured.total("refused_calls", queue, cause=cause)
            assert total == measured.figures[queue, name]


def test_time_on_hold_is_no_talk(measured: Measured) -> None:
    """Asterisk counts whole seconds, and talk and hold as one."""
    held = measured.figures["holds", "average_hold_time"]
    talked = measured.figures["holds", "average_talk_time"]
    assert held >= ON_HOLD - 0.5
    assert held + talked == measured.seconds["talked", "holds"] / 2
    handled = measured.figures["holds", "average_handle_time"]
    assert handled == measured.seconds["talked", "holds"] / 2 + measured.wrap_up


def test_agents_were_busy_for_as_long_as_they_talked(measured: Measured) -> None:
    assert measured.figures["answers", "agents_ready"] == 15
    assert measured.figures["empty", "agents_logged_in"] == 0
    assert measured.figures["leaves", "agents_logged_in"] == 0
    assert 10 < measured.figures["answers", "occupancy"] < 90


def test_prometheus_reads_what_is_served_and_takes_the_expressions_of_the_page(
    tmp_path: Path,
) -> None:
    with centre("22", tmp_path, write="") as found, exporter(found.project) as serving:
        job = (
            "scrape_configs:\n  - job_name: ccstate\n    scrape_interval: 1s\n"
            f'    static_configs: [{{targets: ["127.0.0.1:{serving.port}"]}}]\n'
        )
        with scraping(job, tmp_path / "prometheus") as prometheus:
            ready = 'sum(ccstate_queue_agents{queue="answers",state="ready"})'
            assert prometheus.value(ready) == 15
            refusals = [prometheus.refusal(each) for each in documented()]
    assert len(refusals) > 4
    assert set(refusals) == {""}


def test_a_server_that_is_reloaded_or_started_anew_is_followed(tmp_path: Path) -> None:
    with centre("22", tmp_path, write="") as found, exporter(found.project) as serving:
        with found.ami() as ami:
            device = (("Queue", "answers"), ("Interface", "PJSIP/2100"), ("Paused", "true"))
            ami.do("QueuePause", *device, ("Reason", "lunch"))
        until(lambda: serving.figures("agents_paused:answers")[0]["value"] == 1, "it is heard")
        queues = found.site.etc / "queues.d/ccstate.conf"
        lines = queues.read_text(encoding="utf-8").splitlines(keepends=True)
        queues.write_text("".join(line for line in lines if "PJSIP/2101" not in line))
        with found.ami() as ami:
            ami.do("Reload", ("Module", "app_queue.so"))
        logged_in = "agents_logged_in:answers"
        until(lambda: serving.figures(logged_in)[0]["value"] == 14, "the reload is followed")
        sites.kill(found.site)
        until(lambda: serving.health() == 503, "the loss is noticed")
        (lost,) = serving.figures("agents_paused:answers")
        assert (lost["value"], lost["stale"]) == (1, True)
        said = serving.get("/metrics")[1].splitlines()
        assert [line for line in said if line.startswith("ccstate_queue")] == []
        sites.start(found.site.folder, name="centre", programs=found.site.programs)
        found.permit("system,call,agent,dialplan", write="")
        until(lambda: serving.health() == 200, "it is there again")
        (back,) = serving.figures("agents_paused:answers")
        assert (back["value"], back["stale"]) == (0, False), "a restart forgets a pause"


def test_a_call_that_waits_before_counting_begins_is_counted_to_its_end(tmp_path: Path) -> None:
    with centre("22", tmp_path, write="") as found, callers(found.site) as line:
        dial = Dial(NUMBERS["abandoned"], NOW)
        line.dial(dial)
        until(lambda: found.counters()["abandoned"]["Calls"] == "1", "the call waits")
        with exporter(found.project) as serving:
            asked = [f"{name}:abandoned" for name in ("waiting", "offered", "abandoned")]
            assert [each["value"] for each in serving.figures(*asked)] == [1, 1, 0]
            line.hang_up(dial.mark)

            def is_counted() -> bool:
                list(line.reports())  # which lets it hang up
                return bool(serving.figures("abandoned:abandoned")[0]["value"])

            until(is_counted, "the end is counted")
            assert [each["value"] for each in serving.figures(*asked)] == [0, 1, 1]


def test_a_user_who_may_not_read_what_counts_is_told(tmp_path: Path) -> None:
    with centre("22", tmp_path, write="system") as found:
        found.permit("system,agent", write="system")
        arguments = ["--project", str(found.project), "measure"]
        said = subprocess.run(
            [sys.executable, "-m", "ccstate", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 1
        assert "CC860" in said.stderr
        assert "may not read call, dialplan" in said.stderr
