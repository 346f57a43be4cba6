"""What differs from country to country in what people dial.

Only what a regulator or the ITU says. A country that is not here is not judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """One country's numbers, as a phone in an office there dials them.

    `emergency` must be reachable, the main number first. `secondary` is dialled out of habit
    although it is not promised on fixed lines; `text` is for textphones. `premium` and
    `international` are dialled patterns; E.164 forms are among them.
    """

    calling_code: str
    international_prefix: str
    emergency: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    premium: tuple[str, ...] = ()

    @property
    def all_emergency(self) -> tuple[str, ...]:
        return self.emergency + self.secondary + self.text


# Calling codes and international prefixes: ITU-T, "Dialling procedures", annex to Operational
# Bulletin 994 (15.XII.2011). 112 in the Union: Directive (EU) 2018/1972, article 109.
_UNION = {
    "AT": "43", "BE": "32", "BG": "359", "CY": "357", "CZ": "420", "DE": "49", "DK": "45",
    "EE": "372", "ES": "34", "FI": "358", "FR": "33", "GR": "30", "HR": "385", "HU": "36",
    "IE": "353", "IT": "39", "LT": "370", "LU": "352", "LV": "371", "MT": "356", "NL": "31",
    "PL": "48", "PT": "351", "RO": "40", "SE": "46", "SI": "386", "SK": "421",
}  # fmt: skip

# 911: 47 U.S.C. 251(e)(3) and CRTC. 900 numbers: NANPA, "900 NXX codes".
_NORTH_AMERICA = Country(
    "1", "011", ("911",), premium=("1900NXXXXXX", "900NXXXXXX", "+1900NXXXXXX")
)

COUNTRIES: Mapping[str, Country] = {
    **{name: Country(code, "00", ("112",)) for name, code in _UNION.items()},
    # Telecommunications Numbering Plan 2015, ACMA: 000 is the primary emergency service number,
    # 112 and 106 are secondary, and "for use only in connection with particular technologies":
    # 112 with mobiles, 106 with textphones (ACMA, Emergency Call Services FAQ). Premium: 190.
    "AU": Country(
        "61", "0011", ("000",), ("112",), ("106",), premium=("190XXXXXXX", "+61190XXXXXXX")
    ),
    "CA": _NORTH_AMERICA,
    # Emergency numbers 112 and 110: Telekommunikationsgesetz, section 164.
    # Premium: Bundesnetzagentur, Nummernplan (0)900.
    "DE": Country("49", "00", ("112", "110"), premium=("0900XXXXXXX", "+49900XXXXXXX")),
    # Ofcom, National Telephone Numbering Plan and General Condition A3: 999 and 112; premium: 09.
    "GB": Country("44", "00", ("999", "112"), premium=("09XXXXXXXXX", "+449XXXXXXXXX")),
    # 111: Commerce Commission, 111 Contact Code. Premium: Number Administration Deed, 0900.
    "NZ": Country(
        "64", "00", ("111",),
        premium=("0900XXXXX", "0900XXXXXX", "+64900XXXXX", "+64900XXXXXX"),
    ),
    "US": _NORTH_AMERICA,
}  # fmt: skip

NATIONAL_ZERO = frozenset({"31", "32", "33", "353", "43", "44", "46", "49", "61", "64"})
"""Calling codes after which the 0 of national dialling is dropped, so that no number has one.

Source: ITU-T as above. Italy keeps its zero, and countries that are not sure are left out.
"""


def without_national_zero(number: str) -> str | None:
    """The number as callers reach it, where it was written with a zero too many; else None."""
    for length in (2, 3):
        code, rest = number[1 : 1 + length], number[1 + length :]
        if code in NATIONAL_ZERO and rest.startswith("0"):
            return f"+{code}{rest[1:]}"
    return None
