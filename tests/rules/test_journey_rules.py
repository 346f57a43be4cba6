from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.journeys.enumeration import journeys, loops
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Phases, Year
from ccstate.journeys.walk import Step
from ccstate.journeys.ways import End, Event, Place
from ccstate.model import Address
from ccstate.rules import dead_ends, rounds
from ccstate.rules.rule import Breach, Estate
from tests.examples import scaled
from tests.rules.estates import estate

CHECKS = {rule.code: rule.check for rule in (*rounds.RULES, *dead_ends.RULES)}
PEOPLE = """
users:
  ann: {name: Ann, extension: "2001"}
prompts:
  menu: {languages: {en: {text: Hello}}}
schedules:
  week: {timezone: Australia/Sydney, weekly: {mon: ["09:00-17:00"]}}
  late: {timezone: Australia/Sydney, weekly: {mon: ["17:00-20:00"]}}
  always:
    timezone: Australia/Sydney
    weekly: {mon: [00:00-24:00], tue: [00:00-24:00], wed: [00:00-24:00], thu: [00:00-24:00],
      fri: [00:00-24:00], sat: [00:00-24:00], sun: [00:00-24:00]}
    holidays: [{name: Christmas Day, date: "2026-12-25"}]
"""
PHONE = 'extensions:\n  "2001": {}\n  "2900": {device: none, voicemail: {}}\n'
NUMBER = 'numbers:\n  "+61255501000": {to: TARGET}\n'


def found(code: str, *documents: str) -> list[Breach]:
    return list(CHECKS[code](estate("".join([PEOPLE, *(documents or ())]))))


def number(target: str) -> str:
    return NUMBER.replace("TARGET", target)


def tree(nodes: str, name: str = "main", start: str = "menu") -> str:
    return f"  {name}: {{extension: '{sum(map(ord, name)) + 1000}', start: {start}, nodes: {{{nodes}}}}}\n"


MENU = 'type: menu, prompt: menu, choices: {"1": voicemail/2900}'


# --- CC203, round through trees


def test_a_menu_that_begins_again_for_ever() -> None:
    (finding,) = found("CC203", PHONE, "ivrs:\n", tree(f"menu: {{{MENU}, on_timeout: menu}}"))
    assert finding.address == Address("ivr", "main")
    assert finding.path == ("nodes", "menu", "on_timeout")
    assert finding.message.endswith("goes round for ever: ivr/main menu → ivr/main menu")


def test_a_menu_that_plays_something_and_begins_again() -> None:
    nodes = f"menu: {{{MENU}, on_timeout: sorry}}, sorry: {{type: play, prompt: menu, then: menu}}"
    (finding,) = found("CC203", PHONE, "ivrs:\n", tree(nodes))
    assert finding.path == ("nodes", "menu", "on_timeout")


def test_a_key_that_leads_back_is_no_round() -> None:
    nodes = 'menu: {type: menu, prompt: menu, choices: {"1": menu}, on_timeout: hangup}'
    assert not found("CC203", PHONE, "ivrs:\n", tree(nodes))


def test_two_trees_that_lead_to_each_other() -> None:
    trees = tree(f"menu: {{{MENU}, on_timeout: ivr/b}}", "a")
    trees += tree(f"menu: {{{MENU}, on_timeout: ivr/a}}", "b")
    (finding,) = found("CC203", PHONE, "ivrs:\n", trees)
    assert finding.address == Address("ivr", "a")
    assert "ivr/a menu → ivr/b menu → ivr/a menu" in finding.message


def test_a_round_through_a_queue_and_a_number() -> None:
    queue = (
        'queues:\n  q: {members: [{user: ann}], overflow: {after: 1m, to: "number/+61255501000"}}\n'
    )
    nodes = "menu: {type: queue, queue: q}"
    (finding,) = found("CC213", PHONE, queue, number("ivr/main"), "ivrs:\n", tree(nodes))
    assert finding.address == Address("queue", "q")
    assert finding.path == ("overflow", "to")
    assert not found("CC203", PHONE, queue, number("ivr/main"), "ivrs:\n", tree(nodes))


def test_a_round_must_be_possible_at_one_moment() -> None:
    nodes = f"""
      menu: {{{MENU}, on_timeout: door}},
      door: {{type: hours, schedule: week, open: other, closed: hangup}},
      other: {{type: hours, schedule: SCHEDULE, open: menu, closed: hangup}}
    """
    both = nodes.replace("SCHEDULE", "week")
    (finding,) = found("CC203", PHONE, "ivrs:\n", tree(both))
    assert "It happens, for one, while schedule/week is open." in finding.cause
    never = nodes.replace("SCHEDULE", "late")
    assert not found("CC203", PHONE, "ivrs:\n", tree(never))


def test_a_round_behind_a_key_counts() -> None:
    nodes = f"""
      start: {{type: menu, prompt: menu, choices: {{"1": menu}}, on_timeout: hangup}},
      menu: {{{MENU}, on_timeout: menu}}
    """
    assert found("CC203", PHONE, "ivrs:\n", tree(nodes, start="start"))


def test_a_round_that_no_caller_reaches_is_another_matter() -> None:
    nodes = f"start: {{type: hangup}}, menu: {{{MENU}, on_timeout: menu}}"
    assert not found("CC203", PHONE, "ivrs:\n", tree(nodes, start="start"))


# --- CC213, where an agent may answer; CC203, where none can


def queues(**overflow: str) -> str:
    lines = [f"  {q}: {{members: [{{user: ann}}], {rest}}}" for q, rest in overflow.items()]
    return "\n".join(["queues:", *lines, ""])


def test_queues_that_overflow_to_each_other() -> None:
    (finding,) = found(
        "CC213",
        PHONE,
        queues(
            a="overflow: {after: 1m, to: queue/b}",
            b="overflow: {after: 1m, to: queue/a}",
        ),
    )
    assert (finding.address, finding.path) == (Address("queue", "a"), ("overflow", "to"))
    assert finding.message == ("unanswered callers go in a circle: queue/a → queue/b → queue/a")


def test_a_queue_that_overflows_to_itself() -> None:
    assert found("CC213", PHONE, queues(a="overflow: {after: 1m, to: queue/a}"))


def test_queues_that_send_callers_to_and_fro_while_no_agent_is_logged_in() -> None:
    (finding,) = found(
        "CC203",
        PHONE,
        queues(
            a="overflow: {after: 1m, to: hangup, empty: queue/b}",
            b="overflow: {empty: queue/a}",
        ),
    )
    assert "for ever while queues have no agent logged in:" in finding.message
    assert finding.path == ("overflow", "empty")


def test_queues_that_send_callers_to_and_fro_while_they_are_full() -> None:
    (finding,) = found(
        "CC203",
        PHONE,
        queues(
            a="max_waiting: 5, overflow: {full: queue/b}",
            b="max_waiting: 5, overflow: {full: queue/a}",
        ),
    )
    assert "for ever while queues are full:" in finding.message


def test_one_is_full_and_the_other_deserted() -> None:
    (finding,) = found(
        "CC203",
        PHONE,
        queues(
            a="max_waiting: 5, overflow: {full: queue/b}",
            b="overflow: {after: 1m, to: hangup, empty: queue/a}",
        ),
    )
    assert "for ever while queues are full or have no agent logged in:" in finding.message


def test_queues_that_are_never_closed_together_make_no_circle_of_closed_ones() -> None:
    closed = queues(
        a="hours: week, overflow: {after: 1m, to: hangup, empty: queue/b}",
        b="hours: HOURS, overflow: {after: 1m, to: hangup, empty: queue/a}",
    )
    (finding,) = found("CC203", PHONE, closed.replace("HOURS", "late"))
    assert (
        "It happens, for one, while schedule/week is closed and schedule/late is closed."
        in finding.cause
    )
    no_holidays = PEOPLE.replace("    holidays:", "    exceptions:").replace(
        "{name: Christmas Day, date", "{hours: [00:00-24:00], date"
    )
    document = no_holidays + PHONE + closed.replace("HOURS", "always")
    assert not list(CHECKS["CC203"](estate(document)))


def test_a_chain_that_ends_is_no_circle() -> None:
    chain = queues(
        a="overflow: {after: 1m, to: queue/b}",
        b="overflow: {after: 1m, to: voicemail/2900, empty: voicemail/2900}",
    )
    assert not found("CC213", PHONE, chain)


@given(st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_a_circle_is_found_where_following_the_overflow_comes_back(targets: list[int]) -> None:
    rings = set()
    for start in range(6):
        trail = [start]
        while targets[trail[-1]] not in trail:
            trail.append(targets[trail[-1]])
        rings.add(frozenset(trail[trail.index(targets[trail[-1]]) :]))
    queue_fields = {
        f"q{n}": f"overflow: {{after: 1m, to: queue/q{to}}}" for n, to in enumerate(targets)
    }
    assert len(found("CC213", PHONE, queues(**queue_fields))) == len(rings)


# --- CC201, dead ends

CLOSED = "queues:\n  sales: {hours: week, members: [{user: ann}]}\n"


def test_a_closed_queue_without_overflow() -> None:
    (finding,) = found("CC201", PHONE, CLOSED, number("queue/sales"))
    assert (finding.address, finding.path) == (Address("queue", "sales"), ("hours",))
    assert finding.message.startswith("callers of +61255501000 reach no one on ")


def test_the_holiday_is_named_where_only_that_is_closed() -> None:
    queue = CLOSED.replace("week", "always")
    (finding,) = found("CC201", PHONE, queue, number("queue/sales"))
    assert "reach no one on Christmas Day (25 December 2026, " in finding.message


def test_who_answers_a_closed_queue() -> None:
    for overflow in (
        "{empty: voicemail/2900}",
        "{empty: hangup}",
        "{after: 1m, to: voicemail/2900}",
        "{empty: extension/2001}",
    ):
        queue = CLOSED.replace("hours: week", f"hours: week, overflow: {overflow}")
        assert not found("CC201", PHONE, queue, number("queue/sales")), overflow


def test_a_wait_that_ends_the_call() -> None:
    queue = CLOSED.replace("hours: week", "hours: week, overflow: {after: 2m}")
    (finding,) = found("CC201", PHONE, queue, number("queue/sales"))
    assert finding.path == ("overflow",)
    assert "ends the call after 2m" in finding.cause


def test_an_open_queue_that_only_overflows_badly_is_answered() -> None:
    queue = "queues:\n  sales: {members: [{user: ann}], overflow: {after: 2m}}\n"
    assert not found("CC201", PHONE, queue, number("queue/sales"))


def test_a_number_that_keeps_closed_callers_away_from_the_queue() -> None:
    to = "queue/sales, hours: week, closed: voicemail/2900"
    assert not found("CC201", PHONE, CLOSED, number(to))
    (finding,) = found("CC201", PHONE, CLOSED, number("queue/sales, hours: late, closed: hangup"))
    assert "Monday" in finding.message


def test_an_extension_that_neither_rings_nor_records() -> None:
    phone = 'extensions:\n  "2001": {device: none}\n'
    (finding,) = found("CC201", phone, number("extension/2001"))
    assert (finding.address, finding.path) == (Address("extension", "2001"), ("device",))
    assert finding.message == "callers of +61255501000 reach no one"
    assert not found("CC201", PHONE, number("extension/2001"))
    assert not found("CC201", PHONE, number("extension/2900"))


def test_the_keys_that_lead_there_are_reported() -> None:
    nodes = """
      menu: {type: menu, prompt: menu, choices: {"3": more}, on_timeout: hangup},
      more: {type: menu, prompt: menu, choices: {"2": dial}, on_timeout: hangup},
      dial: {type: dial, extension: "2900"}
    """
    (finding,) = found("CC201", PHONE, number("ivr/main"), "ivrs:\n", tree(nodes))
    assert (finding.address, finding.path) == (Address("ivr", "main"), ("nodes", "dial"))
    assert finding.cause.endswith("They come there by pressing 3, 2.")


def test_silence_at_a_menu_is_another_matter() -> None:
    assert not found("CC201", PHONE, number("ivr/main"), "ivrs:\n", tree(f"menu: {{{MENU}}}"))


def test_a_queue_that_no_agent_can_answer_is_another_matter() -> None:
    queue = "queues:\n  sales: {hours: week, members: []}\n"
    assert not found("CC201", PHONE, queue, number("queue/sales"))


def test_a_dead_end_that_no_number_leads_to_is_none() -> None:
    assert not found("CC201", PHONE, CLOSED)


def test_a_dead_end_is_reported_once_with_all_its_numbers() -> None:
    numbers = "numbers:\n" + "".join(
        f'  "+6125550{n}": {{to: {to}}}\n'
        for n, to in enumerate(["queue/sales", "ivr/main", "number/+61255501000"], start=1000)
    )
    document = (PHONE, CLOSED, numbers, "ivrs:\n", tree("menu: {type: queue, queue: sales}"))
    (finding,) = found("CC201", *document)
    assert "callers of +61255501000 and 2 more numbers reach no one" in finding.message


def test_hours_that_never_meet_are_no_way() -> None:
    nodes = """
      menu: {type: hours, schedule: week, open: late, closed: hangup},
      late: {type: hours, schedule: SCHEDULE, open: dial, closed: hangup},
      dial: {type: dial, extension: "2900"}
    """
    where = (PHONE, number("ivr/main"), "ivrs:\n")
    assert not found("CC201", *where, tree(nodes.replace("SCHEDULE", "late")))
    assert found("CC201", *where, tree(nodes.replace("SCHEDULE", "always")))


# --- whatever the estate: what the rules say is what callers meet

SCHEDULES = st.sampled_from(["week", "late", "always"])
NODES = ["n0", "n1", "n2"]
GOES = ["hangup", "voicemail/2900", "queue/qa", "queue/qb", "ivr/main", "number/+61255501000"]
GOES += [f"extension/{number}" for number in (2001, 2900, 2901)]
PLACES = st.sampled_from([*NODES, *GOES])


@st.composite
def estates(draw: st.DrawFn) -> str:
    """A tree of three nodes, two queues and a number that lead to each other as it happens."""
    goes = st.sampled_from(GOES)
    lines = ["numbers:", f'  "+61255501000": {{to: {draw(st.sampled_from(ENTRIES))}}}', "queues:"]
    for queue in ("qa", "qb"):
        hours = f", hours: {draw(SCHEDULES)}" if draw(st.booleans()) else ""
        full = f", max_waiting: 5, overflow: {{full: {draw(goes)}}}"
        overflow = [
            "",
            f", overflow: {{after: 1m, to: {draw(goes)}}}",
            f", overflow: {{after: 1m, to: {draw(goes)}, empty: {draw(goes)}}}",
            f", overflow: {{empty: {draw(goes)}}}",
            full,
        ]
        rest = hours + draw(st.sampled_from(overflow))
        lines.append(f"  {queue}: {{members: [{{user: ann}}]{rest}}}")
    lines += ["ivrs:", "  main:", "    start: n0", "    nodes:"]
    for number in range(3):
        a, b = draw(PLACES), draw(PLACES)
        c = draw(goes)  # hours that lead to hours within one tree may be refused as CC107
        node = draw(
            st.sampled_from(
                [
                    f"type: play, prompt: menu, then: {a}",
                    f'type: menu, prompt: menu, choices: {{"1": {a}}}, on_timeout: {b}',
                    f'type: menu, prompt: menu, choices: {{"1": {a}}}',
                    f"type: collect, prompt: menu, save_as: x, then: {a}, on_timeout: {b}",
                    f'type: dial, extension: "2900", on_no_answer: {a}',
                    'type: dial, extension: "2901"',
                    f'type: dial, extension: "2001", on_no_answer: {a}',
                    "type: queue, queue: qa",
                    f"type: hours, schedule: {draw(SCHEDULES)}, open: {c}, closed: queue/qb",
                ]
            )
        )
        lines.append(f"      n{number}: {{{node}}}")
    phones = PHONE + '  "2901": {device: none}\n'
    return "\n".join([PEOPLE + phones, *lines, ""])


ENTRIES = ["ivr/main", "queue/qa", "queue/qb, hours: week, closed: ivr/main"]


def states(judged: Estate) -> Iterator[tuple[Flow, Phases]]:
    flow = Flow(judged.centre)
    names = frozenset({"week", "late", "always"})
    for state in Year(judged.centre, judged.today).states(names):
        yield flow, state.phases


SILENT = {Event.SILENCE, Event.WRONG_KEY}


def is_unanswered(flow: Flow, phases: Phases, step: Step) -> bool:
    """Check whether an agent is there who could have answered."""
    here = {way.event for way in flow.possible(step.place, phases)}
    return step.way.event in {Event.NO_ANSWER, Event.FULL} or Event.ANSWERED in here


@settings(deadline=None, max_examples=scaled(50))
@given(estates())
def test_a_dead_end_is_where_a_journey_of_answered_calls_ends_badly(document: str) -> None:
    judged = estate(document)
    ends: set[Address] = set()
    for flow, phases in states(judged):
        for journey in journeys(flow, Place("number", "+61255501000"), phases).found:
            last = journey.steps[-1]
            if journey.end not in {End.CUT_OFF, End.WAITS} or last.way.event in SILENT:
                continue
            if not any(is_unanswered(flow, phases, step) for step in journey.steps):
                ends.add(last.place.address)
    assert {finding.address for finding in CHECKS["CC201"](judged)} == ends


@settings(deadline=None, max_examples=scaled(50))
@given(estates())
def test_there_is_a_round_where_a_caller_who_does_nothing_can_come_back(document: str) -> None:
    judged = estate(document)
    starts = [Place("ivr", "main", "n0"), Place("queue", "qa"), Place("queue", "qb")]
    expected = any(
        loops(flow, start, phases) for flow, phases in states(judged) for start in starts
    )
    reported = [*CHECKS["CC203"](judged), *CHECKS["CC213"](judged)]
    assert bool(reported) == expected


def test_a_room_that_may_be_full_is_no_dead_end() -> None:
    room = "conference_rooms:\n  daily: {max_members: 2}\n"
    for code in ("CC201", "CC263"):
        assert found(code, PHONE, room, number("conference_room/daily")) == []
