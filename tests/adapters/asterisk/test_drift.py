"""What somebody changed by hand on a real Asterisk is told for what it is, and put right."""

import json
import re
import stat
from collections.abc import Iterable, Iterator

import pytest

from ccstate.adapters.asterisk import records as kept
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import ACCOUNTS, DIALPLAN, FILES, PJSIP, QUEUES
from ccstate.adapters.asterisk.include_files import revision, serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.model import ALTERED, Change, Edit, Json, Why
from tests.adapters.asterisk.drifts import CASES, OPTION, STRATEGY, Drift, told, turn
from tests.adapters.asterisk.estate import (
    SECRETS,
    Applied,
    Estate,
    applied_on,
    settled,
)

FEW = (
    "a strategy in the file alone",
    "one of a team taken out",
    "a password",
    "an endpoint taken out",
    "the number that emergency calls show",
    "the end of a file cut off",
    "a penalty set by a supervisor",
    "a module that was stopped",
)


@pytest.fixture(scope="module")
def asterisk_22(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    with applied_on("22", tmp_path_factory.mktemp("drift-22-")) as applied:
        yield applied


@pytest.fixture(scope="module")
def asterisk_16(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    with applied_on("16", tmp_path_factory.mktemp("drift-16-")) as applied:
        yield applied


@pytest.fixture
def estate(
    asterisk_22: Applied, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Estate:
    return settled(asterisk_22, capsys, monkeypatch)


def listed(changes: Iterable[Change]) -> str:
    """What is otherwise, object by object, without numbers of lines: was → is, or what runs."""
    said = "; ".join(map(_object, changes))
    return re.sub(r"\.conf:\d+:", ".conf:N:", re.sub(r"sealed:\w+", "sealed", said))


def _object(change: Change) -> str:
    if change.why is Why.DELETED_BY_HAND:
        return f"{change.address} {change.why}"
    return f"{change.address} " + ", ".join(map(_field, change.edits))


def _field(edit: Edit) -> str:
    if edit.path == ALTERED and isinstance(edit.before, list):
        return f"by hand {' | '.join(map(str, edit.before))}"
    if edit.why is Why.NOT_LOADED:
        return f"{edit.path} {_value(edit.before)}"
    assert edit.why is Why.BY_HAND
    return ", ".join(_differences(edit.path, edit.after, edit.before))


def _differences(path: str, was: Json, now: Json) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in sorted({*was, *now}):
            yield from _differences(f"{path}.{name}", was.get(name), now.get(name))
    elif was != now:
        yield f"{path} {_value(was)} → {_value(now)}"


def _value(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True).replace('"', "")


def is_told_and_put_right(estate: Estate, drift: Drift) -> None:
    by_hand = estate.hand_written()
    for hand in drift.hands:
        hand(estate)
    says = listed(estate.drifted())
    estate.drift()
    expected, _, _ = drift.says.partition(" …")
    assert says == expected or (drift.says.endswith("…") and says.startswith(expected))
    for secret in (*SECRETS.values(), "guessed", "0815"):
        assert secret not in estate.out
    estate.apply()
    assert estate.plan() == ""
    assert "19 managed objects as they were applied" in estate.drift()
    assert estate.leftovers() == []
    assert estate.hand_written() == by_hand


@pytest.mark.no_cover  # the same plan and apply each time, as the tests below measure them
@pytest.mark.parametrize("drift", CASES, ids=str)
def test_drift_is_reported_and_put_right(drift: Drift, estate: Estate) -> None:
    is_told_and_put_right(estate, drift)


@pytest.mark.no_cover
@pytest.mark.parametrize("drift", [c for c in CASES if c.what in FEW], ids=str)
def test_drift_is_reported_and_put_right_on_16(
    drift: Drift,
    asterisk_16: Applied,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_told_and_put_right(settled(asterisk_16, capsys, monkeypatch), drift)


def test_a_line_that_no_field_says_is_shown_with_its_place(estate: Estate) -> None:
    OPTION(estate)
    path = FILES[QUEUES]
    lines = (estate.site.etc / path).read_text(encoding="utf-8").splitlines()
    place = f"{path}:{lines.index('announce-to-first-user=yes') + 1}"
    for say in (estate.drift, estate.plan):
        say()
        assert f"{place}: [sales] announce-to-first-user=yes" in estate.lines


def test_a_pause_is_no_drift_and_is_not_undone(estate: Estate) -> None:
    told("queue pause member PJSIP/2001 queue sales reason lunch", "paused")(estate)
    assert "19 managed objects as they were applied" in estate.drift()
    assert estate.plan() == ""
    estate.edit("queues", "sales", "ring_for", value="25s")
    estate.apply()
    assert "paused:lunch" in estate.command("queue show sales")
    estate.edit("queues", "sales", "ring_for", value="20s")
    estate.apply()
    told("queue unpause member PJSIP/2001 queue sales", "unpaused")(estate)


def test_who_logged_in_is_no_drift_and_stays_logged_in(estate: Estate) -> None:
    told("queue add member PJSIP/2002 to reception", "Added")(estate)
    assert "19 managed objects as they were applied" in estate.drift()
    estate.edit("queues", "reception", "ring_for", value="16s")
    estate.apply()
    assert "PJSIP/2002" in estate.command("queue show reception")
    told("queue remove member PJSIP/2002 from reception", "Removed")(estate)


def test_a_field_that_is_not_declared_keeps_what_was_made_of_it(estate: Estate) -> None:
    turn(DIALPLAN, "s,1(2003,20,extension/2003)", "s,1(2003,35,extension/2003)")(estate)
    estate.reload(DIALPLAN)
    assert "19 managed objects as they were applied" in estate.drift()
    assert estate.plan() == ""
    estate.edit("queues", "sales", "ring_for", value="25s")
    estate.edit("ivrs", "main", "nodes", "menu", "timeout", value="6s")
    estate.apply()
    content = (estate.site.etc / FILES[DIALPLAN]).read_text(encoding="utf-8")
    assert "s,1(2003,35,extension/2003)" in content
    assert "WaitExten(6)" in content
    estate.wipe()


def test_what_changed_after_the_plan_makes_it_stale(estate: Estate) -> None:
    estate.edit("queues", "sales", "ring_for", value="25s")
    assert estate.plan()
    STRATEGY(estate)
    before = (estate.site.etc / FILES[QUEUES]).read_bytes()
    assert estate.run("apply") == 3
    assert "CC303" in estate.err
    assert "queue/sales" in estate.err
    assert "hint: make a new plan" in estate.err
    assert (estate.site.etc / FILES[QUEUES]).read_bytes() == before


def test_what_changed_by_hand_beside_the_plan_is_not_lost(estate: Estate) -> None:
    estate.edit("queues", "reception", "ring_for", value="25s")
    assert estate.plan()
    turn(PJSIP, "set_var=CC_CALLER_NAME=Front desk", "set_var=CC_CALLER_NAME=Boss")(estate)
    estate.reload(PJSIP)
    assert estate.run("apply") == 0
    assert listed(estate.drifted()) == "extension/2001 caller_id.name Front desk → Boss"


def test_a_line_by_hand_that_the_write_would_lose_stops_it(estate: Estate) -> None:
    estate.edit("extensions", "2002", "ring_for", value="25s")
    assert estate.plan()
    OPTION(estate)
    before = estate.site.etc / FILES[QUEUES]
    content = before.read_bytes()
    assert estate.run("apply") == 4
    assert "queue/sales was changed by hand" in estate.lines
    assert "plan anew" in estate.lines
    assert before.read_bytes() == content


def test_records_that_are_gone_are_no_empty_platform(estate: Estate) -> None:
    records = estate.site.etc / "ccstate/records.json"
    content = records.read_bytes()
    records.unlink()
    assert estate.run("drift") == 1
    assert "CC411" in estate.err
    assert "records.json is not there, though extensions.d/ccstate.conf is" in estate.lines
    assert "hint: restore it from a backup" in estate.lines
    records.write_bytes(content)
    assert estate.plan() == ""


def test_secrets_that_are_gone_are_no_empty_passwords(estate: Estate) -> None:
    secrets = estate.site.etc / "ccstate/secrets.json"
    content = secrets.read_bytes()
    secrets.unlink()
    assert estate.run("plan") == 1
    assert "secrets.json is not there, though ccstate/records.json is" in estate.lines
    secrets.write_bytes(content)
    assert estate.plan() == ""


def test_records_of_an_earlier_release_are_read_and_written_anew(estate: Estate) -> None:
    """One file had everything, and passwords stood among the phones."""
    etc = LocalFolder(estate.site.etc)
    records = transaction.read_records(etc.read(transaction.RECORDS), "etc")
    assert records
    texts = serialize(compile_objects(records.objects, Setting(records.key, is_test_site=True)))
    phones = texts[FILES[PJSIP]].replace(f"#tryinclude {FILES[ACCOUNTS]}".encode(), b"")
    accounts = texts[FILES[ACCOUNTS]].partition(b"[ccstate-rev-accounts]")[0]
    body = accounts + phones.partition(b"[ccstate-rev]")[0]
    mark = f"[ccstate-rev]\ntype=auth\nauth_type=userpass\nusername={revision(body)}\npassword=x\n"
    old = {FILES[PJSIP]: body + mark.encode()}
    digests = dict(kept.written(records, {**texts, **old}).files.items())
    del digests[FILES[ACCOUNTS]]
    by_kind: dict[str, dict[str, dict[str, object]]] = {"objects": {}, "ledger": {}}
    for part, objects in (("objects", records.objects), ("ledger", records.ledger)):
        for (kind, name), fields in objects.items():
            by_kind[part].setdefault(kind, {})[name] = fields
    whole = {
        "format": 1,
        "key": records.key.hex(),
        "files": digests,
        "sounds": dict(records.sounds),
    }
    etc.stage({**old, kept.PATH: json.dumps({**whole, **by_kind}).encode()}, mode=0o600)
    etc.commit([*old, kept.PATH])
    etc.remove([kept.SECRETS, FILES[ACCOUNTS]])
    estate.reload(PJSIP)
    says = estate.plan()
    assert "ccstate writes it otherwise by now" in says
    assert "deleted by hand" not in says
    estate.apply()
    assert estate.plan() == ""
    assert "19 managed objects as they were applied" in estate.drift()
    for secret in SECRETS.values():
        assert secret.encode() not in (estate.site.etc / kept.PATH).read_bytes()
        assert secret.encode() not in (estate.site.etc / FILES[PJSIP]).read_bytes()
    mode = (estate.site.etc / kept.SECRETS).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
