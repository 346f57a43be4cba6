"""What each place does with a call, by example."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ccstate.journeys.enumeration import journeys, loops
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Phase, Position
from ccstate.journeys.moments import Phases, Year
from ccstate.journeys.walk import Answering, Journey, walk
from ccstate.journeys.ways import Event, Listed, Place
from ccstate.model import Address
from tests.journeys.strategies_journeys import Plain, centre

NUMBER = "+61255500000"
START = Place("number", NUMBER)
OPEN, CLOSED, HOLIDAY = ({"day": phase} for phase in (Phase.OPEN, Phase.CLOSED, Phase.HOLIDAY))
HELLO = {"languages": {"en-AU": {"text": "Good day and welcome to us"}}}  # six words: 3 s
PHONE = {"10": {"ring_for": "20s"}}


def estate(to: str, **objects: dict[str, dict[str, Any]]) -> Plain:
    """One number that leads somewhere, a phone, a prompt of 3 s, and more objects by kind."""
    return {
        "number": {NUMBER: {"to": to}},
        "extension": PHONE,
        "prompt": {"hello": HELLO},
        **objects,
    }


def tree(**nodes: dict[str, Any]) -> Plain:
    """A number that leads to a tree, whose first node is where calls enter."""
    return estate("ivr/main", ivr={"main": {"start": next(iter(nodes)), "nodes": nodes}})


def call(
    plain: Plain,
    *keys: str,
    phases: Phases = OPEN,
    answering: Answering = Answering.ALWAYS,
    outcomes: tuple[Event, ...] = (),
) -> Journey:
    return walk(Flow(centre(plain)), START, phases, keys, answering=answering, outcomes=outcomes)


def ends(journey: Journey) -> str:
    return f"{journey.end} {journey.at}".strip()


def unanswered(plain: Plain, *keys: str, phases: Phases = OPEN) -> Journey:
    return call(plain, *keys, phases=phases, answering=Answering.NEVER)


def every_end(plain: Plain, phases: Phases = OPEN) -> set[str]:
    """How calls can end at all."""
    return {ends(journey) for journey in journeys(Flow(centre(plain)), START, phases).found}


# Numbers

HOURS = {"hours": "day", "to": "extension/10"}


@pytest.mark.parametrize(
    "declared, expected",
    [
        ({}, ["human extension/10"] * 3),
        ({"closed": "hangup"}, ["human extension/10", "hangup hangup", "hangup hangup"]),
        ({"holiday": "hangup"}, ["human extension/10", "human extension/10", "hangup hangup"]),
        (
            {"closed": "voicemail/11", "holiday": "hangup"},
            ["human extension/10", "message voicemail/11", "hangup hangup"],
        ),
        ({"closed": None, "holiday": None}, ["human extension/10"] * 3),
    ],
)
def test_a_number_leads_where_its_hours_say(declared: dict[str, Any], expected: list[str]) -> None:
    plain = estate("hangup", extension={**PHONE, "11": {"voicemail": {}}})
    plain["number"][NUMBER] = {**HOURS, **declared}
    assert [ends(call(plain, phases=phases)) for phases in (OPEN, CLOSED, HOLIDAY)] == expected


def test_a_number_without_hours_ignores_what_it_says_about_them() -> None:
    plain = estate("extension/10")
    plain["number"][NUMBER] |= {"closed": "hangup", "holiday": "hangup"}
    assert ends(call(plain, phases=HOLIDAY)) == "human extension/10"


def test_a_number_may_lead_to_another_with_hours_of_its_own() -> None:
    plain = estate("number/+61255500001")
    plain["number"]["+61255500001"] = {**HOURS, "closed": "hangup"}
    assert ends(call(plain)) == "human extension/10"
    assert ends(call(plain, phases=CLOSED)) == "hangup hangup"


# Extensions


def test_an_extension_without_an_answer_goes_to_its_mailbox_after_its_rings() -> None:
    plain = estate("extension/10", extension={"10": {"ring_for": "15s", "voicemail": {}}})
    assert ends(call(plain)) == "human extension/10"
    assert ends(unanswered(plain)) == "message voicemail/10"
    assert unanswered(plain).seconds == 15


def test_an_extension_without_an_answer_and_without_a_mailbox_fails() -> None:
    assert ends(unanswered(estate("extension/10"))) == "cut off"


def test_an_extension_without_device_is_its_mailbox_at_once() -> None:
    plain = estate("extension/10", extension={"10": {"device": "none", "voicemail": {}}})
    assert every_end(plain) == {"message voicemail/10"}
    assert call(plain).seconds == 0


def test_an_extension_without_device_and_mailbox_cuts_the_call_off() -> None:
    assert every_end(estate("extension/10", extension={"10": {"device": "none"}})) == {"cut off"}


def test_a_greeting_takes_its_time() -> None:
    plain = estate("voicemail/10", extension={"10": {"voicemail": {"greeting": "hello"}}})
    assert (ends(call(plain)), call(plain).seconds) == ("message voicemail/10", 3)


# Queues


def queue(**fields: Any) -> Plain:
    fields = {"members": [{"extension": "10"}], **fields}
    return estate("queue/sales", queue={"sales": fields})


def test_callers_without_an_answer_wait_without_end_where_nothing_else_is_said() -> None:
    assert ends(call(queue())) == "human queue/sales"
    assert ends(unanswered(queue())) == "waits without end queue/sales"


def test_callers_leave_a_queue_after_its_longest_wait() -> None:
    plain = queue(overflow={"after": "2m", "to": "hangup"})
    assert (ends(unanswered(plain)), unanswered(plain).seconds) == ("hangup hangup", 120)


def test_a_longest_wait_that_leads_nowhere_cuts_the_call_off() -> None:
    assert ends(unanswered(queue(overflow={"after": "2m"}))) == "cut off"


def test_a_destination_without_a_longest_wait_is_never_reached() -> None:
    assert "hangup hangup" not in every_end(queue(overflow={"to": "hangup"}))


def test_a_queue_can_be_full_only_where_it_has_a_limit() -> None:
    overflow = {"full": "hangup", "after": "1m", "to": "extension/10"}
    assert "hangup hangup" not in every_end(queue(overflow=overflow))
    full = call(queue(max_waiting=3, overflow=overflow), outcomes=(Event.FULL,))
    assert ends(full) == "hangup hangup"


def test_a_full_queue_that_leads_nowhere_cuts_the_call_off() -> None:
    assert ends(call(queue(max_waiting=3), outcomes=(Event.FULL,))) == "cut off"


def test_a_queue_outside_of_its_hours_has_no_agent() -> None:
    plain = queue(hours="day", overflow={"empty": "hangup", "after": "1m", "to": "extension/10"})
    assert ends(call(plain)) == "human queue/sales"
    assert every_end(plain, CLOSED) == every_end(plain, HOLIDAY) == {"hangup hangup"}


def test_callers_of_an_empty_queue_wait_where_it_says_nothing_about_that() -> None:
    assert every_end(queue(members=[])) == {"waits without end queue/sales"}
    waited = call(queue(members=[], overflow={"after": "1m", "to": "hangup"}))
    assert (ends(waited), waited.seconds) == ("hangup hangup", 60)


@pytest.mark.parametrize(
    "user, expected",
    [
        ({"skills": {"gas": 1}, "extension": "10"}, "human queue/sales"),
        ({"skills": {"water": 9}, "extension": "10"}, "hangup hangup"),
        ({"skills": {"gas": 1}}, "hangup hangup"),
        ({"skills": {"gas": 1}, "extension": "11"}, "hangup hangup"),
    ],
)
@pytest.mark.parametrize("member", [{"user": "ann"}, {"team": "crew"}])
def test_people_answer_who_have_the_skills_and_a_phone(
    member: dict[str, str], user: dict[str, Any], expected: str
) -> None:
    plain = queue(skills=["gas"], members=[member], overflow={"empty": "hangup"})
    plain["extension"] = {**PHONE, "11": {"device": "none"}}
    plain["user"] = {"ann": {"name": "Ann", "team": "crew", **user}}
    plain["team"] = {"crew": {}}
    assert ends(call(plain)) == expected


DYNAMIC = [{"extension": "10", "login": "dynamic"}]


def test_an_agent_who_logs_in_answers_or_no_agent_is_logged_in() -> None:
    plain = queue(members=DYNAMIC, overflow={"empty": "hangup", "after": "1m", "to": "queue/gone"})
    assert every_end(plain) == {"human queue/sales", "cut off", "hangup hangup"}
    assert ends(call(plain)) == "human queue/sales"
    assert ends(call(plain, outcomes=(Event.EMPTY,))) == "hangup hangup"


def test_callers_wait_without_agents_where_the_queue_says_nothing_else() -> None:
    plain = queue(members=DYNAMIC, overflow={"after": "1m", "to": "hangup"})
    empty = call(plain, outcomes=(Event.EMPTY,))
    assert (ends(empty), empty.seconds) == ("hangup hangup", 60)


def test_one_static_member_is_enough_for_an_agent_to_be_there() -> None:
    plain = queue(members=[*DYNAMIC, {"extension": "10"}], overflow={"after": "1m", "to": "hangup"})
    possible = {way.event for way in Flow(centre(plain)).ways(Place("queue", "sales"))}
    assert possible == {Event.ANSWERED, Event.NO_ANSWER}


def test_members_that_are_not_declared_may_answer_or_be_away() -> None:
    plain = queue(overflow={"empty": "hangup"})
    del plain["queue"]["sales"]["members"]
    possible = {way.event for way in Flow(centre(plain)).ways(Place("queue", "sales"))}
    assert possible == {Event.ANSWERED, Event.NO_ANSWER, Event.EMPTY}


def test_agents_who_log_in_are_away_outside_of_the_hours_and_perhaps_within() -> None:
    overflow = {"empty": "hangup", "after": "1m", "to": "extension/10"}
    plain = queue(members=DYNAMIC, hours="day", overflow=overflow)
    assert every_end(plain, CLOSED) == {"hangup hangup"}
    assert {"human queue/sales", "hangup hangup"} <= every_end(plain, OPEN)


def test_a_welcome_plays_before_an_agent_answers() -> None:
    assert call(queue(announcements={"welcome": "hello"})).seconds == 3


# Nodes of trees

PRESS: dict[str, Any] = {"type": "menu", "prompt": "hello", "choices": {"1": "extension/10"}}
ASK: dict[str, Any] = {"type": "collect", "prompt": "hello", "save_as": "account", "then": "menu"}


def test_a_menu_that_gets_no_key_asks_again_and_gives_up() -> None:
    plain = tree(menu={**PRESS, "retries": 2, "timeout": "7s", "on_timeout": "hangup"})
    assert (ends(call(plain)), call(plain).seconds) == ("hangup hangup", 3 * (3 + 7))


def test_a_menu_that_gets_no_key_and_does_not_say_what_then_cuts_the_call_off() -> None:
    assert ends(call(tree(menu=PRESS))) == "cut off"


def test_a_right_key_after_wrong_ones_is_a_right_key() -> None:
    found = call(tree(menu={**PRESS, "retries": 2}), "2", "3", "1")
    assert (ends(found), found.seconds) == ("human extension/10", 9)
    assert found.steps[1].keys == "231"


def test_wrong_keys_lead_to_the_invalid_branch_when_tries_are_used_up() -> None:
    menu = {**PRESS, "retries": 1, "on_timeout": "hangup", "on_invalid": "voicemail/10"}
    plain = tree(menu=menu)
    plain["extension"] = {"10": {"voicemail": {}}}
    assert ends(call(plain, "2", "3", "1")) == "message voicemail/10"
    assert ends(call(plain, "2")) == "hangup hangup"
    assert ends(call(plain, "2", "1")) == "human extension/10"


def test_wrong_keys_lead_where_silence_leads_when_no_invalid_branch_is_declared() -> None:
    plain = tree(menu={**PRESS, "retries": 0, "on_timeout": "hangup"})
    assert ends(call(plain, "2")) == "hangup hangup"


def test_a_menu_of_every_key_knows_no_wrong_one() -> None:
    plain = tree(menu={**PRESS, "choices": dict.fromkeys("0123456789*#", "extension/10")})
    ways = Flow(centre(plain)).ways(Place("ivr", "main", "menu"))
    assert Event.WRONG_KEY not in {way.event for way in ways}


def test_keys_beyond_the_first_are_typed_ahead() -> None:
    first = {**PRESS, "choices": {"7": "second"}}
    plain = tree(menu=first, second=PRESS)
    assert ends(call(plain, "71")) == ends(call(plain, "7", "1")) == "human extension/10"


def test_keys_typed_ahead_may_lead_back_to_the_same_menu() -> None:
    plain = tree(menu={**PRESS, "choices": {"1": "menu", "2": "extension/10"}})
    assert ends(call(plain, "1112")) == "human extension/10"


def test_an_empty_entry_is_silence_until_the_question_gives_up() -> None:
    plain = tree(menu={**PRESS, "choices": {"7": "hangup"}, "on_timeout": "second"}, second=PRESS)
    assert ends(call(plain, "", "1")) == "human extension/10"


@pytest.mark.parametrize(
    "keys",
    [
        ("1234", "1"),  # as many as there may be
        ("12#", "1"),  # ended
        ("12#1",),  # ended, and typed ahead
        ("12341",),  # as many as there may be, and typed ahead
        ("12", "1"),  # a caller who waits
        ("1", "12", "1"),  # too few, asked again
        ("#", "12", "1"),  # none, asked again
        ("1*", "12", "1"),  # a star is no digit
    ],
)
def test_digits_are_collected(keys: tuple[str, ...]) -> None:
    plain = tree(ask={**ASK, "min_digits": 2, "max_digits": 4, "retries": 1}, menu=PRESS)
    assert ends(call(plain, *keys)) == "human extension/10"


@pytest.mark.parametrize("entry", ["1", "#", "1*", "**"])
def test_what_is_no_answer_is_asked_for_again(entry: str) -> None:
    plain = tree(ask={**ASK, "min_digits": 2, "max_digits": 4, "retries": 1}, menu=PRESS)
    asked = call(plain, entry, "12", "1").steps[1]
    assert (asked.way.event, asked.keys) == (Event.DIGITS, f"{entry}12")


def test_too_few_digits_lead_where_silence_leads_when_tries_are_used_up() -> None:
    ask = {**ASK, "min_digits": 2, "retries": 1, "on_timeout": "hangup"}
    plain = tree(ask=ask, menu=PRESS)
    assert ends(call(plain, "1", "2", "12", "1")) == "hangup hangup"
    assert call(plain).seconds == 2 * (3 + 5)


def test_hours_in_a_tree_take_the_closed_branch_on_holidays_that_have_none() -> None:
    door = {"type": "hours", "schedule": "day", "open": "extension/10", "closed": "voicemail/10"}
    plain = tree(door=door)
    plain["extension"] = {"10": {"voicemail": {}}}
    found = [ends(call(plain, phases=phases)) for phases in (OPEN, CLOSED, HOLIDAY)]
    assert found == ["human extension/10", "message voicemail/10", "message voicemail/10"]
    plain["ivr"]["main"]["nodes"]["door"] = {**door, "holiday": "hangup"}
    assert ends(call(plain, phases=HOLIDAY)) == "hangup hangup"


def test_a_dialled_extension_does_not_answer_by_its_mailbox() -> None:
    plain = tree(ring={"type": "dial", "extension": "10", "ring_for": "7s"})
    plain["extension"] = {"10": {"voicemail": {}}}
    assert ends(call(plain)) == "human extension/10"
    assert (ends(unanswered(plain)), unanswered(plain).seconds) == ("cut off", 7)


def test_a_dialled_extension_without_device_is_never_answered() -> None:
    plain = tree(ring={"type": "dial", "extension": "10", "on_no_answer": "hangup"})
    plain["extension"] = {"10": {"device": "none"}}
    assert every_end(plain) == {"hangup hangup"}
    assert call(plain).seconds == 0


def test_an_outside_number_answers_or_does_not() -> None:
    plain = tree(ring={"type": "dial", "number": "+61255501234", "on_no_answer": "hangup"})
    assert every_end(plain) == {"human number/+61255501234", "hangup hangup"}


def test_a_prompt_is_timed_in_the_language_of_its_tree() -> None:
    plain = tree(bye={"type": "hangup", "prompt": "hello"})
    plain["prompt"] = {"hello": {"languages": {**HELLO["languages"], "vi": {"text": "Xin"}}}}
    assert call(plain).seconds == 3
    plain["ivr"]["main"]["language"] = "vi"
    assert call(plain).seconds == 1


# Rounds


def test_a_menu_whose_silence_leads_back_to_it_goes_round_without_end() -> None:
    plain = tree(menu={**PRESS, "on_timeout": "menu"})
    assert ends(call(plain)) == "goes round without end"
    assert ends(call(plain, "", "", "1")) == "human extension/10"
    assert loops(Flow(centre(plain)), START, OPEN) == [(Place("ivr", "main", "menu"),)]


def test_numbers_that_lead_to_each_other_go_round_without_end() -> None:
    plain = estate("number/+61255500001")
    plain["number"]["+61255500001"] = {"to": f"number/{NUMBER}"}
    assert ends(call(plain)) == "goes round without end"


@pytest.mark.parametrize("branch", ["empty", "full", "to"])
def test_a_queue_that_leads_back_to_itself_is_a_round_whyever_no_agent_answers(branch: str) -> None:
    overflow = {"after": "1m", "to": "hangup", "empty": "hangup", "full": "hangup"}
    plain = queue(max_waiting=3, overflow={**overflow, branch: "queue/sales"})
    assert loops(Flow(centre(plain)), START, OPEN) == [(Place("queue", "sales"),)]


def test_a_caller_who_comes_back_only_by_a_key_is_in_no_round() -> None:
    plain = tree(menu={**PRESS, "choices": {"1": "menu"}})
    assert loops(Flow(centre(plain)), START, OPEN) == []


# What a desired state would be refused for, and a platform may hold


def test_a_mailbox_that_is_not_there_cuts_the_call_off() -> None:
    assert every_end(estate("voicemail/10")) == {"cut off"}
    assert every_end(tree(box={"type": "voicemail", "mailbox": "10"})) == {"cut off"}
    assert every_end(tree(box={"type": "voicemail", "mailbox": "99"})) == {"cut off"}


@pytest.mark.parametrize(
    "target",
    ["queue/gone", "ivr/gone", "extension/99", "voicemail/99", "number/+61255509999"],
)
def test_a_destination_that_is_not_there_cuts_the_call_off(target: str) -> None:
    assert every_end(estate(target)) == {"cut off"}
    assert every_end(tree(go={"type": "goto", "to": target})) == {"cut off"}


def test_a_node_that_is_not_there_cuts_the_call_off() -> None:
    assert every_end(tree(go={"type": "goto", "to": "gone"})) == {"cut off"}
    plain = tree(go={"type": "goto", "to": "hangup"})
    plain["ivr"]["main"]["start"] = "gone"
    assert every_end(plain) == {"cut off"}


@pytest.mark.parametrize(
    "node",
    [
        {"type": "queue", "queue": "gone"},
        {"type": "dial", "extension": "99"},
        {"type": "play", "prompt": "gone", "then": "gone"},
    ],
)
def test_what_a_node_names_and_is_not_there_cuts_the_call_off(node: dict[str, Any]) -> None:
    assert every_end(tree(node=node)) == {"cut off"}


def test_a_member_that_is_not_there_answers_nothing() -> None:
    members = [{"user": "gone"}, {"team": "gone"}]
    plain = queue(members=members, overflow={"empty": "hangup"})
    assert every_end(plain) == {"hangup hangup"}


def test_hours_that_are_not_there_are_always_open() -> None:
    plain = estate("extension/10")
    plain["number"][NUMBER] |= {"hours": "gone", "closed": "hangup"}
    flow = Flow(centre(plain))
    assert ends(walk(flow, START, {})) == "human extension/10"


def test_a_number_that_is_not_there_has_no_entrance() -> None:
    flow = Flow(centre(estate("hangup")))
    assert flow.entrance(Address("number", "+61255509999")) is None
    assert ends(walk(flow, Place("number", "+61255509999"), {})) == "cut off"


# Ring groups


def ring_group(**fields: Any) -> Plain:
    """A number that leads to a ring group; of its phones 12 is a mailbox alone."""
    mailbox: dict[str, Any] = {"device": "none", "voicemail": {}}
    phones = {"10": {}, "11": {}, "12": {"device": "none"}, "90": mailbox}
    plain = estate("ring_group/shop", ring_group={"shop": {"members": ["10"], **fields}})
    return {**plain, "extension": phones}


@pytest.mark.parametrize(
    "fields, length",
    [
        ({"members": ["10", "11"]}, 20),
        ({"members": ["11", "10"], "strategy": "in_order", "ring_for": "15s"}, 30),
        ({"members": ["12", "10"], "strategy": "in_order", "ring_for": "15s"}, 15),
    ],
)
def test_a_ring_group_is_left_after_the_last_ring(fields: dict[str, Any], length: int) -> None:
    plain = ring_group(no_answer="voicemail/90", **fields)
    assert every_end(plain) == {"human ring_group/shop", "message voicemail/90"}
    assert unanswered(plain).seconds == length


def test_a_ring_group_without_a_phone_rings_no_phone() -> None:
    plain = ring_group(members=["12"], no_answer="voicemail/90")
    assert every_end(plain) == {"message voicemail/90"}
    assert call(plain).seconds == 0


def test_a_ring_group_that_says_nothing_cuts_the_call_off() -> None:
    assert every_end(ring_group()) == {"human ring_group/shop", "cut off"}


# Ways out of a queue by a key


def queue_with_keys(**fields: Any) -> Plain:
    """A queue that the keys 1 and 2 lead out of, and then a menu that asks for 1."""
    menu = {"type": "menu", "prompt": "hello", "choices": {"1": "hangup"}, "retries": 0}
    after = {**menu, "on_timeout": "voicemail/90"}
    plain = estate(
        "queue/sales",
        queue={
            "sales": {
                "members": [{"extension": "10"}],
                "keys": {"1": "voicemail/90", "2": "ivr/after"},
                "overflow": {"after": "1m", "to": "ivr/after"},
                **fields,
            }
        },
        ivr={"after": {"start": "menu", "nodes": {"menu": after}}},
    )
    return {**plain, "extension": {"10": {}, "90": {"device": "none", "voicemail": {}}}}


@pytest.mark.parametrize(
    "keys, end",
    [
        ((), "human queue/sales"),
        (("1",), "message voicemail/90"),
        (("3",), "human queue/sales"),
        (("31",), "message voicemail/90"),
        (("2", "1"), "hangup hangup"),
        (("21",), "hangup hangup"),
        (("", "1"), "human queue/sales"),
    ],
)
def test_a_key_takes_a_caller_out_of_a_queue(keys: tuple[str, ...], end: str) -> None:
    assert ends(call(queue_with_keys(), *keys)) == end


def test_an_entry_is_used_up_by_a_wait_that_a_key_can_end() -> None:
    plain = queue_with_keys()
    assert ends(unanswered(plain, "", "1")) == "hangup hangup"
    assert ends(unanswered(plain, "3", "1")) == "hangup hangup"
    assert ends(unanswered(plain, "3")) == "message voicemail/90"


def test_of_a_queue_with_keys_every_end_is_known() -> None:
    known = {"human queue/sales", "message voicemail/90", "hangup hangup"}
    assert every_end(queue_with_keys()) == known


def test_a_queue_that_is_closed_has_no_way_out_by_key() -> None:
    plain = queue_with_keys(hours="day")
    assert ends(call(plain, "1", phases=CLOSED)) == "hangup hangup"
    assert ends(call(plain, "1", phases=OPEN)) == "message voicemail/90"


# Extensions dialled at a menu


def dial_menu(**fields: Any) -> Plain:
    """A menu with the choice 9, which asks twice; phones 20, 201 and 31."""
    menu = {
        "type": "menu", "prompt": "hello", "choices": {"9": "hangup"}, "retries": 1,
        "dial_extensions": True, "on_timeout": "voicemail/90", **fields,
    }  # fmt: skip
    phones: dict[str, Any] = {"20": {"site": "north"}, "201": {}, "c": {"number": "31"}}
    mailbox = {"device": "none", "voicemail": {}, "number": "77"}
    return {**tree(menu=menu), "extension": {**phones, "90": mailbox}}


@pytest.mark.parametrize(
    "keys, end",
    [
        (("201",), "human extension/201"),
        (("20",), "human extension/20"),
        (("31",), "human extension/c"),
        (("9",), "hangup hangup"),
        (("205", "31"), "human extension/c"),
        (("2", "31"), "human extension/c"),
        (("2", "2"), "message voicemail/90"),
        (("90",), "hangup hangup"),
    ],
)
def test_an_extension_is_dialled_at_a_menu(keys: tuple[str, ...], end: str) -> None:
    assert ends(call(dial_menu(), *keys)) == end


def test_only_extensions_of_the_sites_can_be_dialled() -> None:
    plain = dial_menu(dial_sites=["north"])
    assert ends(call(plain, "20")) == "human extension/20"
    assert ends(call(plain, "31", "31")) == "message voicemail/90"
    assert not any("extension/201" in end for end in every_end(plain))


# Choices by several digits


@pytest.mark.parametrize(
    "keys, end",
    [(("1234",), "hangup hangup"), (("123#",), "human extension/10"), (("9999",), "human extension/10")],
)  # fmt: skip
def test_digits_lead_where_they_are_a_choice(keys: tuple[str, ...], end: str) -> None:
    node = {
        "type": "collect", "prompt": "hello", "save_as": "account", "min_digits": 3,
        "max_digits": 4, "choices": {"1234": "hangup"}, "then": "extension/10",
    }  # fmt: skip
    assert ends(call(tree(ask=node), *keys)) == end


def test_where_every_digit_is_a_choice_none_leads_elsewhere() -> None:
    choices = {str(digit): "hangup" for digit in range(10)}
    node = {
        "type": "collect", "prompt": "hello", "save_as": "account", "max_digits": 1,
        "choices": choices, "then": "extension/10", "on_timeout": "hangup",
    }  # fmt: skip
    assert every_end(tree(ask=node)) == {"hangup hangup"}


# Switches

NIGHT_ON = {"switch/night": Position.ON}
NIGHT_OFF = {"switch/night": Position.OFF}


def switched(**fields: Any) -> Plain:
    plain = estate("extension/10", switch={"night": {}})
    plain["number"][NUMBER].update(switch="night", **fields)
    return plain


def test_a_number_sends_calls_elsewhere_while_its_switch_is_on() -> None:
    plain = switched(on="hangup")
    assert ends(call(plain, phases=NIGHT_OFF)) == "human extension/10"
    assert ends(call(plain, phases=NIGHT_ON)) == "hangup hangup"


def test_the_switch_is_asked_before_the_hours() -> None:
    plain = switched(on="hangup", hours="day", closed="voicemail/10")
    plain["extension"] = {"10": {"voicemail": {}}}
    assert ends(call(plain, phases={**NIGHT_ON, **OPEN})) == "hangup hangup"
    assert ends(call(plain, phases={**NIGHT_OFF, **OPEN})) == "human extension/10"
    assert ends(call(plain, phases={**NIGHT_OFF, **CLOSED})) == "message voicemail/10"


def test_a_switch_without_a_destination_changes_nothing() -> None:
    assert ends(call(switched(), phases=NIGHT_ON)) == "human extension/10"


def test_a_switch_that_is_not_there_is_off() -> None:
    assert ends(call(switched(on="hangup"), phases={})) == "human extension/10"


def test_a_node_branches_by_the_position_of_a_switch() -> None:
    plain = tree(ask={"type": "switch", "switch": "night", "on": "hangup", "off": "extension/10"})
    assert ends(call(plain, phases=NIGHT_ON)) == "hangup hangup"
    assert ends(call(plain, phases=NIGHT_OFF)) == "human extension/10"


# Forwarding, follow-me, and rooms


def phone(**fields: Any) -> Plain:
    """A number that leads to a phone with a mailbox, which rings for 20 s."""
    phones = {"10": {"voicemail": {}, **fields}, "11": {}, "12": {"device": "none"}}
    return {**estate("extension/10"), "extension": phones}


def test_a_phone_that_forwards_every_call_does_not_ring() -> None:
    assert every_end(phone(forward={"always": "extension/11"})) == {"human extension/11", "cut off"}


def test_a_call_that_is_forwarded_outside_comes_back_to_the_mailbox() -> None:
    plain = phone(forward={"no_answer": "+61400000001"})
    known = {"human extension/10", "human number/+61400000001", "message voicemail/10"}
    assert every_end(plain) == known
    assert unanswered(plain).seconds == 40


def test_a_phone_that_is_busy_or_away_forwards_elsewhere() -> None:
    plain = phone(forward={"busy": "extension/11", "unavailable": "hangup"})
    assert ends(call(plain, outcomes=(Event.BUSY,))) == "human extension/11"
    assert ends(call(plain, outcomes=(Event.EMPTY,))) == "hangup hangup"
    assert ends(call(plain, outcomes=(Event.NO_ANSWER,))) == "message voicemail/10"


def test_phones_that_follow_ring_after_the_device() -> None:
    follow_me = [
        {"extension": "11", "ring_for": "7s"},
        {"extension": "12"},
        {"number": "+61400000001"},
    ]
    plain = phone(follow_me=follow_me)
    assert every_end(plain) == {"human extension/10", "message voicemail/10"}
    assert unanswered(plain).seconds == 20 + 7 + 20


def test_a_notice_of_a_recording_plays_before_the_phone_rings() -> None:
    recording = {"when": "always", "notice": "hello"}  # three seconds
    assert unanswered(phone(recording=recording)).seconds == 23
    assert unanswered(phone(recording={**recording, "when": "never"})).seconds == 20


@pytest.mark.parametrize("most, known", [(0, {"human"}), (9, {"human", "cut off"})])
def test_a_conference_room_may_be_full(most: int, known: set[str]) -> None:
    plain = estate("conference_room/w", conference_room={"w": {"max_members": most}})
    assert {end.partition(" conf")[0] for end in every_end(plain)} == known


# Callers

ASKED = "callers/vip,blocked"


def said(name: str) -> dict[str, Any]:
    """A caller whom of the lists this one holds first; "" for none."""
    return {ASKED: Listed(name)}


def asking(**fields: Any) -> Plain:
    lists: dict[str, Any] = {"vip": {"numbers": ["+61491570006"]}, "blocked": {"withheld": True}}
    plain = estate("extension/10", caller_list=lists)
    asked = [{"list": "vip", "to": "voicemail/10"}, {"list": "blocked", "to": "hangup"}]
    plain["number"][NUMBER].update(callers=asked, **fields)
    plain["extension"] = {"10": {"voicemail": {}}}
    return plain


@pytest.mark.parametrize(
    "listed, end",
    [("vip", "message voicemail/10"), ("blocked", "hangup hangup"), ("", "human extension/10")],
)
def test_a_number_sends_callers_in_a_list_elsewhere(listed: str, end: str) -> None:
    assert ends(call(asking(), phases=said(listed))) == end


def test_callers_are_asked_before_switch_and_hours() -> None:
    plain = asking(switch="night", on="voicemail/10", hours="day", closed="hangup")
    for phases, end in (
        ({**said("blocked"), **NIGHT_ON, **OPEN}, "hangup hangup"),
        ({**said(""), **NIGHT_ON, **OPEN}, "message voicemail/10"),
        ({**said(""), **NIGHT_OFF, **OPEN}, "human extension/10"),
        ({**said(""), **NIGHT_OFF, **CLOSED}, "hangup hangup"),
    ):
        assert ends(call(plain, phases=phases)) == end


def test_a_node_branches_by_lists_in_their_order() -> None:
    asked = [{"list": "vip", "to": "extension/10"}, {"list": "blocked", "to": "hangup"}]
    plain = tree(ask={"type": "callers", "callers": asked, "others": "voicemail/10"})
    plain["extension"] = {"10": {"voicemail": {}}}
    assert ends(call(plain, phases=said("vip"))) == "human extension/10"
    assert ends(call(plain, phases=said("blocked"))) == "hangup hangup"
    assert ends(call(plain, phases={})) == "message voicemail/10"


@pytest.mark.parametrize(
    "caller, first",
    [("+61491570006", "vip"), ("withheld", "blocked"), ("+61491570156", ""), ("", "")],
)
def test_the_first_list_that_holds_the_caller_decides(caller: str, first: str) -> None:
    year = Year(centre(asking()), date(2026, 11, 22))
    assert year.phases([ASKED], datetime(2026, 11, 23, tzinfo=UTC), caller=caller) == said(first)


def test_every_class_of_callers_is_a_state_of_its_own() -> None:
    year = Year(centre(asking()), date(2026, 11, 22))
    found = {state.moments[0].caller: state.phases[ASKED] for state in year.states([ASKED])}
    assert found == {"": "", "+61491570006": "vip", "withheld": "blocked"}
