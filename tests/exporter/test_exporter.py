"""The exporter over real HTTP; what servers say is written here, so that every figure is known."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate import codes
from ccstate.errors import Unreadable
from ccstate.exporter import serving
from ccstate.exporter.questions import LONGEST, MOST_FIGURES, BadQuery, answer, parse
from ccstate.exporter.servers import Server, Servers
from ccstate.measures import MEASURES
from ccstate.measures.events import (
    Abandoned,
    Alive,
    Answered,
    Joined,
    Left,
    Member,
    MemberIs,
    QueueUpdate,
    Refused,
    Snapshot,
)
from ccstate.project.listener import Listener
from ccstate.project.measuring import QueueSource, QueueSources
from tests.waiting import until


@dataclass
class ScriptedServer:
    """A server that says what a test has it say."""

    name: str
    said: "SimpleQueue[QueueUpdate | None]" = field(default_factory=SimpleQueue)

    def follow(self) -> Iterator[QueueUpdate]:
        while update := self.said.get():
            yield update
        raise Unreadable(codes.NOT_MEASURED(name=self.name))

    def say(self, *updates: QueueUpdate) -> None:
        for each in updates:
            self.said.put(each)

    def go(self) -> None:
        self.said.put(None)


def first_day(_: float) -> float:
    return 0.0


class Exporter:
    """An exporter of such servers, in this process, on a port of its own."""

    def __init__(self, *servers: ScriptedServer) -> None:
        each = tuple(QueueSource(each.name, each.follow, first_day) for each in servers)
        labels = {("queue", "sales"): "Sales", ("user", "priya.n"): "Priya Nair"}
        teams = {"priya.n": "north"}
        sources = QueueSources(each, labels, frozenset({"planned"}), teams)
        self.servers = Servers(sources, time.time())
        self.http = serving.listening(self.servers, "127.0.0.1", 0)
        for server in self.servers.each:
            threading.Thread(target=serving.follow, args=(server, Listener()), daemon=True).start()
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        line = HTTPConnection("127.0.0.1", self.http.server_port, timeout=10)
        with closing(line):
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            return answer.status, answer.read().decode()

    def json(self, query: str) -> Any:
        status, body = self.get(f"/figures.json?{query}")
        assert status == 200, body
        return json.loads(body)

    def figure(self, asked: str) -> Any:
        return self.json(f"figure={asked}")["figures"][0]

    def until(self, truth: Callable[[], bool]) -> None:
        until(truth, "the exporter has taken it in")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Exporter]]:
    monkeypatch.setattr(serving, "FIRST_PAUSE", 0.01)
    started = []

    def start(*servers: ScriptedServer) -> Exporter:
        started.append(Exporter(*servers))
        return started[-1]

    yield start
    for exporter in started:
        exporter.http.shutdown()
        exporter.http.server_close()


def snapshot(*queues: str) -> Snapshot:
    now = time.time()
    member = MemberIs(now, queues[0], "priya.n", Member(is_paused=True, reason="lunch"))
    return Snapshot(now, dict.fromkeys(queues, 20), {}, [member])


def calls(queue: str, *waits: int) -> list[QueueUpdate]:
    now = time.time()
    found: list[QueueUpdate] = []
    for number, wait in enumerate(waits):
        call = f"{queue}-{number}"
        found += [Joined(now - wait, queue, call), Left(now, queue, call)]
        found.append(Answered(now, queue, call, wait))
    return found


def test_figures_come_in_the_order_asked_with_what_they_are(
    serve: Callable[..., Exporter],
) -> None:
    pbx = ScriptedServer("pbx")
    exporter = serve(pbx)
    pbx.say(snapshot("sales", "support"), *calls("sales", 5, 35), *calls("support", 1, 2))
    exporter.until(lambda: exporter.figure("answered:sales,support")["value"] == 4)
    found = exporter.json(
        "figure=service_level:sales,support&figure=waiting:sales&figure=average_handle_time:sales"
    )["figures"]
    since = found[0].pop("since")
    assert isinstance(since, str)
    assert since.endswith("+00:00")
    assert found == [
        {
            "measure": "service_level",
            "queues": ["sales", "support"],
            "value": 75.0,
            "unit": "percent",
            "stale": False,
            "missed": 0,
        },
        {
            "measure": "waiting",
            "queues": ["sales"],
            "value": 0,
            "unit": "calls",
            "stale": False,
            "since": None,
            "missed": 0,
        },
        {
            "measure": "average_handle_time",
            "queues": ["sales"],
            "value": None,
            "unit": "seconds",
            "stale": False,
            "since": since,
            "missed": 0,
        },
    ]


def test_lists_have_agents_and_queues_as_people_call_them(serve: Callable[..., Exporter]) -> None:
    pbx = ScriptedServer("pbx")
    exporter = serve(pbx)
    pbx.say(snapshot("sales"))
    exporter.until(lambda: exporter.servers.each[0].is_known)
    agents, queues = exporter.json("list=agents:sales&list=queues:sales")["lists"]
    (agent,) = agents["rows"]
    assert agent.pop("since").endswith("+00:00")
    assert agent == {
        "agent": "priya.n",
        "team": "north",
        "label": "Priya Nair",
        "state": "paused",
        "reason": "lunch",
    }
    (queue,) = queues["rows"]
    assert (queue["queue"], queue["label"], queue["agents_paused"]) == ("sales", "Sales", 1)
    assert queue.keys() == {"queue", "label", "stale", *MEASURES}


def test_a_server_that_is_lost_is_stale_and_never_zero(serve: Callable[..., Exporter]) -> None:
    pbx, other = ScriptedServer("pbx"), ScriptedServer("other")
    exporter = serve(pbx, other)
    pbx.say(snapshot("sales"), *calls("sales", 5), Joined(time.time(), "sales", "waits"))
    other.say(snapshot("other"))
    exporter.until(lambda: exporter.get("/healthz")[0] == 200)
    exporter.until(lambda: exporter.figure("waiting:sales")["value"] == 1)
    assert 'ccstate_queue_waiting_calls{queue="sales",target="pbx"} 1.0' in metrics(exporter)

    pbx.go()
    exporter.until(lambda: exporter.figure("waiting:sales")["stale"] is True)
    assert exporter.figure("waiting:sales")["value"] == 1
    assert exporter.figure("answered:sales")["value"] == 1
    assert exporter.figure("waiting:other")["stale"] is False
    assert exporter.get("/healthz")[0] == 503
    said = metrics(exporter)
    assert 'ccstate_up{target="pbx"} 0.0' in said
    assert [line for line in said if 'target="pbx"' in line and "queue" in line] == []

    pbx.say(snapshot("sales"), Alive(time.time()))
    exporter.until(lambda: exporter.figure("waiting:sales")["stale"] is False)
    assert exporter.figure("waiting:sales")["value"] == 0
    assert exporter.figure("answered:sales")["value"] == 1, "counting goes on"
    assert 'ccstate_queue_unobserved_calls_total{queue="sales",target="pbx"} 1.0' in metrics(
        exporter
    )


def test_what_nobody_foresaw_leaves_no_figure_that_looks_alive() -> None:
    pbx = ScriptedServer("pbx")
    pbx.say(snapshot("sales"), "nonsense")  # type: ignore[arg-type]  # that is the point
    server = Server(QueueSource("pbx", pbx.follow, first_day), time.time())
    with pytest.raises(AttributeError):
        serving.follow(server, Listener())
    assert (server.is_known, server.is_there) == (True, False)


def metrics(exporter: Exporter) -> list[str]:
    status, body = exporter.get("/metrics")
    assert status == 200
    return body.splitlines()


def test_a_queue_on_two_servers_is_one_queue(serve: Callable[..., Exporter]) -> None:
    north, south = ScriptedServer("north"), ScriptedServer("south")
    exporter = serve(north, south)
    north.say(snapshot("sales"), *calls("sales", 5, 50))
    south.say(snapshot("sales"), *calls("sales", 50, 50))
    exporter.until(lambda: exporter.figure("answered:sales")["value"] == 4)
    assert exporter.figure("service_level:sales")["value"] == 25


def test_before_a_server_was_read_nothing_is_known(serve: Callable[..., Exporter]) -> None:
    exporter = serve(ScriptedServer("pbx"))
    found = exporter.figure("waiting:sales")
    assert (found["value"], found["stale"]) == (None, True)
    assert exporter.get("/healthz")[0] == 503


def test_a_queue_that_is_declared_and_nowhere_has_no_value(
    serve: Callable[..., Exporter],
) -> None:
    pbx = ScriptedServer("pbx")
    exporter = serve(pbx)
    pbx.say(snapshot("sales"))
    exporter.until(lambda: exporter.servers.each[0].is_known)
    assert exporter.figure("waiting:planned")["value"] is None
    assert exporter.get("/figures.json?figure=waiting:slaes") == (
        400,
        'no server has a queue "slaes", and the desired state declares none\n',
    )


@pytest.mark.parametrize(
    "query, said",
    [
        ("figure=waitin:sales", 'there is no measure "waitin": did you mean "waiting"?'),
        ("figure=waiting", "waiting of which queues?"),
        ("figure=waiting:", "waiting of which queues?"),
        ("list=members:sales", 'there is no list "members"'),
        ("measure=waiting:sales", 'there is no parameter "measure"'),
        ("figure", "the query is no list"),
        ("figure=%ff:sales", "the query is no list"),
        ("figure=waiting:sales&" * (MOST_FIGURES + 1), f"at most {MOST_FIGURES} figures"),
        ("figure=waiting:" + "q," * LONGEST, f"the query is longer than {LONGEST} characters"),
        ("list=agents:" + ",".join(f"q{n}" for n in range(501)), "at most 500 queues"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    serve: Callable[..., Exporter], query: str, said: str
) -> None:
    status, body = serve(ScriptedServer("pbx")).get(f"/figures.json?{query.rstrip('&')}")
    assert status == 400
    assert body.startswith(said)


def test_pages_of_other_sites_read_nothing(serve: Callable[..., Exporter]) -> None:
    exporter = serve(ScriptedServer("pbx"))
    assert exporter.get("/metrics", Host="evil.example:9469")[0] == 403
    assert exporter.get("/metrics", Host="localhost:9469")[0] == 200
    assert exporter.get("/metrics", Host="[::1]:9469")[0] == 200
    assert exporter.get("/etc/passwd")[0] == 404


def test_reasons_of_pauses_are_bounded(serve: Callable[..., Exporter]) -> None:
    pbx = ScriptedServer("pbx")
    exporter = serve(pbx)
    members = [
        MemberIs(time.time(), "sales", f"a{n}", Member(is_paused=True, reason=f"r{n} \n{{}}"))
        for n in range(30)
    ]
    pbx.say(Snapshot(time.time(), {"sales": 20}, {}, members))
    exporter.until(lambda: exporter.servers.each[0].is_known)
    said = [line for line in metrics(exporter) if line.startswith("ccstate_queue_paused_agents{")]
    assert len(said) == 21
    assert 'ccstate_queue_paused_agents{queue="sales",reason="other",target="pbx"} 10.0' in said


def test_refused_and_abandoned_calls_have_their_counters(serve: Callable[..., Exporter]) -> None:
    pbx = ScriptedServer("pbx")
    exporter = serve(pbx)
    now = time.time()
    pbx.say(snapshot("sales"), Refused(now, "sales", "full"), Joined(now, "sales", "1"))
    pbx.say(Left(now, "sales", "1"), Abandoned(now, "sales", "1", 2))
    exporter.until(lambda: exporter.figure("abandoned:sales")["value"] == 1)
    said = metrics(exporter)
    for line in (
        'refused_calls_total{cause="full",queue="sales",target="pbx"} 1.0',
        'refused_calls_total{cause="empty",queue="sales",target="pbx"} 0.0',
        'short_abandoned_calls_total{queue="sales",target="pbx"} 1.0',
        'service_level_seconds{queue="sales",target="pbx"} 20.0',
    ):
        assert f"ccstate_queue_{line}" in said


WORDS = st.sampled_from(
    [
        "figure",
        "list",
        "=",
        "&",
        ":",
        ",",
        "waiting",
        "agents",
        "queues",
        "sales",
        "%00",
        "%e9",
        "+",
        ";",
        "ü",
    ]
)


@given(st.lists(WORDS, max_size=20).map("".join) | st.text(max_size=50))
def test_any_query_has_an_answer_or_a_reason(query: str) -> None:
    servers = Servers(QueueSources((), {}, frozenset({"sales"})), 0.0)
    with suppress(BadQuery):
        assert json.dumps(answer(servers, parse(query), 0.0))
