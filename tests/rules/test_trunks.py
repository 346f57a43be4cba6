"""Rules about trunks."""

import pytest

from ccstate.rules import RULES
from tests.rules.estates import estate

CHECK = RULES["CC255"].check
SITE = "sites: {syd: {timezone: Australia/Sydney, address: {country: AU}}, nz: {timezone: UTC}}\n"


@pytest.mark.parametrize(
    "fields, path",
    [
        ("number_format: national", ("number_format",)),
        ("inbound_number_format: national", ("inbound_number_format",)),
        ("number_format: national, site: nz", ("number_format",)),
        ("number_format: national, country: XX", ("country",)),
        ("number_format: national, site: syd", None),
        ("number_format: national, country: NZ", None),
        ("number_format: international", None),
        ("", None),
    ],
)
def test_national_numbers_are_those_of_a_country(fields: str, path: tuple[str, ...] | None) -> None:
    text = f"{SITE}trunks: {{carrier: {{host: sip.carrier.example, {fields}}}}}\n"
    found = [one.path for one in CHECK(estate(text))]
    assert found == ([path] if path else [])
