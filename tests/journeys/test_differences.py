"""What a change means to callers, against walking every call by the clock."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.journeys.centre import Centre
from ccstate.journeys.differences import MOST_SHOWN, differences
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.moments import Positions, Year
from ccstate.journeys.walk import walk, zone_of
from ccstate.journeys.ways import End, Event, Place
from ccstate.model import Address, Fields, JourneyChange, Journeys
from tests.examples import scaled
from tests.journeys.strategies_journeys import FIRST, Plain, centre, centres, entries, moments
from tests.journeys.tangles import estate, wide
from tests.journeys.tangles import menu as menu_node

SCHEDULE = {
    "timezone": "Australia/Sydney",
    "weekly": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": [{"name": "Christmas Day", "date": "2026-12-25"}],
}
CENTRE: Plain = {
    "schedule": {"office": SCHEDULE},
    "prompt": {"menu": {"languages": {"en": {"text": "For sales, press 1."}}}},
    "extension": {"10": {"label": "Ann"}, "20": {"label": "Messages", "voicemail": {}}},
    "user": {"ann": {"name": "Ann", "extension": "10"}},
    "queue": {"sales": {"label": "Sales", "members": [{"user": "ann"}], "hours": "office"}},
    "ivr": {
        "main": {
            "start": "menu",
            "nodes": {
                "menu": {
                    "type": "menu",
                    "prompt": "menu",
                    "choices": {"1": "queue/sales"},
                    "on_timeout": "voicemail/20",
                }
            },
        }
    },
    "number": {
        "+61255500000": {"label": "Main", "to": "ivr/main", "hours": "office", "closed": "hangup"}
    },
}


def objects(plain: Plain) -> dict[Address, Fields]:
    return {Address(k, n): fields for k, named in plain.items() for n, fields in named.items()}


def with_(plain: Plain, kind: str, name: str, **fields: Any) -> Plain:
    return {**plain, kind: {**plain[kind], name: {**plain[kind].get(name, {}), **fields}}}


def without(plain: Plain, kind: str, name: str) -> Plain:
    return {**plain, kind: {n: f for n, f in plain[kind].items() if n != name}}


def menu(plain: Plain, **fields: Any) -> Plain:
    node = {**plain["ivr"]["main"]["nodes"]["menu"], **fields}
    return with_(plain, "ivr", "main", nodes={"menu": node})


def test_another_human_is_elsewhere_and_nothing_is_lost() -> None:
    found = compared(CENTRE, menu(CENTRE, choices={"1": "extension/10"}))
    moved = [change for change in found.changes if change.after.at == "extension/10"]
    assert [change.worse for change in moved if change.before.at == "queue/sales"] == [5]
    assert found.lost == sum(change.count for change in found.changes if change.worse < 3)


def test_a_message_that_is_no_longer_taken_is_worse_but_loses_no_human() -> None:
    before = menu(CENTRE, choices={"1": "voicemail/20"})
    found = compared(before, menu(before, on_timeout=None))
    assert {change.worse for change in found.changes} == {3}
    assert found.changed > 0
    assert found.lost == 0


def test_a_key_that_now_leads_round_for_ever_is_reported() -> None:
    node = CENTRE["ivr"]["main"]["nodes"]["menu"]
    nodes = {
        "menu": {**node, "choices": {"1": "round"}},
        "round": {"type": "goto", "to": "back"},
        "back": {"type": "goto", "to": "round"},
    }
    found = compared(CENTRE, with_(CENTRE, "ivr", "main", nodes=nodes))
    assert found.changes[0].after.end == "goes round without end"
    assert found.changes[0].worse == 0


def test_a_new_key_that_leads_round_for_ever_is_reported() -> None:
    before = with_(CENTRE, "number", "+61255500000", to="hangup")
    node = CENTRE["ivr"]["main"]["nodes"]["menu"]
    nodes = {
        "menu": {**node, "choices": {"1": "round"}, "on_timeout": "hangup"},
        "round": {"type": "goto", "to": "round"},
    }
    (change,) = compared(before, with_(CENTRE, "ivr", "main", nodes=nodes)).changes
    assert (change.keys, change.after.end) == (("1",), "goes round without end")


def test_a_holiday_that_only_a_calendar_loses_is_reported() -> None:
    day = {"name": "Labour Day", "date": "2027-10-04"}
    before = with_(CENTRE, "schedule", "office", calendars=["nsw"])
    before["calendar"] = {"nsw": {"holidays": [day]}}
    after = {**before, "calendar": {"nsw": {"holidays": []}}}
    found = compared(before, after)
    assert found.changed > 0
    expected = {when.partition(" ")[2] for change in found.changes for when in change.when}
    assert expected == {"Labour Day"}
    named_otherwise = with_(before, "schedule", "office", calendars=["sydney"])
    named_otherwise["calendar"] = {"sydney": {"holidays": [day]}}
    assert compared(before, named_otherwise).changed == 0


def test_coming_back_is_no_journey_of_its_own() -> None:
    back = menu(CENTRE, choices={"1": "queue/sales", "*": "menu"})
    found = compared(back, menu(back, on_timeout="hangup"))
    # Silence, a wrong key, and 1, behind which nothing changes; where it is closed, the end at once.
    open_, closed = 3, 1
    moments = Year(centre(back), FIRST).states(["office"])
    by_phase = {str(state.phases["office"]): len(state.moments) for state in moments}
    expected = by_phase["open"] * open_ + (by_phase["closed"] + by_phase["holiday"]) * closed
    assert found.compared == expected


def flows(*plains: Plain) -> list[Flow]:
    return [Flow(Centre(objects(plain))) for plain in plains]


def compared(before: Plain, after: Plain) -> Journeys:
    old, new = flows(before, after)
    return differences(old, new, FIRST)


def the_change(before: Plain, after: Plain) -> JourneyChange:
    found = compared(before, after).changes
    assert len(found) == 1, found
    return found[0]


def test_nothing_changes_for_callers_where_only_a_wallboard_or_a_prompt_does() -> None:
    reworded = {"languages": {"en": {"text": "Press 1 for our sales team."}}}
    after = with_(CENTRE, "prompt", "menu", **reworded)
    found = compared(CENTRE, {**after, "display": {"wall": {"tiles": []}}})
    assert (found.changed, found.changes, found.added, found.removed) == (0, (), (), ())


def test_a_key_that_leads_to_a_mailbox_now_loses_a_human() -> None:
    node = {**CENTRE["ivr"]["main"]["nodes"]["menu"], "choices": {"1": "voicemail/20"}}
    found = compared(CENTRE, with_(CENTRE, "ivr", "main", nodes={"menu": node}))
    worst = found.changes[0]
    assert (worst.before.end, worst.before.at, worst.before.label) == (
        "human", "queue/sales", "Sales",
    )  # fmt: skip
    assert (worst.after.end, worst.after.at) == ("message", "voicemail/20")
    assert worst.keys == ("1",)
    assert worst.worse < 3
    # Open in the ordinary way, and in each of the two hours after clocks change.
    assert found.lost == worst.count > 0


def test_the_last_of_a_team_who_leaves_is_noticed_by_callers() -> None:
    after = with_(CENTRE, "queue", "sales", members=[])
    change = the_change(CENTRE, after)
    assert (change.before.end, change.after.end) == ("human", "waits without end")
    assert change.worse == 0


def test_a_new_holiday_is_reported_with_its_name_and_in_the_number_s_own_time() -> None:
    holidays = [*SCHEDULE["holidays"], {"name": "Cup Day", "date": "2027-03-08"}]
    after = with_(CENTRE, "schedule", "office", holidays=holidays)
    found = compared(CENTRE, after)
    assert {change.after.end for change in found.changes} == {"hangup"}
    assert {when for change in found.changes for when in change.when} == {
        "2027-03-08T10:00 Cup Day"
    }


def test_numbers_that_lead_to_one_tree_are_shown_in_one_line() -> None:
    two = with_(CENTRE, "number", "+61255500001", **CENTRE["number"]["+61255500000"])
    change = the_change(two, with_(two, "queue", "sales", members=[]))
    assert (change.number, change.more) == ("+61255500000", 1)


def test_a_number_that_comes_or_goes_is_reported_with_where_it_leads() -> None:
    gone = without(CENTRE, "number", "+61255500000")
    added, removed = compared(gone, CENTRE), compared(CENTRE, gone)
    assert [number.number for number in added.added] == ["+61255500000"]
    assert [number.number for number in removed.removed] == ["+61255500000"]
    ends = [arrival.end for arrival in added.added[0].arrivals]
    assert ends == ["human", "message", "hangup", "waits without end"]


def test_of_a_new_number_with_many_ends_the_bad_ones_are_named() -> None:
    nodes = wide(2)
    nodes["n12"]["on_timeout"] = "extension/nobody"
    full = estate(nodes, 0)
    full["extension"] |= {str(number): {"device": "deskphone"} for number in range(3000, 3060)}
    nodes["n0"]["choices"] |= {"1": "more0"}
    for number in range(6):
        choices = {str(digit): f"extension/{3000 + 10 * number + digit}" for digit in range(10)}
        nodes[f"more{number}"] = menu_node(choices, f"more{number + 1}")
    nodes["more6"] = {"type": "hangup"}
    (added,) = compared({**full, "number": {}}, full).added
    assert len(added.arrivals) == MOST_SHOWN
    assert added.arrivals[-1].end == "cut off"
    everybody = 60 + 12 + 12  # with a mailbox each of the twelve
    assert added.more == everybody + len(["hangup", "cut off"]) - MOST_SHOWN


def test_what_gets_better_comes_last() -> None:
    half = {**CENTRE["ivr"]["main"]["nodes"]["menu"], "choices": {"1": "queue/sales"}}
    before = with_(CENTRE, "ivr", "main", nodes={"menu": {**half, "on_timeout": "hangup"}})
    before = with_(before, "queue", "sales", overflow={"empty": "voicemail/20"})
    after = with_(CENTRE, "queue", "sales", members=[], overflow={"empty": "voicemail/20"})
    worse = [change.worse for change in compared(before, after).changes]
    assert worse == sorted(worse)
    assert worse[-1] == 6


def ends(
    flow: Flow, at: datetime, change: JourneyChange, positions: Positions, caller: str
) -> tuple[End, str]:
    place = Place("number", change.number)
    year = Year(flow.centre, FIRST)
    phases = year.phases(flow.schedules(flow.reached(place)), at, positions, caller)
    outcomes = [Event(outcome) for outcome in change.outcomes]
    journey = walk(flow, place, phases, change.keys, outcomes=outcomes)
    return journey.end, journey.at


def positions_of(before: Plain, after: Plain, when: str = "") -> dict[str, Position]:
    """Where switches stand that are the same before and after, but for those that `when` names."""
    switches = {**before["switch"], **after["switch"]}
    found = {name: Position(switch.get("default", "off")) for name, switch in switches.items()}
    return found | {n: Position(p) for n, p in re.findall(r"switch (\S+) (on|off)", when)}


@given(centres(), centres())
@settings(max_examples=scaled(60))
def test_every_change_that_is_reported_is_one_at_the_moments_reported(
    before: Plain, after: Plain
) -> None:
    old, new = flows(before, after)
    for change in compared(before, after).changes:
        zone = zone_of(new, Place("number", change.number))
        for when in change.when:
            clock = when.partition(" ")[0]
            positions = positions_of(before, after, when)
            caller = re.search(r"caller (\S+)$", when)
            number = caller[1] if caller else ""
            tellings = [
                (
                    ends(old, moment, change, positions, number),
                    ends(new, moment, change, positions, number),
                )
                for moment in _moments(clock, zone)
            ]
            expected = (
                (End(change.before.end), change.before.at),
                (End(change.after.end), change.after.at),
            )
            assert expected in tellings


def _moments(clock: str, zone: ZoneInfo) -> list[datetime]:
    """The moments that a clock there can mean: two in the hour that comes twice."""
    local = datetime.fromisoformat(clock)
    return [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


@given(centres(), centres(), moments, entries)
@settings(max_examples=scaled(100))
def test_where_nothing_is_reported_no_call_ends_elsewhere(
    before: Plain, after: Plain, at: datetime, keys: list[str]
) -> None:
    after = {**after, "number": before["number"]}
    if compared(before, after).changed:
        return
    old, new = flows(before, after)
    for number in before["number"]:
        place = Place("number", number)
        found = [
            walk(flow, place, Year(flow.centre, FIRST).phases(
                flow.schedules(flow.reached(place)), at, positions_of(before, after)), keys)
            for flow in (old, new)
        ]  # fmt: skip
        one, other = ((journey.end, journey.at) for journey in found)
        assert one == other


@given(centres())
@settings(max_examples=scaled(60))
def test_a_centre_does_not_differ_from_itself(plain: Plain) -> None:
    found = compared(plain, plain)
    assert (found.changed, found.compared, found.added, found.removed) == (0, 0, (), ())


@given(centres(), centres(), st.data())
@settings(max_examples=scaled(30))
def test_the_same_two_centres_are_compared_in_the_same_words(
    before: Plain, after: Plain, data: st.DataObject
) -> None:
    def shuffled(plain: Plain) -> Plain:
        kinds = data.draw(st.permutations(list(plain)))
        return {kind: dict(reversed(plain[kind].items())) for kind in kinds}

    assert compared(shuffled(before), shuffled(after)) == compared(before, after)
