"""Support is declared field by field: what an adapter leaves out, or says twice, fails at once."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from ccstate.adapter import Support, WronglyPlaced, lacking_fields, placed
from ccstate.kinds import KINDS, field_paths, set_fields
from ccstate.model import Action, Address, Change, Fields, Json, Why

TEAM = {"label", "supervisor", "site"}


def without(kind: str, lacking: Mapping[str, str]) -> Support:
    return placed(kind, mapped=set(field_paths(kind)) - set(lacking), lacking=lacking)


def refusals(kind: str, lacking: Mapping[str, str], fields: Fields | None) -> list[tuple[str, str]]:
    """Message and hint of each problem with a change that records these fields."""
    change = Change("here", Action.UPDATE, Address(kind, "a"), Why.YOU, "", ledger=fields)
    found = lacking_fields({kind: without(kind, lacking)}, [change])
    assert {problem.code for problem in found} <= {"CC405"}
    return [(problem.message, problem.hint) for problem in found]


def test_fields_are_named_by_plain_paths() -> None:
    assert set(field_paths("team")) == TEAM
    assert {"members.*.penalty", "overflow.after", "skills"} <= set(field_paths("queue"))
    assert {"nodes.*.menu.choices", "nodes.*.dial.ring_for"} <= set(field_paths("ivr"))
    assert {"weekly", "seasons.*.weekly"} <= set(field_paths("schedule"))
    assert {"areas.*.label", "areas.*.desks"} <= set(field_paths("site"))


@pytest.mark.parametrize("kind", KINDS)
def test_protect_and_what_has_fields_inside_are_no_fields_of_a_platform(kind: str) -> None:
    paths = field_paths(kind)
    assert "protect" not in paths
    assert not [p for p in paths for other in paths if other.startswith(f"{p}.")]
    assert len(set(paths)) == len(paths)


def test_a_value_says_which_fields_it_sets_and_where() -> None:
    queue: Fields = {
        "label": None,
        "protect": True,
        "members": [{"user": "a"}, {"team": "b", "penalty": 0}],
        "overflow": {},
        "skills": [],
    }
    assert list(set_fields("queue", queue)) == [
        ("skills", ("skills",)),
        ("members.*.user", ("members", 0, "user")),
        ("members.*.team", ("members", 1, "team")),
        ("members.*.penalty", ("members", 1, "penalty")),
        ("overflow", ("overflow",)),
    ]
    tree: Fields = {"nodes": {"a.b": {"type": "goto", "to": "x"}, "x": {"type": "hangup"}}}
    assert list(set_fields("ivr", tree)) == [
        ("nodes.*.goto.to", ("nodes", "a.b", "to")),
        ("nodes.*.hangup", ("nodes", "x")),
    ]


def test_every_field_has_one_place() -> None:
    found = placed(
        "team", mapped=TEAM - {"label", "site"}, kept={"label": "x"}, lacking={"site": "y"}
    )
    assert found.mapped == TEAM - {"label", "site"}
    assert (found.kept, found.lacking) == ({"label": "x"}, {"site": "y"})


@pytest.mark.parametrize(
    "mapped, kept, said",
    [
        (TEAM - {"supervisor"}, {}, "team: supervisor is neither mapped, kept nor lacking"),
        (TEAM, {"supervisor": "nobody leads"}, "team: supervisor has more than one place"),
        (TEAM | {"fax"}, {}, "team: fax is no field of this kind"),
        (TEAM - {"supervisor"}, {"supervisor": " "}, "team: supervisor has no reason"),
    ],
)
def test_what_is_not_so_is_refused(mapped: set[str], kept: Mapping[str, str], said: str) -> None:
    with pytest.raises(WronglyPlaced, match=said):
        placed("team", mapped=mapped, kept=kept)


def test_a_change_that_sets_a_lacking_field_is_refused_with_place_and_hint() -> None:
    hint = "leave it out: all members are equal there"
    members: list[Json] = [{"user": "a"}, {"user": "b", "penalty": 2}]
    assert refusals("queue", {"members.*.penalty": hint}, {"members": members}) == [
        ("queue/a: members.1.penalty: the platform cannot hold this field", hint)
    ]


def test_what_is_null_or_not_declared_sets_no_lacking_field() -> None:
    lacking = {"skills": "no skills"}
    assert refusals("queue", lacking, {"skills": None, "music": "jazz"}) == []
    assert refusals("queue", lacking, None) == []


def test_a_mapping_of_which_every_field_is_lacking_is_refused_when_it_is_empty() -> None:
    mailbox = {path: "no mailboxes" for path in field_paths("extension") if "voicemail." in path}
    assert refusals("extension", mailbox, {"voicemail": {}}) == [
        ("extension/a: voicemail: the platform cannot hold this field", "no mailboxes")
    ]
    del mailbox["voicemail.pin"]
    assert refusals("extension", mailbox, {"voicemail": {}}) == []


NEW_FIELD = """
from dataclasses import replace
from ccstate import kinds
from ccstate.kinds.queue import Queue

class Recorded(Queue):
    recording: bool = False

kinds.KINDS = {**kinds.KINDS, "queue": replace(kinds.KINDS["queue"], model=Recorded)}
import ccstate.adapters.asterisk.adapter
"""


@pytest.mark.process
def test_an_adapter_that_says_nothing_of_a_new_field_cannot_be_imported() -> None:
    found = subprocess.run(
        [sys.executable, "-c", NEW_FIELD], capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert "queue: recording is neither mapped, kept nor lacking" in found.stderr
