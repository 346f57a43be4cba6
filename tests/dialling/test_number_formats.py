"""How carriers write numbers: held against examples of carriers, and against phonenumbers itself."""

from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ccstate.dialling.number_formats import (
    CarrierFormats,
    carrier_formats,
    in_e164,
    read_as_e164,
    rewritten,
    written_for,
)
from ccstate.journeys.centre import Centre
from ccstate.model import Address

WRITTEN = {
    ("AU", "+61255501234"): ("0255501234", "61255501234"),
    ("AU", "+61491570006"): ("0491570006", "61491570006"),
    ("AU", "+611300975707"): ("1300975707", "611300975707"),
    ("AU", "+442079460000"): ("0011442079460000", "442079460000"),
    ("GB", "+442079460000"): ("02079460000", "442079460000"),
    ("GB", "+61255501234"): ("0061255501234", "61255501234"),
    ("US", "+12125550100"): ("2125550100", "12125550100"),
    ("US", "+442079460000"): ("011442079460000", "442079460000"),
    ("IT", "+390612345678"): ("0612345678", "390612345678"),
    ("ES", "+34912345678"): ("912345678", "34912345678"),
}
"""E.164 as a carrier of a country writes it: national, and international without plus."""


@pytest.mark.parametrize("country, number", WRITTEN)
def test_a_number_leaves_as_the_carrier_writes_it(country: str, number: str) -> None:
    national, international = WRITTEN[country, number]
    assert rewritten(written_for("national", country), number) == national
    assert rewritten(written_for("international", country), number) == international
    assert rewritten(written_for("e164", country), number) == number


@pytest.mark.parametrize("country, number", WRITTEN)
def test_a_number_that_arrives_is_read_as_e164(country: str, number: str) -> None:
    national, international = WRITTEN[country, number]
    assert rewritten(read_as_e164("national", country), national) == number
    assert rewritten(read_as_e164("international", country), international) == number
    assert rewritten(read_as_e164("e164", country), number) == number
    for number_format in ("national", "international"):
        assert rewritten(read_as_e164(number_format, country), number) == number


@pytest.mark.parametrize("country, number", WRITTEN)
def test_what_is_dialled_leaves_in_e164(country: str, number: str) -> None:
    national, international = WRITTEN[country, number]
    assert rewritten(written_for("e164", country), national) == number
    assert rewritten(written_for("international", country), national) == international


@pytest.mark.parametrize(
    "country, dialled",
    [("AU", "000"), ("AU", "106"), ("GB", "999"), ("US", "911"), ("AU", "*61")],
)
def test_short_codes_are_left_as_they_are(country: str, dialled: str) -> None:
    for number_format in ("national", "international", "e164"):
        assert rewritten(written_for(number_format, country), dialled) == dialled
        assert rewritten(read_as_e164(number_format, country), dialled) == dialled


def test_north_americans_may_write_the_one_or_leave_it_out() -> None:
    for written in ("2125550100", "12125550100", "+12125550100"):
        assert in_e164(written, "US") == "+12125550100"


def test_without_a_country_nothing_is_national() -> None:
    assert rewritten(read_as_e164("national", ""), "0255501234") == "0255501234"
    assert rewritten(written_for("national", ""), "+61255501234") == "+61255501234"
    assert rewritten(written_for("international", ""), "+61255501234") == "61255501234"


CLASSES = (
    PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST, PhoneNumberType.PREMIUM_RATE,
)  # fmt: skip
# Argentina puts a 9 before mobiles and a 15 behind their area; Belarus writes "8 0" before areas.
OTHERWISE = {"AR", "BY"}


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.sampled_from(CLASSES))
def test_patterns_do_what_the_library_does(region: str, number_type: int) -> None:
    example = phonenumbers.example_number_for_type(region, number_type)
    if example is None or region in OTHERWISE:
        return
    number = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    spaced = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
    national = "".join(filter(str.isdigit, spaced))
    assert rewritten(written_for("national", region), number) == national
    assert rewritten(read_as_e164("national", region), national) == number
    assert in_e164(national, region) == number


def centre(**trunk: Any) -> Centre:
    return Centre(
        {
            Address("site", "sydney"): {
                "address": {"country": "AU"},
                "timezone": "Australia/Sydney",
            },
            Address("trunk", "carrier"): {"host": "sip.carrier.example", **trunk},
        }
    )


@pytest.mark.parametrize(
    "trunk, formats",
    [
        ({}, ("", "", "")),
        ({"number_format": "national", "site": "sydney"}, ("national", "national", "AU")),
        ({"number_format": "e164", "country": "NZ", "site": "sydney"}, ("e164", "e164", "NZ")),
        (
            {"number_format": "e164", "inbound_number_format": "national", "country": "US"},
            ("national", "e164", "US"),
        ),
    ],
)
def test_one_word_says_both_directions(trunk: dict[str, Any], formats: tuple[str, ...]) -> None:
    assert carrier_formats(centre(**trunk), "carrier") == CarrierFormats(*formats)
