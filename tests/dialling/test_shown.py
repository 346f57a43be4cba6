"""Which number a call shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.dialling.shown import Shown, Source, number_shown
from ccstate.journeys.centre import Centre
from ccstate.model import Address

S = Source


@pytest.mark.parametrize(
    "numbers, ordinary, emergency",
    [
        ({}, "2001", "2001"),
        ({S.EXTENSION: "2000"}, "2000", "2000"),
        ({S.EXTENSION: "2000", S.TRUNK: "+611"}, "2000", "+611"),
        ({S.EXTENSION: "+612", S.TRUNK: "+611"}, "+612", "+612"),
        ({S.EXTENSION: "+612", S.ROUTE: "+613", S.TRUNK: "+611"}, "+612", "+613"),
        ({S.ROUTE: "+613", S.TRUNK: "+611"}, "+613", "+613"),
        ({S.SITE: "+614", S.ROUTE: "+613", S.EXTENSION: "+612"}, "+612", "+614"),
        ({S.ARRIVING: "+615"}, "2001", "+615"),
        ({S.ARRIVING: "+615", S.TRUNK: "+611"}, "+611", "+611"),
        ({S.ARRIVING: "+615", S.EXTENSION: "2000"}, "2000", "+615"),
    ],
)
def test_the_precedence(numbers: dict[Source, str], ordinary: str, emergency: str) -> None:
    assert number_shown(numbers, is_emergency=False, internal="2001") == ordinary
    assert number_shown(numbers, is_emergency=True, internal="2001") == emergency


@given(st.dictionaries(st.sampled_from(Source), st.sampled_from(["", "2000", "+61255501000"])))
def test_an_emergency_shows_an_inside_number_only_where_there_is_no_other(
    numbers: dict[Source, str],
) -> None:
    told = number_shown(numbers, is_emergency=True, internal="2001")
    assert told.startswith("+") == ("+61255501000" in numbers.values())


def test_the_first_number_that_arrives_on_a_trunk_stands_in_for_it() -> None:
    shown = Shown(
        Centre(
            {
                Address("trunk", "carrier"): {"host": "sip.carrier.example"},
                Address("number", "+61255501002"): {"to": "hangup", "trunk": "carrier"},
                Address("number", "+61255501001"): {"to": "hangup", "trunk": "carrier"},
                Address("number", "+61255501000"): {"to": "hangup"},
            }
        )
    )
    assert shown.arriving("carrier") == "+61255501001"
    assert shown.arriving("other") == ""
