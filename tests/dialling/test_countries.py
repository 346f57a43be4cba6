"""Numbering plans: what the library writes as patterns is taken apart, and nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata
from phonenumbers.shortdata import _AVAILABLE_REGION_CODES as REGIONS

from ccstate.dialling.countries import Places, country_of, expanded


def patterns(region: str) -> list[str]:
    plan = PhoneMetadata.metadata_for_region(region)
    short = PhoneMetadata.short_metadata_for_region(region)
    assert plan
    assert short
    lines = (plan.premium_rate, short.premium_rate, short.emergency)
    written = [line.national_number_pattern for line in lines if line]
    return [text for text in [*written, plan.international_prefix] if text]


def emergency(region: str) -> str:
    short = PhoneMetadata.short_metadata_for_region(region)
    assert short
    assert short.emergency
    assert short.emergency.national_number_pattern
    return short.emergency.national_number_pattern


def holds(places: Places, number: str) -> bool:
    return len(places) == len(number) and all(d in p for d, p in zip(number, places, strict=True))


@given(st.sampled_from(sorted(REGIONS)), st.data())
def test_a_pattern_and_its_expansion_know_the_same_numbers(
    region: str, data: st.DataObject
) -> None:
    for written in patterns(region):
        ways = list(expanded(written))
        places = data.draw(st.sampled_from(ways))
        number = "".join(data.draw(st.sampled_from(digits)) for digits in places)
        assert re.fullmatch(written, number), written
        changed = number[:-1] + data.draw(st.sampled_from("0123456789"))
        is_known = any(holds(way, changed) for way in ways)
        assert bool(re.fullmatch(written, changed)) == is_known, (written, changed)


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_every_country_is_known_by_the_numbers_that_the_library_has(region: str) -> None:
    country = country_of(region)
    if country is None:
        assert region == "GN", "the library knows none for Guinea"
        return
    written = emergency(region)
    handsets = {"112"} if region in {"US", "PR", "VI", "GU", "AS", "MP", "CA"} else set()
    every = [f"{n:0{width}}" for width in (2, 3, 4) for n in range(10**width)]
    known = {number for number in every if re.fullmatch(written, number)}
    assert {n for n in country.all_emergency if len(n) <= 4} == known - handsets
    assert country.premium is not None


def test_a_number_that_is_promised_here_is_known_to_the_library() -> None:
    for region in REGIONS:
        if country := country_of(region):
            for number in country.main + country.secondary + country.text:
                assert re.fullmatch(emergency(region), number), (region, number)


@pytest.mark.parametrize("name", ["XX", "AA", "GN", "UK", ""])
def test_a_country_without_known_numbers_is_none(name: str) -> None:
    assert country_of(name) is None


@pytest.mark.parametrize("text", ["1(?:2", "[a]", "1+", "(1)", "1)2"])
def test_what_is_no_pattern_of_the_library_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no pattern of libphonenumber"):
        list(expanded(text))


@pytest.mark.parametrize(
    "country, digits, is_public",
    [
        ("AU", "0255501234", True),
        ("AU", "55501234", True),  # within its own area
        ("AU", "1300975707", True),
        ("AU", "131234", True),
        ("AU", "0011442079460000", True),
        ("AU", "255501234", False),
        ("AU", "00255501234", False),
        ("GB", "02079460000", True),
        ("GB", "00353155501234", True),
        ("GB", "902079460000", False),
        ("US", "12125550100", True),
        ("US", "2125550100", True),
        ("US", "5550100", True),
        ("US", "92125550100", False),
        ("PR", "2125550100", True),  # all of North America is one plan
        ("US", "2001", False),
        ("NO", "22334455", True),
        ("DE", "2001", False),
    ],
)
def test_what_people_dial_is_a_public_number_or_not(
    country: str, digits: str, is_public: bool
) -> None:
    found = country_of(country)
    assert found
    assert found.is_public(digits) == is_public


@pytest.mark.parametrize(
    "country, number, code",
    [
        ("GB", "+442079460000", "44"),
        ("GB", "02079460000", "44"),
        ("GB", "+12125550100", "1"),
        ("GB", "2001", ""),
        ("GB", "+4420", ""),
        ("US", "2125550100", "1"),
        ("US", "5550100", ""),  # only within its own area
        ("US", "2001", ""),
        ("NO", "22334455", "47"),
    ],
)
def test_a_number_can_be_called_from_anywhere_or_not(country: str, number: str, code: str) -> None:
    found = country_of(country)
    assert found
    assert found.calling_code_of(number) == code
