"""How long it takes to go every way that a call can go through a large contact centre.

python benchmarks/journeys.py [TREES]: 500 trees of ten nodes, a number each. Five trees belong
together: a front door that leads to four departments, each of which leads back. The figures are
seconds of processor time.

python benchmarks/journeys.py tangles: one tree of 50, 500 and 2,000 nodes, twelve random choices
each, and what a plan, `simulate --all`, `test --generate` and `graph` do where one choice changes.
"""

import random
import sys
import time
from collections import Counter
from datetime import date, timedelta
from typing import Any

from ccstate.journeys.call_tests import coverage
from ccstate.journeys.centre import Centre
from ccstate.journeys.differences import differences
from ccstate.journeys.enumeration import calls, journeys, loops
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.ways import KEYS, End, Place
from ccstate.model import Address, Fields
from ccstate.render.graph.drawing import drawing_of
from ccstate.render.graph.mermaid import mermaid

TREES = 500
TOGETHER = 5
FIRST = date(2026, 11, 22)
ZONES = (
    "Australia/Sydney", "Australia/Melbourne", "Australia/Adelaide", "Australia/Brisbane",
    "Australia/Perth",
)  # fmt: skip
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def schedule(index: int) -> dict[str, Any]:
    """Weekdays, some Saturdays, twelve holidays of which half are the state's own."""
    holidays = [
        {
            "name": f"Holiday {number}" + (f" of {index}" if number % 2 else ""),
            "date": (FIRST + timedelta(days=28 * number + index * (number % 2))).isoformat(),
        }
        for number in range(1, 13)
    ]
    spans = [f"0{8 + index % 2}:00-1{7 + index % 3}:30"]
    weekly: dict[str, Any] = dict.fromkeys(WEEKDAYS, spans)
    if index % 2:
        weekly["sat"] = ["09:00-12:00"]
    return {
        "timezone": ZONES[index],
        "weekly": weekly,
        "holidays": holidays,
        "exceptions": [{"date": "2026-12-24", "hours": ["08:00-12:00"], "reason": "Christmas Eve"}],
    }


def tree(index: int) -> dict[str, Any]:
    """Ten nodes: a door, a welcome, a menu of six with one below it, and where they lead."""
    front = index - index % TOGETHER
    departments = [f"ivr/tree-{front + number}" for number in range(1, TOGETHER)]
    is_front = index == front
    choices = {"1": "sales", "2": "support", "3": "ring", "4": "message", "9": "more", "0": "sales"}
    others = dict(zip("1234", departments, strict=True)) if is_front else {"*": f"ivr/tree-{front}"}
    own = hours(index)
    nodes: dict[str, dict[str, Any]] = {
        "door": {"type": "hours", "schedule": own, "open": "welcome", "closed": "closed",
                 "holiday": "holiday"},
        "welcome": {"type": "play", "prompt": "hello", "then": "menu"},
        "menu": {"type": "menu", "prompt": "choose", "choices": choices, "on_timeout": "sales"},
        "more": {"type": "menu", "prompt": "choose", "choices": {"5": "account", "#": "menu", **others},
                 "on_timeout": "support"},
        "account": {"type": "collect", "prompt": "choose", "save_as": "account", "min_digits": 6,
                    "max_digits": 6, "then": "support", "on_timeout": "support"},
        "sales": {"type": "queue", "queue": f"sales-{index}"},
        "support": {"type": "queue", "queue": f"support-{index}"},
        "ring": {"type": "dial", "extension": "2000", "on_no_answer": "message"},
        "closed": {"type": "play", "prompt": "hello", "then": "message"},
        "message": {"type": "voicemail", "mailbox": "2000"},
        "holiday": {"type": "hangup", "prompt": "hello"},
    }  # fmt: skip
    del nodes["holiday" if is_front else "closed"]
    nodes["door"].update({"holiday": "closed"} if is_front else {"closed": "message"})
    return {"language": "en-AU", "start": "door", "nodes": nodes}


def hours(index: int, further: int = 0) -> str:
    """The schedule of a tree: those that belong together open together."""
    return f"s{(index // TOGETHER + further) % len(ZONES)}"


def queues(index: int) -> dict[str, dict[str, Any]]:
    """Sales keep the hours of their trees, support those of another state."""
    message = "voicemail/2000"
    full = {"after": "4m", "to": f"queue/support-{index}", "empty": message, "full": message}
    late = {"after": "5m", "to": message, "empty": message}
    crew: dict[str, Any] = {"members": [{"team": "crew"}]}
    return {
        f"sales-{index}": {**crew, "max_waiting": 20, "overflow": full, "hours": hours(index)},
        f"support-{index}": {**crew, "overflow": late, "hours": hours(index, further=1)},
    }


def number(index: int) -> str:
    """A number reserved for fiction."""
    return f"+6125550{index:04}"


def estate(trees: int) -> dict[Address, Fields]:
    """So many trees, each with its number and two queues, and what they share."""
    words: Any = {"en-AU": {"text": "Thank you for calling us, please choose from what follows"}}
    found: dict[Address, Fields] = {
        Address("extension", "2000"): {"voicemail": {"greeting": "hello"}},
        Address("team", "crew"): {},
        Address("user", "ann"): {"name": "Ann", "team": "crew", "extension": "2000"},
        Address("prompt", "hello"): {"languages": words},
        Address("prompt", "choose"): {"languages": words},
    }
    for index in range(len(ZONES)):
        found[Address("schedule", f"s{index}")] = schedule(index)
    for index in range(trees):
        found[Address("ivr", f"tree-{index}")] = tree(index)
        found[Address("number", number(index))] = {"to": f"ivr/tree-{index}"}
        for name, fields in queues(index).items():
            found[Address("queue", name)] = fields
    return found


def main(trees: int) -> None:
    began = time.process_time()
    flow = Flow(Centre(estate(trees)))
    year = Year(flow.centre, FIRST)
    starts = [Place("number", name) for name in flow.centre.of("number")]
    places = {place for start in starts for place in flow.reached(start)}
    built = time.process_time()
    states = {start: year.states(flow.schedules(flow.reached(start))) for start in starts}
    dated = time.process_time()
    ends: Counter[End] = Counter()
    moments = rounds = incomplete = 0
    for start in starts:
        for state in states[start]:
            found = journeys(flow, start, state.phases)
            ends.update(journey.end for journey in found.found)
            incomplete += not found.is_complete
            moments += len(state.moments)
    gone = time.process_time()
    for start in starts:
        for state in states[start]:
            rounds += len(loops(flow, start, state.phases))
    ended = time.process_time()
    print(f"building  {built - began:6.2f} s  {trees:,} trees, {len(places):,} places")
    print(
        f"states    {dated - built:6.2f} s  {sum(map(len, states.values())):,}, {moments:,} moments"
    )
    print(
        f"journeys  {gone - dated:6.2f} s  {ends.total():,}, {incomplete} states with more than are listed"
    )
    print(f"loops     {ended - gone:6.2f} s  {rounds}")
    print(f"together  {ended - began:6.2f} s")
    print(", ".join(f"{count:,} {end}" for end, count in sorted(ends.items())))


def tangle(size: int, change: str = "") -> dict[Address, Fields]:
    """A tree of so many menus, each key of which leads to any of them or to one of ten extensions.

    With a change, key 5 of the second menu leads there.
    """
    chance = random.Random(7)
    names = [f"n{number}" for number in range(size)]
    ends = [f"extension/{number}" for number in range(2000, 2010)]
    nodes: dict[str, Any] = {
        name: {
            "type": "menu", "prompt": "choose", "on_timeout": "hangup",
            "choices": {key: chance.choice(names + ends) for key in KEYS},
        }
        for name in names
    }  # fmt: skip
    if change:
        nodes["n1"]["choices"]["5"] = change
    return {
        Address("ivr", "tangle"): {"start": "n0", "nodes": nodes},
        Address("prompt", "choose"): {"languages": {"en-AU": {"text": "Please choose"}}},
        Address("number", number(0)): {"to": "ivr/tangle"},
        **{Address("extension", str(n)): {"device": "deskphone"} for n in range(2000, 2010)},
    }


def tangles() -> None:
    for size in (50, 500, 2000):
        for what, to in (("an extension", "extension/2009"), ("another node", "n3")):
            before, after = Flow(Centre(tangle(size))), Flow(Centre(tangle(size, to)))
            began = time.process_time()
            found = differences(before, after, FIRST)
            took = time.process_time() - began
            least = "at least " if found.uncompared else ""
            print(
                f"{size:5} nodes, a key to {what:12}: {took:6.2f} s, {least}{found.changed:,} of "
                f"{found.compared:,} journeys end elsewhere"
            )
        flow = Flow(Centre(tangle(size)))
        year = Year(flow.centre, FIRST)
        began = time.process_time()
        made = calls(flow, year, Place("number", number(0)))
        walked = time.process_time()
        covered = coverage(flow, year, ())
        ended = time.process_time()
        rest = "" if all(block.is_complete for block in made.blocks) else ", of more"
        count = sum(len(block.calls) for block in made.blocks)
        print(f"{size:5} nodes, every call: {walked - began:6.2f} s, {count:,}{rest}")
        print(f"{size:5} nodes, ends for tests: {ended - walked:6.2f} s, {covered.ends}")
        began = time.process_time()
        text = mermaid(drawing_of(flow, Address("ivr", "tangle")))
        print(f"{size:5} nodes, as Mermaid: {time.process_time() - began:6.2f} s, {len(text):,} B")


if __name__ == "__main__":
    if sys.argv[1:] == ["tangles"]:
        tangles()
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else TREES)
