"""Numbers in whichever form become international ones, or nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.dialling.international import international, region_of


@pytest.mark.parametrize(
    "prefix, region",
    [
        ("+1", "US"),
        ("+61", "AU"),
        ("+4930", "DE"),
        ("+353", "IE"),
        ("", ""),
        ("61", ""),
        ("+0", ""),
    ],
)
def test_the_country_of_a_prefix(prefix: str, region: str) -> None:
    assert region_of(prefix) == region


@pytest.mark.parametrize(
    "written, prefix",
    [("", "+61"), ("12", "+61"), ("0255501000", ""), ("x", "+61"), ("+0123456789", "")],
)
def test_what_is_no_number_has_no_international_form(written: str, prefix: str) -> None:
    assert not international(written, prefix)


@given(st.text("+0123456789", max_size=18), st.sampled_from(["", "+1", "+61", "+4930", "+39"]))
def test_an_international_form_is_in_e164_and_stays_as_it_is(written: str, prefix: str) -> None:
    number = international(written, prefix)
    assert re.fullmatch(r"(\+[1-9][0-9]{6,14})?", number)
    assert international(number, prefix) == number
