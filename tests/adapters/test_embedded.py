"""The embedded platform: what it holds, refuses, hides, and how it fails."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapter import Adapter, Result
from ccstate.adapters.embedded import EmbeddedAdapter, connect, store
from ccstate.errors import Diagnostic, InvalidInput, Unreadable
from ccstate.kinds import KINDS, defaults
from ccstate.model import (
    ABSENT,
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Json,
    Observation,
    Why,
    edited,
    fingerprint,
    parse_address,
)
from tests.growth import is_linear
from tests.waiting import GENEROUS

HOURS: Fields = {"timezone": "UTC", "weekly": {}}
STALE = "changed since the plan was made"


def platform(folder: Path, *faults: Mapping[str, Json]) -> EmbeddedAdapter:
    return connect({"path": "state/pbx.db", "faults": [dict(fault) for fault in faults]}, folder)


def seen(adapter: Adapter) -> Observation:
    return adapter.observe(list(KINDS))


def live(adapter: Adapter, address: str) -> Fields | None:
    return seen(adapter).objects.get(parse_address(address))


def here(adapter: Adapter) -> list[str]:
    return [str(address) for address in seen(adapter).objects]


def create(address: str, fields: Fields, secrets: Mapping[str, str] | None = None) -> Change:
    edits = tuple(Edit(path, None, value, why=Why.YOU) for path, value in fields.items())
    return Change(
        "pbx", Action.CREATE, parse_address(address), Why.YOU, ABSENT, edits,
        ledger=edited({}, edits), secrets=secrets or {},
    )  # fmt: skip


def change(
    adapter: Adapter,
    address: str,
    edits: Fields,
    *,
    action: Action = Action.UPDATE,
    secrets: Mapping[str, str] | None = None,
) -> Change:
    """A change planned against what the platform shows now."""
    before = live(adapter, address)
    made = tuple(Edit(path, None, value, why=Why.YOU) for path, value in edits.items())
    ledger = edited(seen(adapter).ledger.get(parse_address(address), {}), made)
    return Change(
        "pbx", action, parse_address(address), Why.YOU, fingerprint(before), made,
        ledger=ledger, secrets=secrets or {},
    )  # fmt: skip


def gone(adapter: Adapter, address: str, action: Action = Action.DELETE) -> Change:
    before = live(adapter, address)
    return Change("pbx", action, parse_address(address), Why.DELETED, fingerprint(before))


def refusals(adapter: Adapter, *batch: Change) -> list[str]:
    """What was refused of a batch, in words; done changes say nothing."""
    return [result.reason for result in adapter.perform(batch) if not result.done]


def problem(call: Callable[[], object], kind: type[InvalidInput | Unreadable]) -> Diagnostic:
    with pytest.raises(kind) as refused:
        call()
    (found,) = refused.value.problems
    assert found.hint, found
    return found


# -- Objects and their ledger ----------------------------------------------------------------


def test_a_platform_without_a_file_is_empty_and_stays_without_until_it_is_written(
    tmp_path: Path,
) -> None:
    adapter = platform(tmp_path)
    assert seen(adapter) == Observation({}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_created_object_has_the_defaults_and_its_ledger_only_what_is_declared(
    tmp_path: Path,
) -> None:
    adapter = platform(tmp_path)
    fields: Fields = {"label": "Sales", "service_level.percent": 90, "protect": True}
    assert refusals(adapter, create("queue/sales", fields)) == []
    assert live(adapter, "queue/sales") == {
        **defaults("queue"), "label": "Sales", "service_level": {"percent": 90},
    }  # fmt: skip
    assert seen(adapter).ledger[Address("queue", "sales")] == {
        "label": "Sales", "service_level": {"percent": 90}, "protect": True,
    }  # fmt: skip


def test_an_update_changes_what_is_declared_and_keeps_the_rest(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("queue/a", {"label": "A", "overflow.after": "3m"})])
    edits: Fields = {"label": None, "overflow.after": "5m", "weight": 3, "protect": True}
    assert refusals(adapter, change(adapter, "queue/a", edits)) == []
    expected = {**defaults("queue"), "overflow": {"after": "5m"}, "weight": 3}
    assert live(adapter, "queue/a") == expected
    assert seen(adapter).ledger[Address("queue", "a")]["protect"] is True


def test_what_is_no_longer_managed_stays_as_it_is(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    secret: Fields = {"number": "2101", "secret": "by hand"}
    adapter.by_hand(Address("extension", "2101"), secret)
    shown = live(adapter, "extension/2101")
    assert shown
    edits = tuple(
        Edit(path, shown.get(path), shown.get(path), why=Why.RELEASED)
        for path in ("secret", "site")
    )
    planned = Change(
        "pbx", Action.UPDATE, Address("extension", "2101"), Why.RELEASED, fingerprint(shown),
        edits, ledger={},
    )  # fmt: skip
    assert refusals(adapter, planned) == []
    assert live(adapter, "extension/2101") == shown
    assert seen(adapter).ledger == {Address("extension", "2101"): {}}


def test_adopting_keeps_what_was_made_by_hand(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.by_hand(Address("team", "a"), {"label": "A", "extra": 1})
    assert seen(adapter).ledger == {}
    assert refusals(adapter, change(adapter, "team/a", {"label": "B"}, action=Action.ADOPT)) == []
    assert live(adapter, "team/a") == {"label": "B", "extra": 1}
    assert seen(adapter).ledger == {Address("team", "a"): {"label": "B"}}


def test_deleting_takes_object_and_ledger_and_releasing_only_the_ledger(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("team/a", {}), create("team/b", {})])
    batch = [gone(adapter, "team/a"), gone(adapter, "team/b", Action.RELEASE)]
    assert refusals(adapter, *batch) == []
    assert here(adapter) == ["team/b"]
    assert seen(adapter).ledger == {}


def test_an_object_deleted_by_hand_leaves_the_ledger(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("team/a", {}), create("team/b", {})])
    adapter.by_hand(Address("team", "a"), None)
    adapter.by_hand(Address("team", "b"), None)
    batch = [gone(adapter, "team/a"), gone(adapter, "team/b", Action.RELEASE)]
    assert refusals(adapter, *batch) == []
    assert seen(adapter) == Observation({}, {})


@pytest.mark.parametrize("action", [*Action])
def test_nothing_is_done_to_an_object_that_changed_since_the_plan(
    tmp_path: Path, action: Action
) -> None:
    adapter = platform(tmp_path)
    adapter.by_hand(Address("team", "a"), {"label": "A"})
    planned = change(adapter, "team/a", {"label": "B"}, action=action)
    adapter.by_hand(Address("team", "a"), {"label": "C"})
    assert refusals(adapter, planned) == [STALE]
    assert live(adapter, "team/a") == {"label": "C"}
    assert seen(adapter).ledger == {}


@pytest.mark.parametrize("action", [Action.UPDATE, Action.ADOPT])
def test_what_is_not_there_cannot_be_changed(tmp_path: Path, action: Action) -> None:
    adapter = platform(tmp_path)
    planned = change(adapter, "team/a", {}, action=action)
    assert refusals(adapter, planned) == ["team/a is not here"]


def test_a_batch_changes_an_object_once(tmp_path: Path) -> None:
    planned = create("team/a", {})
    said = platform(tmp_path).perform([planned, planned])
    assert said == [Result(done=True), Result(done=False, reason="the batch changes it twice")]


def test_a_kind_that_is_unknown_is_refused_beforehand_and_when_performed(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    batch = [create("team/a", {}), create("fax/a", {}), create("fax/b", {})]
    (warned,) = adapter.audit(batch)
    assert warned.message == 'the embedded platform does not know the kind "fax"'
    assert refusals(adapter, *batch) == ['this platform does not know the kind "fax"'] * 2
    assert adapter.audit([create(f"{kind}/a", {}) for kind in adapter.supports]) == []


def test_only_the_kinds_asked_for_are_shown(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("team/a", {}), create("site/a", {}), create("queue/a", {})])
    observed = adapter.observe(["team", "queue", "fax"])
    assert set(observed.objects) == set(observed.ledger) == {
        Address("queue", "a"), Address("team", "a"),
    }  # fmt: skip


# -- Secrets ---------------------------------------------------------------------------------

SIP = {"secret": "env:SIP_2101", "voicemail.pin": "env:PIN_2101"}


@pytest.fixture
def sip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIP_2101", "geheim-sip")
    monkeypatch.setenv("PIN_2101", "geheim-pin")


def with_secrets(adapter: Adapter) -> Change:
    seals = adapter.seal(SIP.values())
    fields = {path: seals[reference] for path, reference in SIP.items()}
    return create("extension/2101", {"number": "2101", **fields}, SIP)


def stored(folder: Path, table: str) -> str:
    with sqlite3.connect(folder / "state" / "pbx.db") as database:
        rows = database.execute(f"SELECT fields FROM {table}").fetchall()  # noqa: S608 - a constant
    database.close()
    return "".join(fields for (fields,) in rows)


@pytest.mark.usefixtures("sip")
def test_a_secret_reaches_the_object_and_shows_only_as_a_seal(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    planned = with_secrets(adapter)
    assert refusals(adapter, planned) == []
    assert "geheim-sip" in stored(tmp_path, "object")
    assert "geheim-pin" in stored(tmp_path, "object")
    assert "geheim" not in stored(tmp_path, "ledger")
    assert "geheim" not in repr(seen(adapter))
    shown = live(adapter, "extension/2101")
    ledger = seen(adapter).ledger[Address("extension", "2101")]
    assert shown
    assert (shown["secret"], shown["voicemail"]) == (ledger["secret"], ledger["voicemail"])


@pytest.mark.usefixtures("sip")
def test_a_secret_that_is_not_edited_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = platform(tmp_path)
    adapter.perform([with_secrets(adapter)])
    monkeypatch.delenv("SIP_2101")
    edits: Fields = {"voicemail.email": "a@b.au"}
    assert refusals(adapter, change(adapter, "extension/2101", edits, secrets=SIP)) == []
    assert "geheim-sip" in stored(tmp_path, "object")
    assert "geheim-pin" in stored(tmp_path, "object")


@pytest.mark.usefixtures("sip")
def test_a_secret_that_changed_after_the_plan_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = platform(tmp_path)
    planned = with_secrets(adapter)
    monkeypatch.setenv("SIP_2101", "another")
    assert refusals(adapter, planned) == ["the secret changed since the plan was made"]


@pytest.mark.usefixtures("sip")
def test_a_secret_that_cannot_be_resolved_refuses_its_change_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = platform(tmp_path)
    planned = with_secrets(adapter)
    monkeypatch.delenv("PIN_2101")
    assert refusals(adapter, planned, create("team/a", {})) == ["env:PIN_2101 is not set"]
    assert here(adapter) == ["team/a"]


def test_a_seal_without_a_reference_never_becomes_a_password(tmp_path: Path) -> None:
    planned = create("extension/2101", {"secret": "sealed:0123456789abcdef"})
    reasons = refusals(platform(tmp_path), planned)
    assert reasons == ["the plan names no reference for the secret secret"]


@pytest.mark.usefixtures("sip")
def test_seals_stay_the_same_in_one_file_and_differ_in_another(tmp_path: Path) -> None:
    one = platform(tmp_path).seal(["env:SIP_2101"])
    assert platform(tmp_path).seal(["env:SIP_2101"]) == one
    assert platform(tmp_path / "other").seal(["env:SIP_2101"]) != one


def test_sealing_names_every_reference_that_leads_nowhere(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    found = problem(lambda: adapter.seal(["env:NO_1", "env:NO_2"]), InvalidInput)
    assert "env:NO_1, env:NO_2" in found.message
    assert adapter.seal([]) == {}


@pytest.mark.usefixtures("sip")
def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    platform(tmp_path).seal(["env:SIP_2101"])
    (only,) = (tmp_path / "state").iterdir()
    assert only.stat().st_mode & 0o777 == 0o600


# -- References between objects --------------------------------------------------------------


def test_objects_that_name_each_other_come_and_go_in_one_batch(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    a, b = "queue/a", "queue/b"
    batch = [create(a, {"overflow.to": b}), create(b, {"overflow.to": a})]
    assert refusals(adapter, *batch) == []
    assert refusals(adapter, gone(adapter, a)) == ["queue/a is still named by queue/b"]
    assert refusals(adapter, gone(adapter, a), gone(adapter, b)) == []
    assert here(adapter) == []


def test_an_object_that_names_what_is_not_there_is_refused_and_the_others_go_through(
    tmp_path: Path,
) -> None:
    adapter = platform(tmp_path)
    batch = [
        create("ivr/main", {"start": "a", "nodes": {"a": {"type": "queue", "queue": "a"}}}),
        create("queue/a", {"hours": "b"}),
        create("queue/c", {"hours": "d"}),
        create("schedule/d", HOURS),
    ]
    assert refusals(adapter, *batch) == [
        "ivr/main names queue/a, which is not here",
        "queue/a names schedule/b, which is not here",
    ]
    assert here(adapter) == ["queue/c", "schedule/d"]
    assert set(seen(adapter).ledger) == set(seen(adapter).objects)


def test_a_long_chain_falls_as_a_whole(tmp_path: Path) -> None:
    adapter = platform(tmp_path)

    def refused(length: int) -> None:
        chain = [create(f"queue/{n}", {"overflow.to": f"queue/{n + 1}"}) for n in range(length)]
        assert len(refusals(adapter, *chain)) == length

    assert is_linear(refused, 250)


def test_an_object_is_deleted_together_with_the_last_mention_of_it(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("schedule/h", HOURS), create("queue/a", {"hours": "h"})])
    batch = [gone(adapter, "schedule/h"), change(adapter, "queue/a", {"hours": None})]
    assert refusals(adapter, *batch) == []
    assert here(adapter) == ["queue/a"]


def test_what_stays_named_stays_there_when_the_change_that_let_go_of_it_is_refused(
    tmp_path: Path,
) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("schedule/h", HOURS), create("queue/a", {"hours": "h"})])
    batch = [gone(adapter, "schedule/h"), change(adapter, "queue/a", {"hours": "nowhere"})]
    assert refusals(adapter, *batch) == [
        "schedule/h is still named by queue/a",
        "queue/a names schedule/nowhere, which is not here",
    ]


def test_an_update_may_name_what_the_batch_failed_to_delete(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("schedule/h", HOURS), create("queue/a", {}), create("queue/b", {})])
    batch = [
        gone(adapter, "schedule/h"),
        change(adapter, "queue/a", {"hours": "h"}),
        change(adapter, "queue/b", {"hours": "h"}),
    ]
    assert refusals(adapter, *batch) == ["schedule/h is still named by queue/a and 1 more"]


def test_what_was_made_by_hand_may_dangle_until_it_is_changed(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.by_hand(Address("queue", "a"), {"hours": "nowhere"})
    adopted = change(adapter, "queue/a", {"hours": "nowhere"}, action=Action.ADOPT)
    assert refusals(adapter, adopted) == []
    changed = change(adapter, "queue/a", {"label": "A"})
    reason = "queue/a names schedule/nowhere, which is not here"
    assert refusals(adapter, changed) == [reason]


def test_a_mention_made_by_hand_protects_what_it_names(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("schedule/h", HOURS)])
    adapter.by_hand(Address("queue", "a"), {"hours": "h"})
    planned = gone(adapter, "schedule/h")
    assert refusals(adapter, planned) == ["schedule/h is still named by queue/a"]
    adapter.by_hand(Address("queue", "a"), None)
    assert refusals(adapter, planned) == []


# -- Faults ----------------------------------------------------------------------------------


def test_a_platform_set_to_refuse_refuses_also_what_names_the_object(tmp_path: Path) -> None:
    adapter = platform(tmp_path, {"on": "schedule/h", "fault": "refuse"})
    batch = [create("schedule/h", HOURS), create("queue/a", {"hours": "h"}), create("team/a", {})]
    assert refusals(adapter, *batch) == [
        "the platform refused: its connection says so",
        "queue/a names schedule/h, which is not here",
    ]
    assert here(adapter) == ["team/a"]


def test_a_dropped_write_claims_success_and_stores_nothing(tmp_path: Path) -> None:
    adapter = platform(tmp_path, {"on": "queue/*", "fault": "drop"})
    assert refusals(adapter, create("queue/a", {}), create("team/a", {})) == []
    assert here(adapter) == ["team/a"]
    assert Address("queue", "a") not in seen(adapter).ledger


@pytest.mark.parametrize(
    "field, before, after",
    [
        ("ring_for", "20s", "21s"),
        ("label", "Sales", "Sales-altered"),
        ("weight", 3, 4),
        ("skills", ["a", "b"], ["a"]),
        ("announcements.position", False, True),
        ("overflow", {"after": "3m"}, {}),
        ("site", None, "altered"),
    ],
)
def test_an_altered_write_stores_another_value_of_one_field(
    tmp_path: Path, field: str, before: Json, after: Json
) -> None:
    adapter = platform(tmp_path, {"on": "queue/a", "fault": "alter", "field": field})
    assert refusals(adapter, create("queue/a", {field: before})) == []
    expected = edited(defaults("queue"), [Edit(field, None, after, why=Why.YOU)])
    assert live(adapter, "queue/a") == expected
    ledger = edited({}, [Edit(field, None, before, why=Why.YOU)])
    assert seen(adapter).ledger[Address("queue", "a")] == ledger


def test_a_fault_that_alters_leaves_deletions_alone(tmp_path: Path) -> None:
    adapter = platform(tmp_path, {"on": "*", "fault": "alter", "field": "label"})
    adapter.by_hand(Address("queue", "a"), {})
    assert refusals(adapter, gone(adapter, "queue/a")) == []
    assert here(adapter) == []


def test_a_slow_platform_takes_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    adapter = platform(tmp_path, {"on": "*", "fault": "slow", "for": "1m1s", "times": 1})
    assert refusals(adapter, create("queue/a", {}), create("queue/b", {})) == []
    assert slept == [61]


def test_a_platform_that_vanishes_has_kept_what_came_before(tmp_path: Path) -> None:
    adapter = platform(tmp_path, {"on": "queue/b", "fault": "vanish", "times": 1})
    batch = [create(f"queue/{name}", {}) for name in "abc"]
    lost = problem(lambda: adapter.perform(batch), Unreadable)
    assert "was lost after 1 of 3 changes" in lost.message
    assert here(adapter) == ["queue/a"]
    assert [result.done for result in adapter.perform(batch)] == [False, True, True]


def test_a_fault_wears_out_over_processes(tmp_path: Path) -> None:
    fault: dict[str, Json] = {"on": "*", "fault": "refuse", "times": 3}
    for expected in ([False, False], [False, True]):
        batch = [create(f"team/{name}", {}) for name in "ab"]
        assert [result.done for result in platform(tmp_path, fault).perform(batch)] == expected


# -- The connection --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "connection, said, hint",
    [
        ({}, "connection.path: is missing", "such as path: .ccstate/platform.db"),
        ({"path": "a", "fault": []}, "connection.fault: unknown key", 'did you mean "faults"?'),
        ({"path": 1}, "connection.path: Input should be a valid string", ""),
        (
            {"path": "a", "faults": [{"on": "queu/a", "fault": "drop"}]},
            'connection.faults.0.on: "queu/a" names no object',
            'did you mean "queue"?',
        ),
        (
            {"path": "a", "faults": [{"on": "queue", "fault": "drop"}]},
            'connection.faults.0.on: "queue" names no object',
            "write kind/name, kind/* or *",
        ),
        (
            {"path": "a", "faults": [{"on": "*", "fault": "drop", "fore": "1s"}]},
            "connection.faults.0.fore: unknown key",
            'did you mean "for"?',
        ),
        (
            {"path": "a", "faults": [{"fault": "drop"}]},
            "connection.faults.0.on: is missing",
            "a fault is {on: queue/sales, fault: refuse}",
        ),
        (
            {"path": "a", "faults": [{"on": "*", "fault": "alter"}]},
            'connection.faults.0: the fault "alter" needs "field"',
            "",
        ),
        (
            {"path": "a", "faults": [{"on": "*", "fault": "refuse", "for": "1s"}]},
            'connection.faults.0: the fault "refuse" does not know "for"',
            "",
        ),
    ],
)
def test_a_wrong_connection_is_explained(
    tmp_path: Path, connection: dict[str, Json], said: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        connect(connection, tmp_path)
    (found,) = refused.value.problems
    assert (found.message, found.hint) == (said, hint)


def test_all_problems_of_a_connection_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        connect({"pth": "a", "faults": [{"on": "*", "fault": "explode"}]}, tmp_path)
    assert len(refused.value.problems) == 3


# -- A file that cannot be trusted -----------------------------------------------------------


def spoilt(folder: Path, *statements: str) -> EmbeddedAdapter:
    adapter = platform(folder)
    adapter.perform([create("team/a", {})])
    with sqlite3.connect(adapter.path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return adapter


@pytest.mark.parametrize(
    "statement, said",
    [
        ("DROP TABLE ledger", "it lacks the tables ledger"),
        ("UPDATE meta SET value = '9' WHERE key = 'format'", "has format 9"),
        ("DELETE FROM meta WHERE key = 'seal'", "has lost its sealing key"),
        ("UPDATE object SET fields = '{'", "the fields of a row of the table object are damaged"),
        ("UPDATE ledger SET fields = '[]'", "the fields of team/a in the table ledger are damaged"),
        ("UPDATE object SET fields = CAST(x'ff' AS TEXT)", "cannot be used"),
    ],
)
def test_a_spoilt_platform_is_unreadable_and_never_empty(
    tmp_path: Path, statement: str, said: str
) -> None:
    adapter = spoilt(tmp_path, statement)
    assert said in problem(lambda: seen(adapter), Unreadable).message


@pytest.mark.parametrize("fields", ["{", "[]"])
def test_a_damaged_object_is_named_when_it_is_changed(tmp_path: Path, fields: str) -> None:
    adapter = spoilt(tmp_path, f"UPDATE object SET fields = '{fields}'")  # noqa: S608 - a constant
    planned = create("team/a", {})
    found = problem(lambda: adapter.perform([planned]), Unreadable)
    assert found.message == "the fields of team/a are damaged"


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "it lacks the tables ledger, mention, meta, object"),
        (b"queues:\n  sales: {}\n" * 100, "is damaged, or no embedded platform"),
    ],
)
def test_another_file_is_unreadable_and_stays_as_it_is(
    tmp_path: Path, content: bytes, said: str
) -> None:
    adapter = platform(tmp_path)
    adapter.path.parent.mkdir()
    adapter.path.write_bytes(content)
    assert said in problem(lambda: seen(adapter), Unreadable).message
    assert said in problem(lambda: adapter.perform([create("team/a", {})]), Unreadable).message
    assert adapter.path.read_bytes() == content


@pytest.mark.parametrize("keep", [0.3, 0.7])
def test_a_truncated_or_overwritten_file_is_unreadable(tmp_path: Path, keep: float) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create(f"team/{n}", {"label": "x" * 100}) for n in range(500)])
    whole = adapter.path.read_bytes()
    kept = int(len(whole) * keep)
    for spoiled in (whole[:kept], whole[:kept] + b"\xa5" * (len(whole) - kept)):
        adapter.path.write_bytes(spoiled)
        problem(lambda: seen(adapter), Unreadable)


def test_a_folder_or_a_file_in_the_way_is_explained(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    adapter = platform(tmp_path)
    problem(lambda: adapter.perform([create("team/a", {})]), Unreadable)
    (tmp_path / "folder").mkdir()
    in_the_way = connect({"path": "folder"}, tmp_path)
    problem(lambda: seen(in_the_way), Unreadable)


# -- Several processes, and killed ones ------------------------------------------------------


def test_who_has_to_wait_too_long_learns_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("team/a", {})])
    monkeypatch.setattr(store, "WAIT", 0.1)
    with store.writing(adapter.path):
        found = problem(lambda: adapter.perform([create("team/b", {})]), Unreadable)
        assert "is locked by another process" in found.message
        assert here(adapter) == ["team/a"]


def test_who_has_to_wait_a_little_waits(tmp_path: Path) -> None:
    adapter = platform(tmp_path)
    adapter.perform([create("team/a", {})])
    with store.writing(adapter.path):
        waiting = threading.Thread(target=adapter.perform, args=([create("team/b", {})],))
        waiting.start()
        time.sleep(0.2)
        assert here(adapter) == ["team/a"]
    waiting.join()
    assert here(adapter) == ["team/a", "team/b"]


# Creates so many teams in one batch, once somebody says "go".
WRITER = """
import sys
from pathlib import Path
from ccstate.adapters.embedded import connect, store
from ccstate.model import ABSENT, Action, Address, Change, Why

folder, prefix, count, moment = sys.argv[1:]
if moment == "between":
    def stop(*_):
        print("object written, ledger not", flush=True)
        sys.stdin.readline()
    store.write_ledger = stop
adapter = connect({"path": "state/pbx.db"}, Path(folder))
batch = [
    Change("pbx", Action.CREATE, Address("team", f"{prefix}{n:06}"), Why.YOU, ABSENT, ledger={})
    for n in range(int(count))
]
print("ready", flush=True)
sys.stdin.readline()
print(all(result.done for result in adapter.perform(batch)), flush=True)
"""


def writer(folder: Path, prefix: str, count: int, moment: str = "") -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), prefix, str(count), moment],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def killed(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.process
def test_processes_that_start_at_once_make_one_platform_and_all_write(tmp_path: Path) -> None:
    writers = [writer(tmp_path, prefix, 50) for prefix in "abcd"]
    for each in writers:
        go(each)
    assert [each.communicate(timeout=GENEROUS)[0] for each in writers] == ["True\n"] * 4
    observed = seen(platform(tmp_path))
    assert len(observed.objects) == len(observed.ledger) == 200
    assert [path.name for path in (tmp_path / "state").glob("[!p]*")] == []


@pytest.mark.process
def test_a_process_killed_between_object_and_ledger_leaves_neither(tmp_path: Path) -> None:
    # More than fits into SQLite's memory, so that the file itself is half written.
    adapter = platform(tmp_path)
    adapter.perform([create("queue/a", {})])
    process = writer(tmp_path, "t", 40_000, "between")
    go(process)
    assert process.stdout
    assert process.stdout.readline() == "object written, ledger not\n"
    assert (adapter.path.parent / "pbx.db-journal").stat().st_size > 0
    killed(process)
    assert here(adapter) == ["queue/a"]
    assert refusals(adapter, create("team/t000000", {})) == []


@pytest.mark.process
@pytest.mark.parametrize("delay", [0.01, 0.05, 0.1, 0.2, 0.4])
def test_a_process_killed_at_any_moment_leaves_all_or_nothing(tmp_path: Path, delay: float) -> None:
    process = writer(tmp_path, "t", 5_000)
    go(process)
    time.sleep(delay)
    killed(process)
    observed = seen(platform(tmp_path))
    assert set(observed.objects) == set(observed.ledger)
    assert len(observed.objects) in (0, 5_000)


# -- Always ----------------------------------------------------------------------------------

NAMES = st.sampled_from("abcd")
EDITS = st.dictionaries(
    st.sampled_from(["label", "overflow.after", "service_level.percent", "protect"]),
    st.one_of(st.none(), st.sampled_from(["x", "y"])),
    max_size=3,
)
STEPS = st.lists(
    st.lists(st.tuples(NAMES, EDITS, st.sampled_from(["write", "delete", "release"])), max_size=4),
    max_size=5,
)


def expected_after(
    wanted: Sequence[tuple[str, dict[str, Json], str]], now: Observation
) -> tuple[list[Change], Observation]:
    """The changes for one batch, and what the contract says is there afterwards."""
    objects, ledger = dict(now.objects), dict(now.ledger)
    batch = {}
    for name, values, verb in wanted:
        address = Address("queue", name)
        if address in batch:
            continue
        before = objects.get(address)
        edits = tuple(Edit(path, None, value, why=Why.YOU) for path, value in values.items())
        on_object = [edit for edit in edits if edit.path != "protect"]
        if verb == "write":
            action = Action.CREATE if before is None else Action.UPDATE
            ledger[address] = edited(ledger.get(address, {}), edits)
            start = defaults("queue") if before is None else before
            objects[address] = edited(start, on_object)
        else:
            action = Action.DELETE if verb == "delete" else Action.RELEASE
            ledger.pop(address, None)
            if verb == "delete":
                objects.pop(address, None)
        batch[address] = Change(
            "pbx", action, address, Why.YOU, fingerprint(before), edits,
            ledger=ledger.get(address),
        )  # fmt: skip
    return list(batch.values()), Observation(objects, ledger)


@pytest.fixture(scope="module")
def fresh_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for each example; `tmp_path` would be the same one for all of them."""
    return iter(lambda: tmp_path_factory.mktemp("platform"), Path())


@given(steps=STEPS)
def test_what_is_observed_is_what_was_performed(
    fresh_folders: Iterator[Path], steps: list[list[tuple[str, dict[str, Json], str]]]
) -> None:
    adapter = platform(next(fresh_folders))
    now = Observation({}, {})
    for wanted in steps:
        batch, now = expected_after(wanted, now)
        assert refusals(adapter, *batch) == []
        assert seen(adapter) == now


LINKS = st.dictionaries(NAMES, st.one_of(st.none(), NAMES, st.just("gone")), max_size=4)


@given(before=LINKS, after=LINKS)
def test_nothing_that_ccstate_wrote_ever_dangles(
    fresh_folders: Iterator[Path], before: dict[str, str | None], after: dict[str, str | None]
) -> None:
    adapter = platform(next(fresh_folders))
    for links in (before, after):
        batch = []
        for name, to in links.items():
            exists = live(adapter, f"queue/{name}") is not None
            edits: Fields = {"overflow": {"to": f"queue/{to}"} if to else None}
            if to == "gone" and exists:
                batch.append(gone(adapter, f"queue/{name}"))
            elif exists:
                batch.append(change(adapter, f"queue/{name}", edits))
            else:
                batch.append(create(f"queue/{name}", edits))
        adapter.perform(batch)
        objects = seen(adapter).objects
        for fields in objects.values():
            overflow = cast("dict[str, str]", fields.get("overflow") or {})
            assert "to" not in overflow or parse_address(overflow["to"]) in objects
