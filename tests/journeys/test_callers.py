"""The classes of callers that lists tell apart."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccstate.journeys.centre import Centre
from ccstate.journeys.moments import WITHHELD, callers, lists_of
from ccstate.model import Address
from tests.growth import is_linear

DIGITS = "012"
"""Few digits, so that entries of lists often begin alike."""
prefixes = st.text(DIGITS, max_size=3).map(lambda rest: f"+6{rest}")
numbers = st.text(DIGITS, min_size=6, max_size=8).map(lambda rest: f"+6{rest}")
lists = st.fixed_dictionaries(
    {},
    optional={
        "numbers": st.lists(numbers, max_size=4),
        "prefixes": st.lists(prefixes, max_size=4),
        "withheld": st.booleans(),
    },
)
centres = st.fixed_dictionaries(dict.fromkeys(("blocked", "vip", "staff"), lists))


def centre(named: dict[str, dict[str, Any]]) -> Centre:
    return Centre({Address("caller_list", name): fields for name, fields in named.items()})


def holds(fields: dict[str, Any], number: str) -> bool:
    """What the kind says, one entry after the other."""
    if number == WITHHELD:
        return bool(fields.get("withheld"))
    if any(number == entry for entry in fields.get("numbers", ())):
        return True
    return any(number.startswith(prefix) for prefix in fields.get("prefixes", ()))


@given(centres, numbers | st.just(WITHHELD) | st.just(""))
def test_a_number_is_in_the_lists_that_hold_it(
    named: dict[str, dict[str, Any]], number: str
) -> None:
    expected = {name for name, fields in named.items() if holds(fields, number)}
    assert lists_of(centre(named), number, sorted(named)) == expected


@given(centres, numbers | st.just(WITHHELD))
def test_every_caller_is_of_a_class_that_is_listed(
    named: dict[str, dict[str, Any]], number: str
) -> None:
    found = callers(centre(named), sorted(named))
    assert lists_of(centre(named), number, sorted(named)) in [each.lists for each in found]


@given(centres)
def test_the_number_of_a_class_is_in_its_lists_and_no_class_is_listed_twice(
    named: dict[str, dict[str, Any]],
) -> None:
    found = callers(centre(named), sorted(named))
    assert found[0].number == ""
    assert len({each.lists for each in found}) == len(found)
    for each in found:
        assert lists_of(centre(named), each.number, sorted(named)) == each.lists


def test_a_list_that_is_not_there_holds_no_caller() -> None:
    assert lists_of(centre({}), "+61491570006", ["gone"]) == frozenset()
    assert [each.lists for each in callers(centre({}), ["gone"])] == [frozenset()]


def test_long_lists_take_as_much_longer_as_they_are_longer() -> None:
    def many(count: int) -> None:
        entries = [f"+61255{number:06}" for number in range(count)]
        callers(
            centre({"vip": {"numbers": entries}, "staff": {"prefixes": entries}}), ["vip", "staff"]
        )

    assert is_linear(many, 200)
