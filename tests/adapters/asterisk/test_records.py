"""What ccstate keeps on the server: for readers of plans without a secret, for the writer whole."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk import records as kept
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.entries import ACCOUNTS, FILES, QUEUES, VOICEMAIL
from ccstate.adapters.asterisk.records import Records
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.errors import Unreadable
from ccstate.model import Address, Fields
from ccstate.secrets import seal

KEY = b"k" * 32
PHONE, TRUNK = Address("extension", "2001"), Address("trunk", "carrier.a")
RECORDS = Records(
    KEY,
    {
        PHONE: {"secret": "tulip-7", "voicemail": {"pin": "4711", "email": "a@example.test"}},
        TRUNK: {"host": "192.0.2.1", "username": "us", "secret": "lupin-9"},
        Address("queue", "sales"): {"label": "Sales"},
    },
    {PHONE: {"secret": seal(KEY, "tulip-7")}},
    {FILES[ACCOUNTS]: "aa", FILES[VOICEMAIL]: "bb", FILES[QUEUES]: "cc"},
    {"main/en.wav": "dd"},
    {PHONE: {"secret": "env:SIP_2001"}},
)
SECRETS = ("tulip-7", "4711", "lupin-9", KEY.hex(), "aa", "bb")

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)


def loaded(files: Mapping[str, bytes]) -> Records:
    return kept.load(files[kept.PATH], files.get(kept.SECRETS), "etc")


def refusal(files: Mapping[str, bytes]) -> str:
    with pytest.raises(Unreadable) as refused:
        transaction.read_records(files, "etc")
    (problem,) = refused.value.problems
    assert problem.code == "CC411"
    return problem.message


def old_format(records: Records) -> bytes:
    """As a release before this one wrote it: one file with everything."""
    by_kind: dict[str, dict[str, Any]] = {}
    for (kind, name), fields in records.objects.items():
        by_kind.setdefault(kind, {})[name] = fields
    whole = {
        "format": 1,
        "key": records.key.hex(),
        "files": dict(records.files),
        "sounds": dict(records.sounds),
        "objects": by_kind,
        "ledger": {"extension": {"2001": records.ledger[PHONE]}},
    }
    return orjson.dumps(whole)


def test_what_was_written_is_read_back() -> None:
    assert loaded(kept.dump(RECORDS)) == RECORDS


@given(secret=texts, pin=texts, label=texts)
def test_any_secret_is_read_back_and_stands_in_one_file_only(
    secret: str, pin: str, label: str
) -> None:
    objects: dict[Address, Fields] = {
        PHONE: {"secret": secret, "voicemail": {"pin": pin}, "label": label}
    }
    records = Records(KEY, objects)
    files = kept.dump(records)
    assert loaded(files) == records
    shown = orjson.loads(files[kept.PATH])["objects"]["extension"]["2001"]
    assert shown == {
        "secret": seal(KEY, secret),
        "voicemail": {"pin": seal(KEY, pin)},
        "label": label,
    }


def test_the_records_that_readers_read_hold_no_secret_no_key_and_no_digest_of_a_secret_file() -> (
    None
):
    shown = kept.dump(RECORDS)[kept.PATH].decode()
    assert [secret for secret in SECRETS if f'"{secret}"' in shown] == []
    assert "env:SIP_2001" in shown


def test_a_reader_has_seals_in_place_of_secrets() -> None:
    records = kept.load(kept.dump(RECORDS)[kept.PATH], None, "etc")
    assert records.is_sealed
    assert records.objects[PHONE]["secret"] == seal(KEY, "tulip-7")
    assert records.shown("extension", records.objects[PHONE]) == records.objects[PHONE]
    assert records.ledger == RECORDS.ledger
    assert records.references == RECORDS.references
    assert records.files == {FILES[QUEUES]: "cc"}
    assert KEY not in (records.key, b"")


def test_writer_and_reader_see_the_same_objects() -> None:
    reader = kept.load(kept.dump(RECORDS)[kept.PATH], None, "etc")
    for address, fields in RECORDS.objects.items():
        assert reader.shown(address.kind, reader.objects[address]) == RECORDS.shown(
            address.kind, fields
        )


def test_records_of_format_1_are_read_and_written_as_two_files() -> None:
    old = kept.load(old_format(RECORDS), None, "etc")
    assert not old.is_sealed
    assert old.objects == RECORDS.objects
    assert old.files == RECORDS.files
    assert old.references == {}
    assert loaded(kept.dump(old)) == old


def test_secrets_of_other_records_are_refused() -> None:
    changed = {**RECORDS.objects, TRUNK: {**RECORDS.objects[TRUNK], "secret": "other"}}
    other = kept.dump(Records(KEY, changed))
    files = {**kept.dump(RECORDS), kept.SECRETS: other[kept.SECRETS]}
    assert refusal(files) == (
        "etc/ccstate/secrets.json does not belong to ccstate/records.json: "
        "they differ in a secret of trunk/carrier.a"
    )


def test_secrets_that_are_gone_are_refused_and_not_taken_for_seals() -> None:
    files = kept.dump(RECORDS)
    del files[kept.SECRETS]
    assert refusal(files) == "etc/ccstate/secrets.json is not there, though ccstate/records.json is"
    found = transaction.read_records(files, "etc", closed=[kept.SECRETS])
    assert found is not None
    assert found.is_sealed


@pytest.mark.parametrize("path", [kept.PATH, kept.SECRETS])
@pytest.mark.parametrize("content", [b"", b"[]", b"no records", b'{"format": 2}', b"null"])
def test_a_damaged_file_is_named(path: str, content: bytes) -> None:
    assert refusal({**kept.dump(RECORDS), path: content}) == f"etc/{path} is damaged"


@pytest.mark.parametrize("path", [kept.PATH, kept.SECRETS])
def test_a_later_format_is_refused(path: str) -> None:
    content = orjson.dumps({"format": 3})
    says = f"etc/{path} has format 3, and this ccstate reads 2"
    assert refusal({**kept.dump(RECORDS), path: content}) == says


def test_new_secrets_beside_old_records_of_a_killed_write_are_not_mixed() -> None:
    changed = {**RECORDS.objects, TRUNK: {**RECORDS.objects[TRUNK], "secret": "other"}}
    new = kept.dump(Records(KEY, changed))
    old = kept.dump(RECORDS)
    files = {kept.PATH: old[kept.PATH], kept.SECRETS: new[kept.SECRETS]}
    aside = {f"{transaction.OLD}{kept.SECRETS}": old[kept.SECRETS]}
    assert transaction.read_records({**files, **aside}, "etc") == RECORDS


def modes(folder: Path) -> dict[str, int]:
    return {
        name: stat.S_IMODE((folder / name).stat().st_mode)
        for name in (kept.PATH, kept.SECRETS)
        if (folder / name).exists()
    }


def test_the_group_may_read_the_records_and_no_other_the_secrets(tmp_path: Path) -> None:
    transaction.write(LocalFolder(tmp_path), kept.dump(RECORDS))
    assert modes(tmp_path) == {kept.PATH: 0o640, kept.SECRETS: 0o600}


def test_records_of_format_1_that_are_put_back_are_closed_again(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    old = {kept.PATH: old_format(RECORDS)}
    transaction.write(folder, old)
    assert modes(tmp_path) == {kept.PATH: 0o600}
    begun = transaction.begin(folder, old, kept.dump(RECORDS))
    transaction.write(folder, kept.dump(RECORDS))
    assert transaction.take_back(folder, begun) == []
    assert modes(tmp_path) == {kept.PATH: 0o600}
    assert folder.read([kept.PATH]) == old
