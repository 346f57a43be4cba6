"""`ccstate simulate` as people meet it: one call, every call, and what cannot be called."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from ccstate.adapters.embedded import connect
from ccstate.model import Address
from tests.cli import screens

TOP = Path(__file__).parent.parent.parent
Golden = Callable[[str, str], None]
MAIN = "+611300975707"
ORDINARY = "2026-11-24T10:00"

PROJECT = (
    "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
)
SMALL = """\
schedules:
  days: {timezone: Australia/Sydney, weekly: {mon: ["09:00-17:00"]}}
extensions:
  "2001": {label: Ana, device: softphone}
  "2002": {label: Post, device: none, voicemail: {}}
queues:
  sales: {label: Sales, extension: "2810", members: [{extension: "2001"}]}
  help: {label: Help, members: [{extension: "2001"}], overflow: {after: 3m, to: voicemail/2002}}
prompts:
  menu: {languages: {en-AU: {text: Press 1 or star.}}}
ivrs:
  main:
    extension: "2850"
    start: menu
    nodes:
      menu:
        type: menu
        prompt: menu
        choices: {"1": queue/help, "*": hangup}
        timeout: 5s
        retries: 1
        on_timeout: voicemail/2002
numbers:
  "+61255501234": {label: Main, to: ivr/main}
  "+61355501234": {label: Waiting, to: queue/sales, hours: days, closed: hangup}
  "+61755501235": {label: Lost, to: extension/2001}
"""


class Screen(screens.Screen):
    """A project in a folder, and what `ccstate simulate` writes there."""

    def simulate(self, *arguments: str) -> int:
        return self.run("simulate", *arguments)

    def json(self, *arguments: str) -> dict[str, Any]:
        self.simulate(*arguments, "--format", "json")
        found: dict[str, Any] = orjson.loads(self.out)
        return found


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CCSTATE_PROJECT", "CCSTATE_FORMAT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Screen:
    shutil.copytree(TOP / "desired_state", tmp_path / "desired_state")
    shutil.copy(TOP / "ccstate.yaml", tmp_path)
    return Screen(tmp_path, capsys)


@pytest.fixture
def small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Screen:
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "desired_state" / "all.yaml").write_text(SMALL, encoding="utf-8")
    return Screen(tmp_path, capsys)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("christmas", ("--at", "2026-12-25T10:00", "--keys", "1")),
        ("ordinary-day", ("--at", ORDINARY, "--keys", "2,5550012345,1")),
        ("saturday-silence", ("--at", "2026-11-28T11:00", "--from", "+61491570006")),
    ],
)
def test_a_call_of_the_worked_example(
    example: Screen, golden: Golden, name: str, arguments: tuple[str, ...], form: str
) -> None:
    assert example.simulate(MAIN, *arguments, "--format", form) == 0
    ending = {"text": "txt", "markdown": "md", "json": "json"}[form]
    golden(f"simulate/{name}.{ending}", example.out)
    if form == "text":
        assert max(map(len, example.out.splitlines())) <= 80


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_call_of_a_number_of_the_worked_example(
    example: Screen, golden: Golden, form: str
) -> None:
    number = "+611800975707"
    assert example.simulate("--all", number, "--at", "2026-11-22", "--format", form) == 0
    ending = {"text": "txt", "markdown": "md", "json": "json"}[form]
    golden(f"simulate/every-call.{ending}", example.out)


def test_every_call_of_the_worked_example_ends_well(example: Screen) -> None:
    assert example.simulate("--all", "--at", "2026-11-22") == 0
    assert "none ends badly" in example.out
    assert "Every call ends" in example.out
    assert "more groups of hours" in example.out
    assert max(map(len, example.out.splitlines())) <= 80
    again = example.out
    assert example.simulate("--all", "--at", "2026-11-22") == 0
    assert example.out == again


def test_json_of_every_call_is_complete(example: Screen) -> None:
    found = example.json("--all", "--at", "2026-11-22")
    counted = [
        len(block["situations"]) * len(block["journeys"])
        for number in found["numbers"]
        for block in number["blocks"]
    ]
    assert sum(counted) == found["journeys"] == sum(found["ends"].values())
    assert [number["to"] for number in found["numbers"]] == sorted(
        number["to"] for number in found["numbers"]
    )
    assert len(found["numbers"]) == found["called"]
    assert found["every_call_ends"] is True


def test_the_hour_left_out_when_clocks_go_forward_is_refused(
    example: Screen, golden: Golden
) -> None:
    assert example.simulate(MAIN, "--at", "2026-10-04T02:30") == 1
    golden("simulate/clocks-go-forward.txt", example.err)
    assert example.out == ""


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00", "2026-02-30T10:00", "9999-12-31T23:59", "9999-12-31T23:59-11:00"]
)
def test_a_moment_that_is_in_no_calendar_is_refused(small: Screen, at: str) -> None:
    assert small.simulate("+61355501234", "--at", at) == 1
    assert small.err.startswith("CC806 ")
    assert f'"{at}"' in small.err


def test_an_offset_says_which_of_two_equal_hours_is_meant(example: Screen) -> None:
    found = example.json(MAIN, "--at", "2027-04-04T02:30+10:00")
    assert found["at"] == "2027-04-04T02:30:00+10:00"
    assert example.simulate(MAIN, "--at", "2027-04-04T02:30+10:00") == 0
    assert "Sun 4 Apr 2027, 02:30 +10:00" in example.out


@pytest.mark.parametrize(
    "written, meant",
    [
        ("+61255501234", "number/+61255501234"),
        ("61255501234", "number/+61255501234"),
        ("+61 2 5550 1234", "number/+61255501234"),
        ("(02) 5550 1234", "number/+61255501234"),
        ("number/+61255501234", "number/+61255501234"),
        ("2850", "ivr/main menu"),
        ("2810", "queue/sales"),
        ("2001", "extension/2001"),
        ("ivr/main", "ivr/main menu"),
        ("queues/sales", "queue/sales"),
        ("voicemail/2002", "extension/2002 voicemail"),
    ],
)
def test_who_is_called_can_be_written_as_people_do(small: Screen, written: str, meant: str) -> None:
    assert small.json(written, "--at", "2026-11-23T10:00")["to"] == meant
    assert small.json("--to", written, "--at", "2026-11-23T10:00")["to"] == meant


@pytest.mark.parametrize(
    "written, hint",
    [
        ("+6125550123", 'did you mean "+61255501234"?'),
        ("5550 1234", "several numbers end like that: +61255501234, +61355501234"),
        ("queue/sale", 'did you mean "queue/sales"?'),
        ("voicemail/2001", 'did you mean "voicemail/2002"?'),
        ("user/ana", "call a number, or one of these by kind/name"),
        ("ivr/", "numbers:"),
        ("nobody", "numbers:"),
    ],
)
def test_who_cannot_be_called_is_refused_with_what_may_be_meant(
    small: Screen, written: str, hint: str
) -> None:
    assert small.simulate(written) == 1
    assert "CC803" in small.err
    assert hint in small.err


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "no number is called"),
        (("+61255501234", "--to", "2850"), "two numbers are called"),
        (("2850", "--at", "tomorrow"), '"tomorrow" is no moment'),
        (("2850", "--at", "2026-12-25"), '"2026-12-25" is no moment'),
        (("2850", "--at", "2026-13-01T10:00"), 'there is no moment "2026-13-01T10:00"'),
        (("2850", "--at", "2026-12-25T10:00+99:00"), "there is no moment"),
        (("2850", "--at", "9999-12-31T23:59"), "is no moment from 2000 to 2099"),
        (("2850", "--keys", "1,a"), '"a" cannot be pressed'),
        (("2850", "--keys", "1" * 31), "cannot be pressed"),
        (("2850", "--from", "bob"), 'no call comes from "bob"'),
        (("--all", "--keys", "1"), "--all presses every key"),
        (("--all", "--from", "2001"), "--all presses every key"),
        (("--all", "--at", "soon"), '"soon" is no moment'),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(
    small: Screen, arguments: tuple[str, ...], said: str
) -> None:
    assert small.simulate(*arguments) == 1
    assert "CC806" in small.err
    assert said in small.err
    assert "hint:" in small.err
    assert small.out == ""


def test_a_tree_is_called_by_its_own_label(example: Screen) -> None:
    assert example.simulate("2850", "--at", ORDINARY) == 0
    assert example.out.startswith("A call to Main line (ivr/main)\n")
    assert example.simulate("2850", "--all") == 0
    assert example.out.startswith("Main line (ivr/main)")


def test_a_desired_state_that_is_wrong_is_not_called(small: Screen) -> None:
    path = small.folder / "desired_state" / "all.yaml"
    path.write_text(SMALL.replace("queue/help", "queue/hlep"), encoding="utf-8")
    assert small.simulate("2850") == 1
    assert "CC103" in small.err


def test_now_is_meant_where_no_moment_is_named(small: Screen) -> None:
    assert small.simulate("+61255501234", "--keys", "*") == 0
    assert "The call ends, as intended." in small.out


def test_a_caller_who_is_lost_exits_1(small: Screen) -> None:
    closed = ("--at", "2026-11-24T10:00")
    assert small.simulate("+61355501234", *closed) == 0
    assert "The call ends, as intended." in small.out
    path = small.folder / "desired_state" / "all.yaml"
    path.write_text(SMALL.replace("closed: hangup", "closed: extension/2003"), encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n")
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "queues:", '  "2003": {label: Empty, device: none}\nqueues:'
        ),
        encoding="utf-8",
    )
    assert small.simulate("+61355501234", *closed) == 1
    assert "The caller is cut off." in small.out
    assert "call_tests" not in small.out


def test_what_happens_without_an_answer_is_shown_from_where_it_differs(small: Screen) -> None:
    found = small.json("2850", "--keys", "1")
    assert found["call"]["end"] == "human"
    unanswered = found["if_nobody_answers"]
    assert unanswered["end"] == "message"
    assert unanswered["from_step"] == 1
    small.simulate("2850", "--keys", "1")
    after = small.out.partition("If nobody answers:")[2]
    assert "nobody answers for 3 min" in after
    assert "leaves a message for Post (voicemail/2002)" in after
    assert "presses 1" not in after


def test_keys_that_nothing_asks_for_and_questions_without_keys_are_said(small: Screen) -> None:
    small.simulate("2850", "--keys", "1,7,8")
    assert "Keys that nothing asked for: 7 and 8." in small.out
    small.simulate("2850", "--keys", "17")
    assert "Keys that nothing asked for: 7." in small.out
    small.simulate("2850")
    assert "No keys were left for ivr/main node menu" in small.out
    small.simulate("2850", "--keys", ",")
    assert "No keys were left" not in small.out
    assert "says nothing" in small.out


def test_wrong_keys_are_reported(small: Screen) -> None:
    small.simulate("2850", "--keys", "9,1")
    assert "presses 9, then 1" in small.out
    small.simulate("2850", "--keys", "9,9")
    assert "presses 9, then 9: wrong keys" in small.out
    small.simulate("2850", "--keys", "9")
    assert "presses 9, then says nothing" in small.out


def test_a_call_can_be_kept_as_a_call_test(small: Screen) -> None:
    assert small.simulate("+61255501234", "--at", ORDINARY, "--keys", "1", "--from", "2001") == 0
    snippet = re.search(r"write under call_tests:\n(.*)", small.out, re.DOTALL)
    assert snippet
    path = small.folder / "desired_state" / "tests.yaml"
    path.write_text(f"call_tests:\n{snippet[1]}", encoding="utf-8")
    assert small.run("validate", "--at", ORDINARY[:10]) in {0, 1}
    assert "tests.yaml" not in small.out


def test_every_call_tells_bad_ends_and_exits_1(small: Screen) -> None:
    assert small.simulate("--all", "--at", "2026-11-22") == 1
    assert "waits without end in Sales (queue/sales)" in small.out
    assert "No call goes round for ever" in small.out
    assert "2 are cut off" not in small.out
    found = small.json("--all", "--at", "2026-11-22")
    assert found["bad"] == found["ends"]["waits without end"] + found["ends"]["cut off"] > 0
    assert found["every_call_ends"] is False


def test_every_call_to_a_place_that_is_no_number(small: Screen) -> None:
    assert small.simulate("ivr/main", "--all") == 0
    assert "press 1 → Help (queue/help)" in small.out
    assert "silence or a wrong key → message for Post (voicemail/2002)" in small.out
    assert "at any time" in small.out


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_of_many_numbers_those_that_end_badly_are_shown_first(small: Screen, form: str) -> None:
    good = "".join(f'  "+612555{n:05}": {{to: hangup}}\n' for n in range(60))
    path = small.folder / "desired_state" / "many.yaml"
    path.write_text(f"numbers:\n{good}", encoding="utf-8")
    assert small.simulate("--all", "--format", form) == 1
    assert "23 more numbers" in small.out
    for bad in ("Waiting (+61355501234)", "Lost (+61755501235)"):
        assert bad in small.out
    found = small.json("--all")
    assert len(found["numbers"]) == found["called"] == 63


def test_a_centre_without_numbers_has_no_calls(small: Screen) -> None:
    path = small.folder / "desired_state" / "all.yaml"
    path.write_text(SMALL.partition("numbers:")[0], encoding="utf-8")
    assert small.simulate("--all") == 0
    assert "0 journeys to 0 numbers" in small.out
    assert small.json("--all")["numbers"] == []
    assert small.simulate() == 1
    assert "declare a number" in small.err


def test_live_calls_the_platform_as_it_is(small: Screen) -> None:
    assert small.simulate("2850", "--live", "--keys", "1") == 1
    assert "CC803" in small.err
    assert small.run("plan") == 0
    assert small.run("apply") == 0
    platform = connect({"path": ".ccstate/demo.db"}, small.folder)
    help_queue = Address("queue", "help")
    live = dict(platform.observe(["queue"]).objects[help_queue])
    platform.by_hand(help_queue, {**live, "members": []})
    arguments = ("2850", "--keys", "1", "--format", "json")
    assert small.simulate(*arguments, "--live") == 0
    assert orjson.loads(small.out)["call"]["end"] == "message"
    assert small.simulate(*arguments) == 0
    assert orjson.loads(small.out)["call"]["end"] == "human"


def test_no_label_reaches_the_terminal_as_a_command(small: Screen) -> None:
    path = small.folder / "desired_state" / "all.yaml"
    hostile = SMALL.replace("label: Help", 'label: "Help\\u202e`<b>"')
    path.write_text(hostile, encoding="utf-8")
    for form in ("text", "markdown"):
        assert small.simulate("2850", "--keys", "1", "--format", form) == 0
        assert "\u202e" not in small.out
        assert small.simulate("ivr/main", "--all", "--format", form) == 0
        assert "\u202e" not in small.out
    assert "`` message" not in small.out


CALLERS = """\
caller_lists:
  vip: {numbers: ["+61491570006"], prefixes: ["+6139"]}
  private: {withheld: true}
numbers:
  "+61255501299":
    callers: [{list: vip, to: extension/2001}, {list: private, to: voicemail/2002}]
    to: hangup
"""


@pytest.mark.parametrize(
    "caller, end",
    [
        ("+61491570006", "extension/2001"),
        ("0491 570 006", "extension/2001"),
        ("03 9555 0123", "extension/2001"),
        ("withheld", "voicemail/2002"),
        ("+61491570156", "hangup"),
    ],
)
def test_a_caller_is_known_in_any_spelling(small: Screen, caller: str, end: str) -> None:
    (small.folder / "desired_state" / "callers.yaml").write_text(CALLERS, encoding="utf-8")
    found = small.json("+61255501299", "--at", ORDINARY, "--from", caller)
    assert found["call"]["where"] == end


def test_every_class_of_callers_is_called(small: Screen) -> None:
    (small.folder / "desired_state" / "callers.yaml").write_text(CALLERS, encoding="utf-8")
    found = small.json("+61255501299", "--all", "--at", "2026-11-24")
    counted = {
        situation["moments"][0]["caller"]: block["journeys"][0]["where"]
        for block in found["numbers"][0]["blocks"]
        for situation in block["situations"]
    }
    assert counted == {"": "hangup", "+61491570006": "extension/2001", "withheld": "voicemail/2002"}


OUTSIDE = """\
sites:
  perth: {timezone: Australia/Perth, emergency_callback: "+61855501000"}
extensions:
  "2001":
    label: A very long name that was given to the phone at the front desk
    site: perth
  "2002": {site: perth, forward: {always: "+61491570006"}}
trunks:
  carrier: {host: carrier.example, caller_id: "+61855501001"}
outbound_routes:
  help: {patterns: ["000"], trunks: [carrier], emergency: true}
  mobiles: {patterns: ["04XXXXXXXX"], trunks: [carrier], permission: mobile}
"""


@pytest.fixture
def outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Screen:
    (tmp_path / "ccstate.yaml").write_text(PROJECT)
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state/all.yaml").write_text(OUTSIDE)
    return Screen(tmp_path, capsys)


def test_an_emergency_call_of_a_phone_says_what_is_shown(outside: Screen) -> None:
    assert outside.simulate("000", "--from", "2001", "--at", ORDINARY) == 0, outside.err
    assert "The caller reaches 000." in outside.out
    assert "+61855501000 (site.emergency_callback)" in " ".join(outside.out.split())
    assert all(len(line) <= 80 for line in outside.out.splitlines())
    (leg,) = outside.json("000", "--from", "2001")["outside"]
    assert (leg["trunk"], leg["shown_number"]) == ("carrier", "+61855501000")
    assert outside.simulate("000", "--from", "2001", "--format", "markdown") == 0
    assert "site.emergency_callback" in outside.out


def test_a_forwarded_call_says_what_is_shown_outside(outside: Screen) -> None:
    assert outside.simulate("2002", "--from", "+61255504444") == 0, outside.err
    assert (
        "+61491570006 is shown:\n  by trunk/carrier: +61855501001 (trunk.caller_id)" in outside.out
    )


def test_a_phone_without_a_permission_is_named_the_one_it_lacks(outside: Screen) -> None:
    assert outside.simulate("0491570006", "--from", "2001") == 1
    said = " ".join(outside.out.split())
    assert "asks for the permission mobile, which extension/2001 does not have" in said
    assert "is shown" not in said


def test_what_no_route_takes_no_caller_reaches(outside: Screen) -> None:
    assert outside.simulate("0255501234", "--from", "2001") == 1
    assert "CC803" in outside.err
