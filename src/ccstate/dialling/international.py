"""The international form of a number that a carrier, or a dialplan, writes in some other form."""

import re
from functools import lru_cache

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST_CODE = 3
"""Digits of a country's calling code, at the most (ITU-T E.164)."""


@lru_cache(maxsize=10_000)
def international(written: str, prefix: str) -> str:
    """Convert a number to E.164, `+61255501000`; "" where that cannot be known.

    `prefix` is what makes numbers international that lack it: `+61`, or `+4930` where they lack
    their area as well. A number that has its country, or the digit that is dialled before an area,
    is known by the numbering plan: with `+61` all of `255501000`, `0255501000` and `61255501000`
    are one number. Source of numbering plans: the `phonenumbers` library.
    """
    import phonenumbers

    if written.startswith("+"):
        return written if _E164.fullmatch(written) else ""
    region = region_of(prefix)
    if not written.isascii() or not written.isdigit() or not region:
        return ""
    whole = f"{prefix}{written}"
    code = phonenumbers.country_code_for_region(region)
    area = prefix != f"+{code}" and not written.startswith(_before_area(region))
    if area and _is_number(whole):
        return whole
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return ""
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return found if _is_number(found) else ""


def _is_number(text: str) -> bool:
    import phonenumbers

    try:
        return bool(_E164.fullmatch(text)) and phonenumbers.is_valid_number(
            phonenumbers.parse(text, None)
        )
    except phonenumbers.NumberParseException:
        return False


def _before_area(region: str) -> tuple[str, ...]:
    """Return what is dialled before an area's code, and begins no number inside an area: 0."""
    from phonenumbers import PhoneMetadata

    plan = PhoneMetadata.metadata_for_region(region)
    return ("0",) if plan and plan.national_prefix == "0" else ()


def region_of(prefix: str) -> str:
    """Return the country (ISO 3166-1) of a prefix such as `+61`; "" where it is none."""
    from phonenumbers import UNKNOWN_REGION, region_code_for_country_code

    for length in range(1, _LONGEST_CODE + 1):
        code = prefix[1 : 1 + length]
        if prefix.startswith("+") and len(code) == length and code.isdigit():
            region = str(region_code_for_country_code(int(code)))
            if region not in (UNKNOWN_REGION, "001"):
                return region
    return ""
