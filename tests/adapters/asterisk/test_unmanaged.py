"""Objects in hand-written configuration are found with their places, and nothing that is invented."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ccstate.adapters.asterisk.handwritten import read_handwritten
from ccstate.adapters.asterisk.perform import Draft, Elsewhere
from ccstate.adapters.asterisk.records import Records
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.adapters.asterisk.unmanaged import elsewhere, out_of_reach
from ccstate.model import Address, Fields, parse_address
from ccstate.secrets import seal
from tests.adapters.asterisk.estates import estate

KEY = b"k" * 32
KEPT = Records(KEY, files={"pjsip.d/ccstate.conf": "digest"})
"""Records of a platform on which ccstate has written."""
INBOUND = "[inbound]\nexten => +61255501000,1,Answer()\n same => n,Queue(help,,,,90)\n same => n,Hangup()\n"
ROUTE = "[phones]\nexten => _0NXXXXXXXX,1,Dial(PJSIP/${EXTEN}@line,120)\n same => n,Hangup()\n"


def standing(
    folder: Path, texts: Mapping[str, str], records: Records = KEPT
) -> dict[str, Elsewhere]:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = elsewhere(read_handwritten(LocalFolder(folder)), records)
    return {str(address): there for address, there in found.items()}


def test_each_object_has_the_place_where_people_look_for_it(tmp_path: Path) -> None:
    found = standing(tmp_path, estate(INBOUND + ROUTE))
    assert {address: there.place for address, there in found.items()} == {
        "extension/2001": "pjsip.conf:1",
        "extension/2002": "pjsip.conf:19",
        "trunk/line": "pjsip.conf:36",
        "queue/help": "queues.conf:1",
        "number/+61255501000": "extensions.conf:8",
        "outbound_route/phones": "extensions.conf:12",
    }


def test_a_template_is_the_place_of_no_phone(tmp_path: Path) -> None:
    texts = estate()
    template = "[desk](!)\ntype=endpoint\ncontext=phones\n"
    texts["pjsip.conf"] = template + texts["pjsip.conf"].replace(
        "[2001]\ntype=endpoint\ncontext=phones\n", "[2001](desk)\n", 1
    )
    assert standing(tmp_path, texts)["extension/2001"].place == "pjsip.conf:4"


def test_an_object_in_an_included_file_stands_there(tmp_path: Path) -> None:
    texts = estate()
    texts["queues.d/ours.conf"] = texts.pop("queues.conf")
    texts["queues.conf"] = "[general]\n#tryinclude queues.d/*.conf\n"
    assert standing(tmp_path, texts)["queue/help"].place == "queues.d/ours.conf:1"


def test_people_are_not_on_the_platform_and_their_phones_are(tmp_path: Path) -> None:
    found = standing(tmp_path, estate(INBOUND))
    assert not [address for address in found if address.startswith(("user/", "prompt/"))]
    assert found["queue/help"].fields["members"] == [
        {"extension": "2001", "penalty": 2},
        {"extension": "2002"},
    ]


def test_secrets_are_sealed_with_the_platform_s_key(tmp_path: Path) -> None:
    fields = standing(tmp_path, estate())["extension/2001"].fields
    assert fields["secret"] == seal(KEY, "hidden-2001")
    assert fields["voicemail"] == {"email": "ann@example.test", "pin": seal(KEY, "4711")}


def test_before_anything_is_recorded_secrets_are_not_shown(tmp_path: Path) -> None:
    """A key that nobody keeps would make them look changed whenever they are read."""
    fields = standing(tmp_path, estate(), Records(KEY))["extension/2001"].fields
    assert "secret" not in fields
    assert fields["voicemail"] == {"email": "ann@example.test"}


def test_what_ccstate_has_written_is_its_own(tmp_path: Path) -> None:
    records = Records(KEY, objects={Address("queue", "help"): {}})
    assert "queue/help" not in standing(tmp_path, estate(), records)


def test_what_ccstate_includes_is_not_read_and_breaks_nothing(tmp_path: Path) -> None:
    texts = estate()
    texts["queues.conf"] = "#include queues.d/ccstate.conf\n" + texts["queues.conf"]
    texts["queues.d/ccstate.conf"] = "[ours]\nstrategy=ringall\n"
    found = standing(tmp_path, texts)
    assert "queue/help" in found
    assert "queue/ours" not in found


def test_what_is_edited_is_read_again(tmp_path: Path) -> None:
    assert standing(tmp_path, estate())["queue/help"].fields["ring_for"] == "12s"
    texts = estate()
    texts["queues.conf"] = texts["queues.conf"].replace("timeout=12", "timeout=13")
    assert standing(tmp_path, texts)["queue/help"].fields["ring_for"] == "13s"


def test_an_endpoint_that_cannot_be_rung_is_no_extension(tmp_path: Path) -> None:
    texts = estate()
    texts["pjsip.conf"] += "[anonymous]\ntype=endpoint\ncontext=inbound\nallow=!all,alaw\n"
    assert "extension/anonymous" not in standing(tmp_path, texts)


def test_a_folder_with_nothing_by_hand_has_nothing(tmp_path: Path) -> None:
    assert standing(tmp_path, {"pjsip.conf": "#tryinclude pjsip.d/*.conf\n"}) == {}
    assert standing(tmp_path, {}) == {}


# Ways that would lead there

DESK: dict[str, Any] = {"nodes": {"desk": {"type": "dial", "extension": "2001"}}, "start": "desk"}


@pytest.mark.parametrize(
    "address, fields, others",
    [
        ("queue/new", {"members": [{"extension": "2001"}]}, {}),
        (
            "queue/new",
            {"members": [{"user": "ann"}]},
            {"user/ann": {"name": "Ann", "extension": "2001"}},
        ),
        (
            "queue/new",
            {"members": [{"team": "t"}]},
            {"user/ann": {"name": "Ann", "team": "t", "extension": "2001"}, "team/t": {}},
        ),
        ("ivr/new", DESK, {}),
        ("number/+61255501009", {"to": "voicemail/2001"}, {}),
    ],
)
def test_a_way_to_what_stands_by_hand_is_refused(
    address: str, fields: dict[str, Any], others: dict[str, Any]
) -> None:
    objects = {parse_address(a): f for a, f in {address: fields, **others}.items()}
    drafted = Draft(objects, {}, {}, frozenset({Address("extension", "2001")}))
    (problem,) = out_of_reach(drafted)
    assert problem.code == "CC414"
    assert f"{address} leads to extension/2001, which stands in a file" in problem.message


def test_a_person_whose_phone_stands_by_hand_is_fine() -> None:
    objects: dict[Address, Fields] = {Address("user", "ann"): {"name": "Ann", "extension": "2001"}}
    assert not list(out_of_reach(Draft(objects, {}, {}, frozenset({Address("extension", "2001")}))))
