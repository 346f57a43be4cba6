"""A field left out is not managed: `validate` claims nothing of it, and a plan knows what is there."""

import pytest

from tests.cli.test_cli import Screen, screen

__all__ = ["screen"]

FILE = "desired_state/all.yaml"
BARE = """\
queues:
  sales:
    label: Sales
    max_waiting: 20
"""


def test_a_queue_whose_members_are_kept_by_hand_is_judged_by_those(screen: Screen) -> None:
    screen.apply_all()
    live = dict(screen.live("queue", "sales") or {})
    screen.edit(FILE, "    members: [{user: ana}]\n", "")
    screen.edit(FILE, "    overflow: {after: 3m, to: voicemail/2001}\n", "")
    screen.edit(FILE, "    ring_for: 20s\n", "    ring_for: 25s\n")
    assert screen.run("validate") == 0
    assert "no problems" in screen.out
    assert screen.run("plan") == 0
    assert "CC2" not in screen.out + screen.err
    assert screen.run("apply") == 0
    assert screen.live("queue", "sales") == {**live, "ring_for": "25s"}


def test_a_new_queue_without_members_is_for_agents_who_log_in(screen: Screen) -> None:
    screen.write(FILE, BARE)
    assert screen.run("validate") == 0
    assert "no problems" in screen.out
    assert screen.run("plan") == 0
    assert "CC210" not in screen.out + screen.err
    assert "callers wait in queue/sales while no agent is logged in" in screen.err_flat


def test_a_new_queue_with_an_empty_list_of_members_is_refused_by_the_plan(screen: Screen) -> None:
    screen.write(FILE, f"{BARE}    members: []\n")
    assert screen.run("plan") == 3
    assert "no agent can answer queue/sales" in screen.out


@pytest.mark.parametrize("there", [True, False])
def test_a_plan_warns_of_what_validate_could_not_know(screen: Screen, there: bool) -> None:
    if there:
        screen.apply_all()
    screen.edit(FILE, "    overflow: {after: 3m, to: voicemail/2001}\n", "")
    screen.edit(FILE, "    label: Sales\n", "    label: Sales team\n")
    assert screen.run("validate") == 0
    assert "CC219" not in screen.out
    assert screen.run("plan") == 0
    assert ("CC219" in screen.err) == (not there)


def test_what_validate_tells_the_plan_does_not_repeat(screen: Screen) -> None:
    screen.edit(FILE, "overflow: {after: 3m, to: voicemail/2001}", "overflow: {after: 3m}")
    assert screen.run("validate") == 0
    assert "CC209" in screen.out
    assert screen.run("plan") == 0
    assert "CC209" not in screen.err


def test_null_gives_a_field_its_default_back(screen: Screen) -> None:
    screen.apply_all()
    screen.edit(FILE, "    ring_for: 20s\n", "    ring_for: null\n")
    screen.apply_all()
    assert (screen.live("queue", "sales") or {})["ring_for"] == "15s"
    assert screen.run("plan", "--detailed-exitcode") == 0


REPLACED = """  kim: {name: Kim Example, extension: "2001"}
"""


def test_a_phone_that_changes_hands_and_keeps_its_secret_is_reported(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.apply_all()
    screen.edit(FILE, '  ana: {name: Ana Example, extension: "2001"}\n', REPLACED)
    screen.edit(FILE, "{user: ana}", "{user: kim}")
    assert screen.run("plan") in {0, 3}
    said = " ".join(screen.out.split())
    assert "1 phone changes hands without a new secret" in said
    assert "extension/2001" in said
    monkeypatch.setenv("SIP_2001", "battery staple")
    assert screen.run("plan") in {0, 3}
    assert "changes hands" not in screen.out


def test_a_mailbox_that_changes_hands_and_keeps_its_pin_is_reported(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN_2001", "4711")
    screen.edit(FILE, "voicemail: {}", "voicemail: {pin: env:PIN_2001}")
    screen.apply_all()
    screen.edit(FILE, '  ana: {name: Ana Example, extension: "2001"}\n', REPLACED)
    screen.edit(FILE, "{user: ana}", "{user: kim}")
    monkeypatch.setenv("SIP_2001", "battery staple")
    assert screen.run("plan") in {0, 3}
    said = " ".join(screen.out.split())
    assert "1 mailbox changes hands without a new PIN" in said
    assert "voicemail/2001" in said
    monkeypatch.setenv("PIN_2001", "4712")
    assert screen.run("plan") in {0, 3}
    assert "changes hands" not in screen.out


def test_a_phone_that_stays_with_its_person_keeps_its_secret(screen: Screen) -> None:
    screen.apply_all()
    screen.edit(FILE, "Ana Example", "Ana Exemplar")
    assert screen.run("plan") == 0
    assert "changes hands" not in screen.out


CALLED = """numbers:
  "+61255501000": {to: queue/sales}
call_tests:
  sales: {to: "+61255501000", at: "2027-03-01T10:00", expect: [queue/sales]}
"""


def test_a_walk_says_on_what_it_depends_that_is_not_declared(screen: Screen) -> None:
    screen.write("desired_state/numbers.yaml", CALLED)
    assert screen.run("simulate", "+61255501000") == 0
    assert "Not declared here" not in screen.err
    screen.edit(FILE, "    members: [{user: ana}]\n", "")
    screen.edit(FILE, "    overflow: {after: 3m, to: voicemail/2001}\n", "")
    for command, fields in (
        (("simulate", "+61255501000"), "queue/sales members and queue/sales overflow"),
        (("test",), "queue/sales members"),  # where everybody answers
    ):
        assert screen.run(*command) == 0
        assert f"and so not managed: {fields}." in screen.err_flat


def test_an_object_without_fields_is_there_after_its_creation(screen: Screen) -> None:
    screen.write(
        FILE,
        'users: {ana: {name: Ana, extension: "2001"}}\nextensions: {"2001": {}}\n'
        "queues: {sales: {members: [{user: ana}], overflow: {after: 3m, to: hangup}}}\n",
    )
    assert screen.run("plan") == 0, screen.out
    assert "CC210" not in screen.out
