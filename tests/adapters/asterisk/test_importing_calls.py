"""What callers meet in a hand-written dialplan is what the imported objects say, or it is listed."""

from dataclasses import replace
from typing import Any

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import QUEUES, WORDS, estate, fields, imported, kinds, listed

NUMBER = "+61255501000"
INBOUND = f"[inbound]\nexten => {NUMBER},1,Answer()\n same => n,"


EMBEDDED = Setting(timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)
"""For a platform that can hold everything."""


def reached(found: Imported, number: str = NUMBER) -> Any:
    """Where the number leads: an address, or the nodes of a tree, by name."""
    to = str(fields(found, f"number/{number}")["to"])
    return fields(found, to) if to.startswith("ivr/") else to


def start(found: Imported, number: str = NUMBER) -> Any:
    """The node of the number's tree in which calls begin."""
    tree = reached(found, number)
    return tree["nodes"][tree["start"]]


def lines(found: Imported, text: str) -> list[str]:
    """The reasons that are listed for a line."""
    return [reason for u in found.unexpressed if text in u.text for reason in u.reasons]


# Silence and wrong keys

MENU = """\
[inbound]
exten => +61255501000,1,Goto(menu,s,1)
[menu]
exten => s,1,Answer()
 same => n,Background(menu)
 same => n,WaitExten(10)
exten => 1,1,Queue(help)
"""


def silence(menu: str) -> Any:
    return start(imported(estate(menu)))["on_timeout"]


def test_after_the_wait_for_a_key_the_next_step_runs_and_t_does_not() -> None:
    menu = MENU.replace("WaitExten(10)\n", "WaitExten(10)\n same => n,Hangup()\n")
    found = imported(estate(menu + "exten => t,1,Goto(s,1)\n"))
    assert start(found)["on_timeout"] == "hangup"
    assert lines(found, "t,1,Goto(s,1)") == ["nothing that became an object leads to t of [menu]"]


def test_without_a_next_step_t_takes_callers_who_press_nothing() -> None:
    assert silence(MENU + "exten => t,1,Goto(phones,2001,1)\n") == "extension/2001"


def test_without_t_e_takes_them() -> None:
    assert silence(MENU + "exten => e,1,Goto(phones,2001,1)\n") == "extension/2001"


def test_without_either_the_call_ends() -> None:
    assert silence(MENU) == "hangup"


@pytest.mark.parametrize(
    "steps, seconds",
    [
        ("WaitExten(7)", "7s"),
        ("WaitExten()", "10s"),
        ("WaitExten(0)", "10s"),
        ("Set(TIMEOUT(response)=4)\n same => n,WaitExten()", "4s"),
        ("Set(TIMEOUT(digit)=2)\n same => n,WaitExten()", "10s"),
        ("WaitExten(5,m(jazz))", "5s"),
    ],
)
def test_how_long_a_menu_waits(steps: str, seconds: str) -> None:
    found = imported(estate(MENU.replace("WaitExten(10)", steps)))
    assert start(found)["timeout"] == seconds


def test_keys_that_count_while_a_recording_plays_only_are_reported() -> None:
    found = imported(estate(MENU.replace("WaitExten(10)", "Hangup()")))
    assert start(found)["choices"] == {"1": "queue/help"}
    assert start(found)["on_timeout"] == "hangup"
    assert any("keys count while the recording plays" in r for r in lines(found, "Background"))


def test_a_second_menu_behind_the_first_is_a_node_of_the_same_tree() -> None:
    again = "WaitExten(10)\n same => n,Background(welcome)\n same => n,WaitExten(3)"
    found = imported(estate(MENU.replace("WaitExten(10)", again)))
    tree = reached(found)
    assert tree["nodes"]["top"]["on_timeout"] == "top-2"
    assert tree["nodes"]["top-2"]["timeout"] == "3s"
    assert tree["nodes"]["top-2"]["on_timeout"] == "hangup"


def test_a_menu_that_counts_how_often_it_was_heard_ends_after_that() -> None:
    counted = """\
[inbound]
exten => +61255501000,1,Goto(menu,s,1)
[menu]
exten => s,1,Set(TRIES=0)
 same => n(again),Set(TRIES=$[${TRIES} + 1])
 same => n,GotoIf($[${TRIES} > 2]?gone)
 same => n,Background(menu)
 same => n,WaitExten(5)
 same => n,Goto(again)
 same => n(gone),Goto(phones,2001,1)
exten => 1,1,Queue(help)
"""
    nodes = reached(imported(estate(counted)))["nodes"]
    assert nodes["top"]["on_timeout"] == "top-2"
    assert nodes["top-2"]["on_timeout"] == "extension/2001"


def test_a_recording_that_cannot_be_interrupted_before_a_wait_for_keys_is_reported() -> None:
    found = imported(estate(MENU.replace("Background(menu)", "Playback(menu)")))
    assert start(found)["choices"] == {"1": "queue/help"}
    assert any("keys count once the recording is over" in r for r in lines(found, "Playback"))


# Keys that Read() takes

READ = """\
[inbound]
exten => +61255501000,1,Answer()
 same => n,Read(KEY,menu,1,,1,6)
 same => n,GotoIf($["${KEY}" = "1"]?help)
 same => n,GotoIf($["${KEY}" = "2"]?phones,2001,1)
 same => n,GotoIf($["${KEY}" = ""]?phones,2002,1)
 same => n,Hangup()
 same => n(help),Queue(help)
"""


def test_a_menu_of_read_and_goto_if() -> None:
    assert start(imported(estate(READ))) == {
        "type": "menu",
        "prompt": "menu",
        "choices": {"1": "queue/help", "2": "extension/2001", "#": "extension/2002"},
        "timeout": "6s",
        "retries": 0,
        "on_timeout": "extension/2002",
        "on_invalid": "hangup",
    }


def test_each_attempt_of_read_is_a_menu_and_a_wrong_key_ends_them() -> None:
    nodes = reached(imported(estate(READ.replace("menu,1,,1,6", "menu,1,,3,6"))))["nodes"]
    assert nodes["top"]["retries"] == 0
    second = nodes[nodes["top"]["on_timeout"]]
    third = nodes[second["on_timeout"]]
    assert third["on_timeout"] == "extension/2002"
    assert {node["on_invalid"] for node in (nodes["top"], second, third)} == {"hangup"}
    # Nothing but a # is as good as silence: app_read.c of Asterisk 22.
    assert all(n["choices"]["#"] == n["on_timeout"] for n in (nodes["top"], second, third))


def test_a_menu_of_read_and_an_extension_for_each_key() -> None:
    text = INBOUND + (
        "Read(KEY,menu,1)\n same => n,Goto(choice-${KEY},1)\n"
        "exten => choice-1,1,Queue(help)\nexten => _choice-.,1,Goto(phones,2001,1)\n"
    )
    node = start(imported(estate(text)))
    assert node["choices"]["1"] == "queue/help"
    assert node["on_invalid"] == "extension/2001"
    assert node["timeout"] == "10s"


def test_a_menu_of_read_that_asks_again() -> None:
    again = READ.replace("Hangup()", f"Playback(closed)\n same => n,Goto({NUMBER},1)")
    tree = reached(imported(estate(again)))
    top = tree["nodes"]["top"]
    assert top["choices"]["1"] == "queue/help"
    assert tree["nodes"][top["on_invalid"]] == {"type": "play", "prompt": "closed", "then": "top"}


# Digits that Read() takes


def test_digits_that_steps_compare_are_choices_and_all_others_go_on() -> None:
    text = INBOUND + (
        "Read(CODE,menu,6,,3,7)\n"
        ' same => n,GotoIf($["${CODE}" = "1234" | "${CODE}" = "77"]?help)\n'
        ' same => n,GotoIf($["${CODE}" != "555555"]?closed)\n'
        " same => n,Goto(phones,2001,1)\n same => n(help),Queue(help)\n same => n,Hangup()\n"
        " same => n(closed),Playback(closed)\n same => n,Hangup()\n"
    )
    node = start(imported(estate(text)))
    assert node == {
        "type": "collect",
        "prompt": "menu",
        "save_as": "code",
        "max_digits": 6,
        "timeout": "7s",
        "retries": 2,
        "choices": {"1234": "queue/help", "77": "queue/help", "555555": "extension/2001"},
        "then": "closed",
        "on_timeout": "closed",
    }


@pytest.mark.parametrize(
    "steps, why",
    [
        ("Goto(phones,${CODE},1)", "depends on what happens"),
        ("Dial(PJSIP/${CODE},20)", "is no phone of this server"),
        ("GotoIf($[${CODE} > 5]?phones,2001,1)\n same => n,Queue(help)", "more than whole numbers"),
        ("GotoIf($[${LEN(${CODE})} = 4]?phones,2001,1)\n same => n,Queue(help)", "more than whole"),
        ("Set(PART=${CODE:1})\n same => n,GotoIf($[${PART} = 1]?phones,2001,1)", "more than whole"),
    ],
)
def test_digits_of_which_more_is_asked_than_whether_they_are_a_number_are_listed(
    steps: str, why: str
) -> None:
    found = imported(estate(INBOUND + f"Read(CODE,menu,4)\n same => n,{steps}\n"))
    assert any(why in reason for reason in lines(found, "Read(CODE")), lines(found, "Read(CODE")
    assert not any(address.kind == "ivr" for address in found.objects)


def test_digits_that_are_compared_behind_another_question_are_listed() -> None:
    text = INBOUND + (
        "Read(CODE,menu,4)\n same => n,Read(MORE,closed,1)\n"
        ' same => n,GotoIf($["${MORE}" = "2"]?phones,2002,1)\n'
        ' same => n,GotoIf($["${MORE}" = "1" & "${CODE}" = "1234"]?phones,2001,1)\n'
        " same => n,Queue(help)\n"
    )
    found = imported(estate(text))
    assert any("behind another question" in reason for reason in lines(found, "Read(CODE"))


# Conditions


def test_callers_whom_the_dialplan_tells_apart_are_listed() -> None:
    text = INBOUND + (
        'GotoIf($["${CALLERID(num)}" = "0400000000"]?vip)\n same => n,Queue(help)\n'
        " same => n,Hangup()\n same => n(vip),Dial(PJSIP/2002,99)\n"
    )
    found = imported(estate(text))
    assert reached(found) == "queue/help"
    told = "calls from 0400000000 go another way here, and no object says so"
    assert lines(found, "GotoIf") == [f"differs: {told}"]
    assert lines(found, "Dial(PJSIP/2002,99)") == [told]


BLOCKED = INBOUND + (
    'GotoIf($["${CALLERID(num)}" = "0400000000"]?vip)\n'
    ' same => n,GotoIf($["${CALLERID(num)}" = "0400000001" | "${CALLERID(num)}" = ""]?gone)\n'
    " same => n,Queue(help)\n same => n,Hangup()\n"
    " same => n(vip),Goto(phones,2001,1)\n same => n(gone),Hangup()\n"
)


def test_callers_whom_the_dialplan_tells_apart_are_in_lists() -> None:
    setting = replace(EMBEDDED, prefix="+61")
    found = imported(estate(BLOCKED), setting)
    tree = reached(found)
    first = tree["nodes"][tree["start"]]
    (vips,) = first["callers"]
    assert vips["to"] == "extension/2001"
    assert fields(found, f"caller_list/{vips['list']}") == {"numbers": ["+61400000000"]}
    second = tree["nodes"][first["others"]]
    (gone,) = second["callers"]
    assert (gone["to"], second["others"]) == ("hangup", "queue/help")
    blocked = {"numbers": ["+61400000001"], "withheld": True}
    assert fields(found, f"caller_list/{gone['list']}") == blocked
    assert not [line for line in listed(found) if "GotoIf" in line]


@pytest.mark.parametrize(
    "written, form",
    [
        ("0400000000", {"inbound_number_format": "national", "country": "AU"}),
        ("61400000000", {"inbound_number_format": "international"}),
        ("+61400000000", {}),
    ],
)
def test_callers_of_a_list_arrive_as_the_dialplan_compares_them(
    written: str, form: dict[str, str]
) -> None:
    text = INBOUND + f'GotoIf($["${{CALLERID(num)}}" = "{written}"]?phones,2001,1)\n'
    found = imported(estate(f"{text} same => n,Queue(help)\n"), replace(EMBEDDED, prefix="+61"))
    trunk = fields(found, "trunk/line")
    assert {k: v for k, v in trunk.items() if k in ("inbound_number_format", "country")} == form


def test_callers_whose_numbers_are_written_in_two_forms_are_reported() -> None:
    text = INBOUND + (
        'GotoIf($["${CALLERID(num)}" = "0400000000"]?phones,2001,1)\n'
        ' same => n,GotoIf($["${CALLERID(num)}" = "61400000001"]?phones,2001,1)\n'
        " same => n,Queue(help)\n"
    )
    found = imported(estate(text), replace(EMBEDDED, prefix="+61"))
    assert "inbound_number_format" not in fields(found, "trunk/line")
    told = " ".join(lines(found, "GotoIf"))
    assert "compared with 0400000000 here; the list has +61400000000" in told


def test_a_caller_inside_is_in_no_list() -> None:
    text = BLOCKED.replace("0400000000", "2002")
    found = imported(estate(text), replace(EMBEDDED, prefix="+61"))
    assert any("calls from 2002 go another way" in line for line in listed(found))


def test_callers_who_meet_the_same_are_not_listed() -> None:
    text = INBOUND + (
        'ExecIf($["${CALLERID(num)}" = "0400000000"]?NoOp(vip))\n same => n,Queue(help)\n'
    )
    found = imported(estate(text))
    assert reached(found) == "queue/help"
    assert not any("another way" in line for line in listed(found))


SWITCH = (
    INBOUND
    + """\
GotoIf($["${NIGHT}" = "1"]?night)
 same => n,Queue(help)
 same => n,Hangup()
 same => n(night),Dial(PJSIP/2002,99)
[phones]
exten => *28,1,Set(GLOBAL(NIGHT)=1)
exten => *29,1,Set(GLOBAL(NIGHT)=0)
[globals]
NIGHT=0
"""
)


@pytest.mark.parametrize(
    "text, name",
    [
        (SWITCH, "GLOBAL(NIGHT)"),
        (SWITCH.replace("${NIGHT}", "${GLOBAL(NIGHT)}"), "GLOBAL(NIGHT)"),
        (
            SWITCH.replace("${NIGHT}", "${DB(mode/night)}").replace(
                "GLOBAL(NIGHT)=", "DB(mode/night)="
            ),
            "DB(mode/night)",
        ),
        (SWITCH.replace("=1)", "=$[1 - ${NIGHT}])"), "GLOBAL(NIGHT)"),
    ],
)
def test_a_switch_that_people_change_is_no_constant(text: str, name: str) -> None:
    found = imported(estate(text))
    assert reached(found) == "queue/help"
    (told,) = lines(found, "GotoIf")
    assert told.startswith(f"differs: {name} decides where callers go from here, and extensions")
    assert lines(found, "Dial(PJSIP/2002,99)") == [
        f"callers come here by {name}, and no object says so"
    ]


@pytest.mark.parametrize(
    "text, name",
    [
        (SWITCH, "night"),
        (SWITCH.replace("=1)", "=$[1 - ${NIGHT}])"), "night"),
        (SWITCH.replace('= "1"', '!= "0"'), "night"),
        (
            SWITCH.replace("${NIGHT}", "${DB(mode/night)}").replace(
                "GLOBAL(NIGHT)=", "DB(mode/night)="
            ),
            "mode-night",
        ),
    ],
)
def test_a_switch_that_people_change_is_a_switch(text: str, name: str) -> None:
    found = imported(estate(text), EMBEDDED)
    assert fields(found, f"switch/{name}") == {"default": "off"}
    tree = reached(found)
    node = tree["nodes"][tree["start"]]
    assert (node["type"], node["switch"], node["off"]) == ("switch", name, "queue/help")
    assert tree["nodes"][node["on"]]["extension"] == "2002"
    assert not lines(found, "GotoIf")
    assert not lines(found, "NIGHT=0")


def test_a_switch_of_three_positions_is_reported() -> None:
    text = SWITCH.replace(
        "same => n,Queue(help)",
        'same => n,GotoIf($["${NIGHT}" = "2"]?phones,2001,1)\n same => n,Queue(help)',
    ).replace("exten => *29,1,Set(GLOBAL(NIGHT)=0)", "exten => *29,1,Set(GLOBAL(NIGHT)=2)")
    found = imported(estate(text), EMBEDDED)
    assert "switch" not in kinds(found)
    assert reached(found) == "queue/help"
    assert any("never as with 1 or 2" in reason for reason in lines(found, "GotoIf"))


def test_what_no_one_changes_is_a_constant() -> None:
    found = imported(estate(SWITCH.replace("Set(GLOBAL(NIGHT)=", "NoOp(")))
    assert reached(found) == "queue/help"
    assert not lines(found, "NIGHT=0")


def test_a_condition_that_nothing_decides_is_listed() -> None:
    found = imported(estate(INBOUND + "GotoIf($[${RAND(1,9)} > 4]?phones,2001,1:phones,2002,1)"))
    assert "number" not in kinds(found)
    assert lines(found, "GotoIf")


# What becomes of rings and waits


def test_a_phone_that_rings_in_a_menu_and_then_a_mailbox() -> None:
    menu = MENU + "exten => 2,1,Dial(PJSIP/2002,9)\n same => n,VoiceMail(2001@box,u)\n"
    tree = reached(imported(estate(menu)))
    node = tree["nodes"][tree["nodes"]["top"]["choices"]["2"]]
    assert node == {
        "type": "dial",
        "extension": "2002",
        "ring_for": "9s",
        "on_no_answer": "voicemail/2001",
    }


def test_phones_that_ring_one_after_the_other() -> None:
    hunt = "Dial(PJSIP/2001,10)\n same => n,Dial(PJSIP/2002,11)\n same => n,Queue(help)\n"
    found = imported(estate(INBOUND + hunt))
    first = start(found)
    second = reached(found)["nodes"][first["on_no_answer"]]
    assert (first["extension"], first["ring_for"]) == ("2001", "10s")
    assert (second["extension"], second["ring_for"]) == ("2002", "11s")
    assert second["on_no_answer"] == "queue/help"


def test_ten_phones_in_a_row_are_followed() -> None:
    hunt = "\n same => n,".join(f"Dial(PJSIP/200{n % 2 + 1},{n + 5})" for n in range(10))
    assert len(reached(imported(estate(INBOUND + hunt)))["nodes"]) == 10


@pytest.mark.parametrize(
    "branch",
    [
        'GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)\n same => n,Hangup()\n',
        (
            "Goto(s-${DIALSTATUS},1)\nexten => _s-.,1,Hangup()\nexten => s-BUSY,1,Goto(inbound,"
            f"{NUMBER},busy)\nexten => {NUMBER},50,Hangup()\n"
        ),
    ],
)
def test_a_busy_phone_that_leads_elsewhere_is_reported(branch: str) -> None:
    text = f"{INBOUND}Dial(PJSIP/2002,9)\n same => n,{branch}"
    text += f"exten => {NUMBER},60(busy),Queue(help)\n"
    found = imported(estate(text))
    assert start(found) == {"type": "dial", "extension": "2002", "ring_for": "9s"}
    assert any("where the phone is busy callers" in line for line in listed(found))


def test_a_forward_to_an_outside_number() -> None:
    found = imported(
        estate(INBOUND + "Dial(PJSIP/0255502000@line,30)\n same => n,Queue(help)"),
        Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS),
    )
    assert start(found) == {
        "type": "dial",
        "number": "+61255502000",
        "ring_for": "30s",
        "on_no_answer": "queue/help",
    }
    assert any("is sent to the carrier as +61255502000" in line for line in listed(found))


def test_a_full_queue_an_empty_one_and_a_wait_that_is_too_long() -> None:
    text = INBOUND + (
        "Queue(help,,,,60)\n"
        ' same => n,GotoIf($["${QUEUESTATUS}" = "FULL"]?phones,2001,1)\n'
        ' same => n,GotoIf($["${QUEUESTATUS}" = "JOINEMPTY"]?phones,2002,1)\n'
        ' same => n,GotoIf($["${QUEUESTATUS}" = "LEAVEEMPTY"]?phones,2002,1)\n'
        " same => n,VoiceMail(2001@box,u)\n"
    )
    empty = "joinempty=unavailable,invalid,unknown\nleavewhenempty=unavailable,invalid,unknown\n"
    found = imported(estate(text, queues=QUEUES + empty))
    assert fields(found, "queue/help")["overflow"] == {
        "after": "1m",
        "to": "voicemail/2001",
        "full": "extension/2001",
        "empty": "extension/2002",
    }
    assert not [line for line in listed(found) if "empty" in line]


def test_callers_stay_in_a_queue_that_lets_them_in_when_it_is_empty() -> None:
    found = imported(estate(INBOUND + "Queue(help,,,,60)\n same => n,Goto(phones,2001,1)"))
    assert "empty" not in fields(found, "queue/help")["overflow"]  # type: ignore[operator]  # fields


def test_a_queue_that_counts_as_empty_otherwise_is_reported() -> None:
    found = imported(estate(INBOUND + "Queue(help)", queues=QUEUES + "joinempty=strict\n"))
    assert any("where no member is logged in" in line for line in listed(found))


# Includes that count at some hours

HOURS = """\
[inbound]
include => day,9:00-16:59,mon-fri,*,*
include => night
[day]
exten => +61255501000,1,Queue(help)
[night]
exten => +61255501000,1,Goto(phones,2001,1)
"""


def test_an_include_with_hours_is_a_schedule() -> None:
    found = imported(estate(HOURS))
    node = start(found)
    assert (node["type"], node["open"], node["closed"]) == ("hours", "queue/help", "extension/2001")
    weekly = fields(found, f"schedule/{node['schedule']}")["weekly"]
    assert weekly == {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    assert not lines(found, "include")


def test_outside_of_its_hours_nothing_of_an_include_is_there() -> None:
    found = imported(estate(HOURS.replace("include => night\n", "")))
    node = start(found)
    assert (node["open"], node["closed"]) == ("queue/help", "hangup")


def test_an_extension_before_an_include_with_hours_counts_always() -> None:
    first = HOURS.replace("[day]", f"exten => {NUMBER},1,Goto(phones,2002,1)\n[day]")
    assert reached(imported(estate(first))) == "extension/2002"


def test_keys_of_a_menu_that_count_at_some_hours() -> None:
    menu = MENU + "include => day,9:00-16:59,mon-fri,*,*\n[day]\nexten => 2,1,Goto(phones,2001,1)\n"
    tree = reached(imported(estate(menu)))
    node = tree["nodes"][tree["nodes"]["top"]["choices"]["2"]]
    assert (node["type"], node["open"]) == ("hours", "extension/2001")


# Subroutines

STANDARD = """\
[standard]
exten => s,1,Set(LOCAL(seconds)=${ARG2})
 same => n,Dial(PJSIP/${ARG1},${seconds})
 same => n,GotoIf($["${ARG3}" != ""]?mail)
 same => n,Return()
 same => n(mail),VoiceMail(${ARG3},u)
 same => n,Hangup()
"""


def test_a_subroutine_is_followed_with_its_arguments() -> None:
    text = f"{STANDARD}{INBOUND}Gosub(standard,s,1(2002,9,2001@box))\n"
    assert start(imported(estate(text))) == {
        "type": "dial",
        "extension": "2002",
        "ring_for": "9s",
        "on_no_answer": "voicemail/2001",
    }


def test_a_subroutine_returns_to_the_step_behind_its_call() -> None:
    text = f"{STANDARD}{INBOUND}Gosub(standard,s,1(2002,9))\n same => n,Queue(help)\n"
    node = start(imported(estate(text)))
    assert (node["extension"], node["on_no_answer"]) == ("2002", "queue/help")


def test_what_a_subroutine_returns_can_decide() -> None:
    text = (
        "[mode]\nexten => s,1,Return(night)\n"
        f"{INBOUND}Gosub(mode,s,1)\n"
        ' same => n,GotoIf($["${GOSUB_RETVAL}" = "night"]?phones,2001,1:phones,2002,1)\n'
    )
    assert reached(imported(estate(text))) == "extension/2001"


def test_arguments_end_with_the_subroutine() -> None:
    text = (
        "[sub]\nexten => s,1,Return()\n"
        f"{INBOUND}Gosub(sub,s,1(2001))\n same => n,Goto(phones,200${{ARG1}}2,1)\n"
    )
    assert reached(imported(estate(text))) == "extension/2002"


def test_a_macro_is_followed_with_its_arguments() -> None:
    text = (
        "[macro-ring]\nexten => s,1,Dial(PJSIP/${ARG1},${ARG2})\n"
        f"{INBOUND}Macro(ring,2002,9)\n same => n,Goto(phones,2001,1)\n"
    )
    node = start(imported(estate(text)))
    assert (node["extension"], node["ring_for"]) == ("2002", "9s")
    assert node["on_no_answer"] == "extension/2001"


def test_the_extension_that_called_a_macro_is_known_in_it() -> None:
    text = (
        "[macro-on]\nexten => s,1,Goto(phones,200${MACRO_EXTEN:-1},1)\n"
        "[inbound]\nexten => +61255501002,1,Macro(on)\n"
    )
    assert reached(imported(estate(text)), "+61255501002") == "extension/2002"


def test_a_subroutine_that_is_not_there_ends_the_call() -> None:
    found = imported(estate(f"{INBOUND}Gosub(none,s,1)\n same => n,Queue(help)\n"))
    assert reached(found) == "hangup"
    assert lines(found, "Gosub") == ["there is no none,s,1 to call, so the call ends here"]


def test_a_subroutine_that_calls_itself_is_listed() -> None:
    found = imported(
        estate(f"[sub]\nexten => s,1,Gosub(sub,s,1(x${{ARG1}}))\n{INBOUND}Gosub(sub,s,1)")
    )
    assert "number" not in kinds(found)
    assert any("without end" in line or "goes round" in line for line in listed(found))


# Inside


def test_a_number_that_leads_to_a_mailbox_has_a_tree() -> None:
    found = imported(estate("exten => 320,1,VoiceMail(2001@box,u)\n same => n,Hangup()\n"))
    (tree,) = kinds(found)["ivr"]
    assert fields(found, f"ivr/{tree}") == {
        "extension": "320",
        "start": "top",
        "nodes": {"top": {"type": "goto", "to": "voicemail/2001"}},
    }
    place = next(u for u in found.taken if any("ivr/" in by for by in found.taken[u]))
    assert found.taken[place] == (f"ivr/{tree}",)


def test_a_number_that_only_ends_the_call_has_a_tree_and_its_cause_is_reported() -> None:
    found = imported(estate("exten => 312,1,Hangup(17)\n"))
    (tree,) = kinds(found)["ivr"]
    assert fields(found, f"ivr/{tree}")["nodes"] == {"top": {"type": "hangup"}}
    assert lines(found, "Hangup(17)") == ["differs: with ccstate the call ends without cause 17"]


def test_a_number_that_only_leads_to_another_has_a_tree() -> None:
    found = imported(estate("exten => 321,1,Goto(2001,1)\n"))
    (tree,) = kinds(found)["ivr"]
    assert fields(found, f"ivr/{tree}")["nodes"] == {
        "top": {"type": "goto", "to": "extension/2001"}
    }
    assert "number" not in fields(found, "extension/2001")
    assert not lines(found, "321")
    assert not lines(found, "Dial(PJSIP/2001")


def test_an_alias_that_stands_first_takes_nothing_from_the_phone() -> None:
    text = estate()
    text["extensions.conf"] = "[phones]\nexten => 199,1,Goto(2001,1)\n" + text["extensions.conf"]
    found = imported(text)
    assert "number" not in fields(found, "extension/2001")
    assert len(kinds(found)["ivr"]) == 1


def test_two_numbers_of_one_queue() -> None:
    found = imported(estate("exten => 601,1,Queue(help)\nexten => 602,1,Goto(601,1)\n"))
    assert fields(found, "queue/help")["extension"] == "601"
    (tree,) = kinds(found)["ivr"]
    assert fields(found, f"ivr/{tree}")["nodes"] == {"top": {"type": "goto", "to": "queue/help"}}


# Queues

ANNOUNCED = """\
announce-frequency=45
announce-position=yes
announce-holdtime=no
periodic-announce=welcome
periodic-announce-frequency=90
"""


def test_what_waiting_callers_hear() -> None:
    found = imported(estate(queues=QUEUES + ANNOUNCED))
    assert fields(found, "queue/help")["announcements"] == {
        "position": True,
        "every": "45s",
        "periodic": "welcome",
        "periodic_every": "1m30s",
    }
    assert not any("no field of a queue" in line for line in listed(found))


def test_without_a_frequency_waiting_callers_hear_nothing() -> None:
    found = imported(estate(queues=QUEUES + "announce-position=yes\nperiodic-announce=welcome\n"))
    assert "announcements" not in fields(found, "queue/help")


def test_position_and_wait_are_announced_unless_an_option_says_otherwise() -> None:
    found = imported(estate(queues=QUEUES + "announce-frequency=30\n"))
    told = {"position": True, "wait_time": True, "every": "30s"}
    assert fields(found, "queue/help")["announcements"] == told


@pytest.mark.parametrize("value", ["limit", "more"])
def test_a_position_that_some_callers_hear_is_reported(value: str) -> None:
    queue = f"{QUEUES}announce-frequency=30\nannounce-position={value}\n"
    found = imported(estate(queues=queue))
    assert any("ccstate announces it to every caller" in line for line in listed(found))


def test_members_in_turn_are_no_members_all_at_once() -> None:
    queue = QUEUES.replace("leastrecent", "rrordered")
    found = imported(estate(queues=queue))
    assert fields(found, "queue/help")["strategy"] == "round_robin"
    assert any("in an order of its own" in line for line in listed(found))
