"""Who is in a call, waits, is paused or registered while an apply goes on, notices nothing of it."""

import copy
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.calls.caller import ANSWERED, NAME, Dial, Entrance
from ccstate.adapters.asterisk.calls.run import Press
from ccstate.adapters.asterisk.calls.sipp import Sipp
from ccstate.adapters.asterisk.kinds.extension import unknown_password
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate_lab import phones, programs
from tests.adapters.asterisk.calls_at_a_rate import Loaded, load
from tests.adapters.asterisk.estate import (
    DESIRED,
    NUMBER,
    PHONES,
    Applied,
    Estate,
    set_secrets,
    write_desired,
)
from tests.waiting import until

OPEN = 1_795_561_200
"""Tuesday morning in Sydney."""
AGENTS = {f"3{n:03}": f"of-3{n:03}" for n in range(30)}
COUNT, PER_SECOND = 100, 5.0
"""Calls of a round; on a slow machine there is another, until so many applies were made:"""
APPLIES = 10


def many_agents() -> dict[str, Any]:
    """The estate with thirty more phones that answer for sales."""
    desired = copy.deepcopy(dict(DESIRED))
    for name in AGENTS:
        phone = {"device": "softphone", "site": "sydney", "secret": f"env:SIP_{name}"}
        desired["extensions"][name] = phone
    desired["queues"]["sales"]["members"] += [{"extension": name} for name in AGENTS]
    desired["queues"]["sales"]["retry"] = "1s"
    # Who waits here waits for somebody to come.
    desired["queues"]["reception"]["overflow"] = {"after": "5m", "to": "queue/sales"}
    desired["queues"]["reception"]["retry"] = "1s"
    return desired


@pytest.fixture
def estate(
    applied: Applied, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Estate:
    set_secrets(monkeypatch)
    for name, secret in AGENTS.items():
        monkeypatch.setenv(f"SIP_{name}", secret)
    estate = Estate(applied.project, applied.site, capsys)
    write_desired(estate.folder, many_agents())
    if estate.plan():
        estate.apply()
    everybody = {**AGENTS, "2001": PHONES["2001"], "2002": PHONES["2002"]}
    if not everybody.keys() <= phones.registered(estate.site):
        phones.answer(estate.site, everybody, after=0.1)
    return estate


def entrance(estate: Estate) -> Entrance:
    folder = LocalFolder(estate.site.etc)
    records = transaction.read_records(folder.read(transaction.RECORDS), "etc")
    assert records
    return Entrance("127.0.0.1", estate.site.sip_port, unknown_password(records.key, NAME))


def caller() -> Callable[[Entrance], Sipp]:
    return partial(Sipp, program=programs.sipp())


def logged(estate: Estate) -> Counter[str]:
    """What happened in queues, as reports count it: CONNECT for a call that an agent answered."""
    lines = estate.site.queue_log.read_text(encoding="utf-8").splitlines()
    return Counter(line.split("|")[4] for line in lines)


def connected(estate: Estate) -> int:
    return logged(estate)["CONNECT"]


def harmless(estate: Estate, number: int) -> None:
    """A label, a ring time, and how long a menu waits: in three of the four files."""
    estate.edit("queues", "sales", "label", value=f"Sales {number}")
    estate.edit("queues", "sales", "ring_for", value=f"{20 + number % 9}s")
    estate.edit("ivrs", "main", "label", value=f"Main line {number}")
    estate.edit("ivrs", "main", "nodes", "menu", "timeout", value=f"{5 + number % 3}s")
    estate.edit("extensions", "2002", "caller_id", value={"name": f"Bo {number}"})


@pytest.mark.no_cover  # applies as fast as it can while calls go on
def test_no_call_fails_while_changes_are_applied(estate: Estate) -> None:
    before = logged(estate)
    found: list[Loaded] = []
    enough = threading.Event()

    def place() -> None:
        while not (found and enough.is_set()):
            calls = load(
                entrance(estate),
                NUMBER,
                at=OPEN,
                keys=[Press(0.6, "1"), Press(1.0, "1")],
                count=COUNT,
                per_second=PER_SECOND,
                stays=5.0,
                caller=caller(),
            )
            found.append(calls)

    placing = threading.Thread(target=place)
    placing.start()
    applies = 0
    while placing.is_alive():
        applies += 1
        harmless(estate, applies)
        estate.apply()
        if applies == APPLIES:
            enough.set()
    placing.join()
    assert applies >= APPLIES
    placed = COUNT * len(found)
    assert {(calls.succeeded, *calls.failed) for calls in found} == {(COUNT,)}, found
    happened = logged(estate) - before
    assert happened["ENTERQUEUE"] == happened["CONNECT"] == placed, happened


def test_who_waits_goes_on_waiting_and_is_connected(estate: Estate) -> None:
    with caller()(entrance(estate)) as line:
        dial = Dial(NUMBER, OPEN)
        line.dial(dial)
        until(lambda: _answered(line, dial), "the call is answered")
        time.sleep(0.6)
        line.press(dial.mark, "0")
        until(lambda: "1. PJSIP/" in estate.command("queue show reception"), "the caller waits")
        estate.edit("queues", "reception", "label", value="Front desk")
        estate.edit("queues", "reception", "ring_for", value="18s")
        estate.apply()
        assert "1. PJSIP/" in estate.command("queue show reception"), "still the first"
        before = connected(estate)
        phone = phones.answer(estate.site, {"2003": PHONES["2003"]}, after=0.1)
        until(lambda: connected(estate) == before + 1, "the call is connected")
        line.hang_up(dial.mark)
    phones.stop(phone)


def _answered(line: Sipp, dial: Dial) -> bool:
    return any(r.mark == dial.mark and r.said == ANSWERED for r in line.reports())


def test_who_chooses_in_a_tree_goes_on_when_its_label_changes(estate: Estate) -> None:
    before = connected(estate)
    with caller()(entrance(estate)) as line:
        dial = Dial(NUMBER, OPEN)
        line.dial(dial)
        until(lambda: _answered(line, dial), "the call is answered")
        estate.edit("ivrs", "main", "label", value="The line that everybody calls")
        estate.apply()
        time.sleep(0.6)
        line.press(dial.mark, "1")
        until(lambda: connected(estate) == before + 1, "the call is connected")
        line.hang_up(dial.mark)


def test_pauses_keep_their_reasons_and_phones_stay_registered(estate: Estate) -> None:
    registered = phones.registered(estate.site)
    assert AGENTS.keys() <= registered
    paused = {"3000": "lunch", "3001": "training"}
    for name, reason in paused.items():
        estate.command(f"queue pause member PJSIP/{name} queue sales reason {reason}")
    harmless(estate, 99)
    estate.apply()
    said = estate.command("queue show sales").splitlines()
    for name, reason in paused.items():
        assert any(f"PJSIP/{name}" in line and f"paused:{reason}" in line for line in said), said
        estate.command(f"queue unpause member PJSIP/{name} queue sales")
    assert phones.registered(estate.site) == registered
