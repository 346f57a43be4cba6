"""What rules and journeys say of a change when only its surroundings are judged.

The judgement of the part must be that of the whole estate, whatever is changed in it; and it is not
where a rule claims a reach that is too small.
"""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.desired import ParseCache, load, load_settings
from ccstate.errors import Severity
from ccstate.journeys.differences import differences
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields, Resource, State
from ccstate.rules import RULES, Comparison, Estate, Reach, Rule
from ccstate.rules.judge import found_newly
from tests.journeys.strategies_journeys import centres
from tests.rules.estates import estate
from tests.rules.test_robustness import canonical, least, places, some

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 22)


FEW = settings(max_examples=max(10, settings().max_examples // 5))
"""A case asks every rule four times."""


class Narrow(Comparison):
    """A comparison that narrows however small the estate is."""

    def _is_most(self, addresses: object) -> bool:
        return False


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> State:
    return load(load_settings(ROOT), ParseCache(tmp_path_factory.mktemp("cache"))).state


def new_in_whole(rule: Rule, comparison: Comparison) -> set[tuple[object, ...]]:
    known = {found.message for found in rule.check(comparison.before)}
    return {
        (KINDS[found.address.kind].plural, found.address.name, *found.path, found.message)
        for found in rule.check(comparison.after)
        if found.message not in known
    }


def new_in_part(rule: Rule, comparison: Comparison) -> set[tuple[object, ...]]:
    found = found_newly(rule, Severity.ERROR, comparison)
    return {(*finding.path, finding.problem.message) for finding in found}


def check(before: State, after: State) -> None:
    comparison = Narrow(Estate(before, TODAY), Estate(after, TODAY))
    for rule in RULES.values():
        part, whole = new_in_part(rule, comparison), new_in_whole(rule, comparison)
        assert part == whole, (rule.code, rule.name)
    reported = differences(comparison.before.flow, comparison.after.flow, TODAY)
    if (part_ := comparison.part(Reach.JOINED)) is None:
        assert reported.compared == 0
        assert not reported.added
        assert not reported.removed
    else:
        assert differences(part_[0].flow, part_[1].flow, TODAY) == reported


@st.composite
def edited(draw: st.DrawFn, state: State) -> State:
    """The state with some objects edited, gone, renamed or made anew as another is."""
    found = dict(state)
    for _ in range(draw(st.integers(1, 3), label="changes")):
        address = draw(some({a: r.fields for a, r in found.items()}))
        fields: Any = deepcopy(found[address].fields)
        ways = ["goes", "label", "twin", "bare", *(["less", "other", "nested"] if fields else [])]
        what = draw(st.sampled_from(ways))
        if what == "goes":
            del found[address]
            continue
        if what == "less":
            fields.pop(draw(st.sampled_from(sorted(fields))), None)
        elif what == "other":
            alike = [a for a in found if a.kind == address.kind]
            other: Any = found[draw(st.sampled_from(alike))].fields or fields
            field = draw(st.sampled_from(sorted(other)))
            fields[field] = deepcopy(other[field])
        elif what == "label":
            fields["label"] = draw(st.sampled_from(["New", "Sales", "Emergency phone in the lift"]))
        elif what == "twin":
            address = Address(address.kind, f"{address.name}9")
        elif what == "bare":
            fields = least(address.kind, fields)
        else:
            owner, key = draw(st.sampled_from(list(places(fields))))
            del owner[key]
        after = canonical(address.kind, fields)
        if after is not None:
            found[address] = Resource(address, after, "all.yaml")
    return found


@FEW
@given(st.data())
def test_what_is_new_in_the_part_is_what_is_new_in_the_whole(
    example: State, data: st.DataObject
) -> None:
    check(example, data.draw(edited(example)))


@FEW
@given(centres(), st.data())
def test_of_any_estate_the_part_says_what_the_whole_says(
    plain: dict[str, dict[str, Fields]], data: st.DataObject
) -> None:
    state = {
        Address(kind, name): Resource(Address(kind, name), after, "all.yaml")
        for kind, named in plain.items()
        for name, fields in named.items()
        if (after := canonical(kind, fields)) is not None
    }
    check(state, data.draw(edited(state)))


CLOSED_ON_MONDAYS = """
numbers:
  "+61255501000": {to: queue/sales}
queues:
  sales: {hours: weekdays, members: [{extension: "2101"}]}
extensions:
  "2101": {}
schedules:
  weekdays: {timezone: Australia/Sydney, weekly: {tue: ["09:00-17:00"]}}
"""


def test_a_reach_that_is_too_small_loses_what_is_new() -> None:
    now = estate(CLOSED_ON_MONDAYS)
    before = estate(CLOSED_ON_MONDAYS.replace("hours: weekdays, ", ""))
    comparison = Narrow(before, now)
    dead_ends = RULES["CC201"]
    assert new_in_part(dead_ends, comparison) == new_in_whole(dead_ends, comparison) != set()
    too_small = replace(dead_ends, reach=Reach.OBJECT)
    assert new_in_part(too_small, comparison) != new_in_whole(dead_ends, comparison)
