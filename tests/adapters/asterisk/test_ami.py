"""AMI, by real Asterisk 22 and 16; and by servers that are none, cut off, or mean harm."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk import ami as ami_module
from ccstate.adapters.asterisk.ami import Ami, Login, Refused, Tls
from ccstate.adapters.asterisk.ami import message as ami_message
from ccstate.adapters.asterisk.ami.message import Message, Splitter
from ccstate.errors import CcstateError, InvalidInput, Unreadable
from ccstate_lab import site
from ccstate_lab.programs import programs
from ccstate_lab.site import Site
from tests.waiting import GENEROUS

ENDPOINTS = 300
PHONES = "".join(
    f"[{number}]\ntype=endpoint\ncontext=default\nallow=!all,ulaw,alaw\nauth={number}\naors={number}\n"
    f"set_var=CC_USER=u{number}\nset_var=CC_LOCATION=sydney\n"
    f"[{number}]\ntype=auth\nusername={number}\npassword=pw{number}\n"
    f"[{number}]\ntype=aor\nmax_contacts=1\n"
    for number in range(2000, 2000 + ENDPOINTS)
)
MORE = {
    "pjsip.d/phones.conf": PHONES,
    "pjsip.d/trunk.conf": "[trunk]\ntype=registration\noutbound_auth=2000\n"
    "server_uri=sip:127.0.0.1:9\nclient_uri=sip:us@127.0.0.1\n",
    "extensions.d/phones.conf": "[phones]\nexten => 2000,1,Answer()\n",
    "queues.d/queues.conf": "[sales]\nmember => PJSIP/2000,3,Priya\nmember => PJSIP/2001\n[empty]\n",
}


@pytest.fixture(scope="module", params=["22", "16"])
def asterisk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    running = site.start(folder, name="ami", programs=programs(request.param), files=MORE, tls=True)
    yield running
    site.stop(running)


def login_to(asterisk: Site, timeout: float = 30) -> Login:
    return Login("127.0.0.1", asterisk.ami_port, "lab", asterisk.lab_secret, timeout=timeout)


@pytest.fixture
def ami(asterisk: Site) -> Iterator[Ami]:
    with Ami.connect(login_to(asterisk)) as connected:
        yield connected


def words(error: CcstateError) -> str:
    return " ".join(f"{one.code} {one.message} {one.cause} {one.hint}" for one in error.problems)


def refusal(login: Login) -> str:
    with pytest.raises(Unreadable) as caught, Ami.connect(login):
        pass
    assert login.secret not in words(caught.value)
    return words(caught.value)


@pytest.mark.asterisk
def test_an_action_is_answered(ami: Ami) -> None:
    assert ami.do("CoreStatus")["CoreCurrentCalls"] == "0"
    assert ami.do("getvar", ("Variable", "CC_NONE"))["value"] == ""


def test_a_list_is_read_in_full(ami: Ami) -> None:
    endpoints = ami.read("PJSIPShowEndpoints")
    assert {one["ObjectName"] for one in endpoints} == set(map(str, range(2000, 2000 + ENDPOINTS)))
    members = [one for one in ami.read("QueueStatus") if one["Event"] == "QueueMember"]
    assert {(one["Name"], one["Penalty"]) for one in members} == {
        ("Priya", "3"),
        ("PJSIP/2001", "0"),
    }
    assert {one["Event"] for one in ami.read("ShowDialPlan", ("Context", "phones"))} == {
        "ListDialplan"
    }


def test_a_list_that_counts_only_some_of_its_items_is_whole(ami: Ami) -> None:
    events = [one["Event"] for one in ami.read("PJSIPShowRegistrationsOutbound")]
    assert sorted(events) == ["AuthDetail", "OutboundRegistrationDetail"]


@pytest.mark.parametrize(
    "action",
    [
        "CoreShowChannels",
        "PJSIPShowContacts",
        "VoicemailUsersList",
        "PJSIPShowSubscriptionsInbound",
    ],
)
def test_an_empty_list_is_empty_in_whichever_way_asterisk_says_it(ami: Ami, action: str) -> None:
    assert ami.read(action) == []


def test_what_asterisk_refuses_is_said_in_its_words(ami: Ami) -> None:
    for action, header, why in (
        ("PJSIPShowEndpoint", ("Endpoint", "absent"), "Unable to retrieve endpoint absent"),
        ("ShowDialPlan", ("Context", "absent"), "Did not find context absent"),
        ("NoSuchAction", ("X", "y"), "Invalid/unknown command"),
        ("Command", ("Command", "no such command"), "No such command"),
    ):
        with pytest.raises(Refused) as caught:
            ami.read(action, header)
        assert caught.value.action == action
        assert caught.value.reason.startswith(why)
        assert f"refused {action}: {why}" in words(caught.value)


def test_many_requests_are_answered_in_order_with_those_that_are_refused(ami: Ami) -> None:
    names = [str(2000 + number % (ENDPOINTS + 50)) for number in range(3 * ENDPOINTS)]
    answers = ami.read_many(("PJSIPShowEndpoint", [("Endpoint", name)]) for name in names)
    for name, answer in zip(names, answers, strict=True):
        if int(name) >= 2000 + ENDPOINTS:
            assert isinstance(answer, Refused)
            assert name in answer.reason
        else:
            assert isinstance(answer, list)
            detail = answer[0]
            assert (detail["Event"], detail["ObjectName"]) == ("EndpointDetail", name)
            assert "CC_LOCATION=sydney" in " ".join(detail.all("SetVar"))


def test_who_stops_reading_many_answers_can_ask_on(ami: Ami) -> None:
    requests = [("PJSIPShowEndpoint", [("Endpoint", "2000")])] * 300
    answers = ami.read_many(requests)
    next(answers)
    answers.close()
    assert ami.do("Ping")["Ping"] == "Pong"
    assert len(ami.read("PJSIPShowEndpoints")) == ENDPOINTS


def test_a_command_prints_lines(ami: Ami, asterisk: Site) -> None:
    assert any("sales" in line for line in ami.command("queue show"))
    (version,) = ami.command("core show version")
    assert version.startswith(f"Asterisk {asterisk.programs.release}.")


def test_events_that_come_in_between_are_kept(asterisk: Site) -> None:
    with Ami.connect(login_to(asterisk), events="user") as watching:
        for number in range(3):
            watching.do("UserEvent", ("UserEvent", "Ccstate"), ("Place", f"queue/{number}"))
        began = time.monotonic()
        seen = [one["Place"] for one in watching.events(began + 0.5)]
        assert seen == ["queue/0", "queue/1", "queue/2"]
        assert time.monotonic() - began > 0.4


def test_events_are_off_unless_they_are_asked_for(ami: Ami) -> None:
    ami.do("UserEvent", ("UserEvent", "Ccstate"))
    assert list(ami.events(time.monotonic() + 0.2)) == []


def test_events_that_are_not_read_are_bounded(
    asterisk: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami_module, "MOST_EVENTS", 5)
    requests = [("UserEvent", [("UserEvent", "Ccstate")])] * 50
    with (
        Ami.connect(login_to(asterisk), events="user") as watching,
        pytest.raises(Unreadable, match="more than 5 events"),
    ):
        list(watching.read_many(requests))


@pytest.mark.parametrize(
    "header",
    [
        ("Variable", "X\r\nAction: Originate"),
        ("Variable", "X\nY: z"),
        ("Variable", "X\0"),
        ("Variable\r\n\r\nAction", "Command"),
        ("A: b\nC", "d"),
        ("Name:", "x"),
        ("", "x"),
        ("Variable", "\ud800"),
        ("Variable", "é" * 600),
    ],
)
def test_a_header_that_could_be_read_as_another_is_never_sent(
    ami: Ami, header: tuple[str, str]
) -> None:
    with pytest.raises(InvalidInput, match="the AMI action Getvar has"):
        ami.do("Getvar", header)
    with pytest.raises(InvalidInput):
        list(ami.read_many([("Ping", ()), ("Getvar", [header])]))
    assert ami.do("Ping")["Ping"] == "Pong"


def test_the_longest_line_that_is_sent_arrives_whole(ami: Ami) -> None:
    longest = "X" * (ami_message.LONGEST_SENT_LINE - len("Variable: "))
    assert ami.do("Getvar", ("Variable", longest))["Variable"] == longest
    with pytest.raises(InvalidInput, match="1023 bytes"):
        ami.do("Getvar", ("Variable", f"{longest}X"))
    with pytest.raises(InvalidInput, match="202 headers"):
        ami.do("Getvar", *[("Variable", "X")] * 200)


def test_by_tls_where_the_certificate_is_trusted(asterisk: Site, tmp_path: Path) -> None:
    port = asterisk.ami_tls_port
    assert port
    login = Login("127.0.0.1", port, "lab", asterisk.lab_secret, Tls(asterisk.certificate), 30)
    with Ami.connect(login) as ami:
        assert len(ami.read("PJSIPShowEndpoints")) == ENDPOINTS
    assert "certificate is not trusted" in refusal(replaced(login, tls=Tls()))
    another = Tls(asterisk.certificate, name="pbx.example.com")
    assert "certificate is not trusted" in refusal(replaced(login, tls=another))
    assert "no TLS with AMI" in refusal(replaced(login, port=asterisk.ami_port, timeout=3))
    assert "TLS cannot be set up" in refusal(replaced(login, tls=Tls(tmp_path / "missing.pem")))
    assert "wants `tls`" in refusal(replaced(login, tls=None, timeout=0.5))


def replaced(login: Login, **changes: object) -> Login:
    fields = {name: getattr(login, name) for name in Login.__slots__}
    return Login(**{**fields, **changes})


def test_a_wrong_secret_or_name_is_not_let_in(asterisk: Site) -> None:
    login = login_to(asterisk)
    for wrong in (replaced(login, secret="wrong-one"), replaced(login, username="stranger")):
        told = refusal(wrong)
        assert "did not let" in told
        assert "Authentication failed" in told
    assert asterisk.lab_secret not in repr(login)


def test_a_missing_right_is_named(asterisk: Site) -> None:
    login = Login("127.0.0.1", asterisk.ami_port, "ccstate", asterisk.ami_secret)
    with Ami.connect(login) as ami:
        for call in (
            lambda: ami.do("Originate", ("Channel", "Local/x@y")),
            lambda: list(ami.read_many([("Originate", [("Channel", "Local/x@y")])])),
        ):
            with pytest.raises(Unreadable, match="does not permit Originate") as caught:
                call()
            assert not isinstance(caught.value, Refused)
            assert "it needs originate" in words(caught.value)


@pytest.mark.asterisk
def test_a_server_that_is_killed_ends_the_session_and_is_found_again_when_it_booted(
    tmp_path: Path,
) -> None:
    running = site.start(tmp_path, name="killed", programs=programs("22"))
    with Ami.connect(login_to(running)) as ami:
        site.kill(running)
        with pytest.raises(Unreadable, match="ended in the middle"):
            ami.do("Ping")
    assert "connection refused" in refusal(login_to(running))
    running = site.start(tmp_path, name="killed", programs=programs("22"))
    with Ami.connect(login_to(running)) as ami:
        assert ami.read("QueueStatus") == []
    site.stop(running)


# Servers that are no Asterisk, or a bad one: real sockets, bytes as they say.

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
LOGGED_IN = (
    b"Response: Success\r\nActionID: ccstate-1\r\nChallenge: 1\r\n\r\n"
    b"Response: Success\r\nActionID: ccstate-2\r\nMessage: Authentication accepted\r\n\r\n"
    b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n"
    b"Response: Success\r\nActionID: ccstate-3\r\nEvents: Off\r\n\r\n"
)
ANSWERED = b"Response: Success\r\nActionID: ccstate-4\r\n"


@contextlib.contextmanager
def saying(
    *parts: bytes, then: Callable[[socket.socket], object] = lambda _: None
) -> Iterator[Login]:
    """A server that says all that without listening, and closes once it was left."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                line, _ = server.accept()
                with line:
                    for part in parts:
                        line.sendall(part)
                    then(line)

        serving = threading.Thread(target=serve)
        serving.start()
        yield Login("127.0.0.1", server.getsockname()[1], "u", "s3cret", timeout=0.5)
        serving.join(GENEROUS)


def hold(line: socket.socket) -> None:
    """Says nothing until the other side goes."""
    while line.recv(65536):
        pass


def endlessly(part: bytes) -> Callable[[socket.socket], None]:
    def say(line: socket.socket) -> None:
        while True:
            line.sendall(part)

    return say


@pytest.mark.parametrize(
    "greeting",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\r\n",
        b"\0\xff\x1b[31m\n",
        b"Asterisk Call Manager" + b"x" * 300,
    ],
)
def test_what_does_not_greet_as_ami_is_none(greeting: bytes) -> None:
    with saying(greeting, then=hold) as login:
        told = refusal(login)
    assert "is not Asterisk's AMI" in told
    assert "\x1b" not in told


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with saying(then=hold) as login:
        assert "did not greet" in refusal(login)


def test_an_asterisk_that_does_not_boot_is_given_up_in_time() -> None:
    with saying(GREETING, LOGGED_IN.split(b"Event: FullyBooted")[0], then=hold) as login:
        told = refusal(login)
    assert "was not fully booted after 0.5 s" in told
    assert "read = system" in told


@pytest.mark.parametrize("size", range(0, len(GREETING + LOGGED_IN), 13))
def test_a_connection_cut_anywhere_while_logging_in_is_said_to_be(size: int) -> None:
    with saying((GREETING + LOGGED_IN)[:size]) as login:
        told = refusal(login)
    assert "ended in the middle" in told


def trouble(answer: bytes, then: Callable[[socket.socket], object], action: str = "X") -> str:
    with (
        saying(GREETING, LOGGED_IN, answer, then=then) as login,
        pytest.raises(Unreadable) as caught,
        Ami.connect(login) as ami,
    ):
        ami.read(action)
    return words(caught.value)


def test_lists_that_are_not_whole_are_not_believed() -> None:
    item = b"Event: Item\r\nActionID: ccstate-4\r\n\r\n"
    end = b"Event: Done\r\nActionID: ccstate-4\r\nEventList: %s\r\nListItems: %d\r\n\r\n"
    start = ANSWERED + b"EventList: start\r\n\r\n"
    assert "is not whole: 1 arrived" in trouble(start + item + end % (b"Complete", 2), hold)
    assert "is not whole: 2 arrived" in trouble(start + 2 * item + end % (b"Complete", 0), hold)
    other = b"Event: Detail\r\nActionID: ccstate-4\r\n\r\n"
    named = end.replace(b"Done", b"ItemComplete")
    assert "is not whole: 3 arrived" in trouble(
        start + 2 * item + other + named % (b"Complete", 1), hold
    )
    assert "cancelled" in trouble(start + item + end % (b"cancelled", 1), hold)
    assert "did not get on" in trouble(start + item, hold)
    assert "ended in the middle" in trouble(start + item, lambda _: None)


def test_a_server_that_means_harm_meets_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami_module, "LONGEST_LIST", 1000)
    monkeypatch.setattr(ami_message, "LONGEST_MESSAGE", 1_000_000)
    start = ANSWERED + b"EventList: start\r\n\r\n"
    item = b"Event: Item\r\nActionID: ccstate-4\r\n\r\n"
    other = b"Event: Item\r\nActionID: somebody\r\n\r\n"
    assert "a line of more than" in trouble(ANSWERED, endlessly(b"x" * 1000))
    assert "a message of more than" in trouble(ANSWERED, endlessly(b"Key: value\r\n" * 100))
    assert "more than 1000 items" in trouble(start, endlessly(item))
    assert "did not get on" in trouble(b"", endlessly(other))
    assert 'without "Key"' in told_missing()


def told_missing() -> str:
    with pytest.raises(Unreadable) as caught:
        Message(b"Event: Thing\r\nOther: x")["Key"]
    return words(caught.value)


def test_a_slow_drip_is_no_getting_on() -> None:
    def drip(line: socket.socket) -> None:
        never = threading.Event()
        while not never.wait(0.05):
            line.sendall(b"x")

    assert "did not get on" in trouble(ANSWERED, drip)


def test_what_a_server_says_cannot_reach_a_terminal_as_a_command() -> None:
    answer = (
        b"Response: Error\r\nActionID: ccstate-4\r\nMessage: \x1b[2J" + b"y" * 5000 + b"\r\n\r\n"
    )
    told = trouble(answer, hold)
    assert "\x1b" not in told
    assert len(told) < 400


# The form, by itself.

KEYS = st.text("abcXYZ", min_size=1, max_size=5)
VALUES = st.text(
    st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20
).filter(lambda value: not value.startswith(" "))
MESSAGES = st.lists(
    st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=6), min_size=1, max_size=8
)


@given(MESSAGES, st.lists(st.integers(1, 40), max_size=60))
def test_messages_are_read_alike_however_the_stream_is_cut(
    messages: list[list[tuple[str, str]]], cuts: list[int]
) -> None:
    stream = "".join(
        "".join(f"{key}: {value}\r\n" for key, value in message) + "\r\n" for message in messages
    ).encode()
    near, far = socket.socketpair()
    with near, far:
        sender = threading.Thread(target=send_in_pieces, args=[near, stream, cuts])
        sender.start()
        splitter = Splitter()
        read = []
        while chunk := far.recv(64):
            read += splitter.feed(chunk)
        sender.join()
    assert [list(message.items()) for message in read] == messages
    for message, pairs in zip(read, messages, strict=True):
        for key, _ in pairs:
            values = [value for name, value in pairs if name.lower() == key.lower()]
            assert list(message.all(key.upper())) == values
            assert message[key.swapcase()] == message.get(key) == values[0]
            assert key in message
        assert "absent" not in message


def send_in_pieces(line: socket.socket, stream: bytes, cuts: list[int]) -> None:
    for cut in cuts:
        line.sendall(stream[:cut])
        stream = stream[cut:]
    line.sendall(stream)
    line.shutdown(socket.SHUT_WR)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_whatsoever_make_the_parser_fail(noise: bytes, step: int) -> None:
    splitter = Splitter()
    for start in range(0, len(noise), step):
        for message in splitter.feed(noise[start : start + step] + b"\r\n\r\n"):
            message.get("Event").encode()
            assert "Event" not in repr(message.output) or message.output
