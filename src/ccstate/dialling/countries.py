"""What differs from country to country in what people dial.

Numbering plans come from the `phonenumbers` library (Google's libphonenumber), one country at a
time. What it does not know stands here, with its source: which of a country's emergency numbers
an office's line must reach.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc

Places: TypeAlias = tuple[str, ...]
"""A number of which some digits are open: for each place the characters that may stand there."""


class Served(NamedTuple):
    """The emergency numbers of one country, with those that offices must reach by a source.

    `main` must be reachable, the first one first. `secondary` is dialled out of habit although it
    is not promised on fixed lines; `text` is for textphones; `handsets` are known to mobile phones
    only.
    """

    main: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    handsets: tuple[str, ...] = ()


# 112 in the Union: Directive (EU) 2018/1972, article 109.
_UNION = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip

# 911: 47 U.S.C. 251(e)(3), in the United States and their territories, and CRTC. Mobile phones
# anywhere know 112 and 911 for emergencies and place such a call without dialling the digits:
# 3GPP TS 22.101, 10.1.1. So 112 works there, and not from a desk.
_NORTH_AMERICA = Served(("911",), handsets=("112",))

_SERVED: Mapping[str, Served] = {
    **{name: Served(("112",)) for name in _UNION},
    **dict.fromkeys(("US", "PR", "VI", "GU", "AS", "MP", "CA"), _NORTH_AMERICA),
    # Telecommunications Numbering Plan 2015, ACMA: 000 is the primary emergency service number,
    # 112 and 106 are secondary, and "for use only in connection with particular technologies":
    # 112 with mobiles, 106 with textphones (ACMA, Emergency Call Services FAQ).
    "AU": Served(("000",), ("112",), ("106",)),
    **dict.fromkeys(("CC", "CX"), Served(("000",), ("112",))),
    # Emergency numbers 112 and 110: Telekommunikationsgesetz, section 164.
    "DE": Served(("112", "110")),
    # Ofcom, National Telephone Numbering Plan and General Condition A3.
    "GB": Served(("999", "112")),
    # Commerce Commission, 111 Contact Code.
    "NZ": Served(("111",)),
    # Those that both libphonenumber 9.0.43 and Android (platform/packages/services/Telephony,
    # ecc/input/eccdata.txt, revision 2) name for police, ambulance or fire there.
    "AE": Served(("999", "998", "997")),
    "BR": Served(("190", "192", "193")),
    "CH": Served(("112", "117", "118", "144")),
    "IL": Served(("100", "101", "102")),
    "IN": Served(("112", "100")),
    "IS": Served(("112",)),
    "JP": Served(("110", "119")),
    "MX": Served(("911",)),
    "NO": Served(("112", "113", "110")),
    "PH": Served(("911",)),
    "SG": Served(("999", "995")),
}

_FEWEST_LOCAL = 6
"""Digits of a number within its own area, from which it is no extension of another exchange."""


@dataclass(frozen=True)
class Country:
    """One country's numbers, as a phone in an office there dials them.

    `main`, `secondary` and `text` are emergency numbers as `Served` has them; `others` are those
    of which it is not known here whether an office's line must reach them. Where no source says which
    one counts, `main` is empty, unless there is but one.
    """

    name: str
    main: tuple[str, ...]
    secondary: tuple[str, ...]
    text: tuple[str, ...]
    others: tuple[str, ...]
    _plan: "PhoneMetadata" = field(compare=False, repr=False)
    _short: "PhoneMetadata" = field(compare=False, repr=False)

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def all_emergency(self) -> tuple[str, ...]:
        return self.main + self.secondary + self.text + self.others

    @property
    def calling_code(self) -> str:
        return str(self._plan.country_code)

    @cached_property
    def international(self) -> tuple[Places, ...]:
        """The prefixes of numbers abroad: one, or one for each carrier."""
        written = self._plan.international_prefix
        return tuple(expanded(written)) if written else ()

    @cached_property
    def premium(self) -> tuple[Places, ...]:
        """Premium-rate numbers, as they are dialled and as carriers take them."""
        found = [
            places
            for national in _expansions(self._plan.premium_rate)
            for places in self._ways_to_dial(national)
        ]
        # Codes to which only messages are sent are not called.
        messages = re.compile(_written(self._short.sms_services) or "(?!)")
        found += [
            places
            for places in _expansions(self._short.premium_rate)
            if not messages.fullmatch("".join(digits[0] for digits in places))
        ]
        return tuple(found)

    def _ways_to_dial(self, national: Places) -> Iterator[Places]:
        """Yield the ways to dial a national number: with the trunk prefix where that is written."""
        import phonenumbers

        prefix = self._plan.national_prefix or ""
        example = "".join(digits[0] for digits in national)
        number = phonenumbers.PhoneNumber(int(self.calling_code), int(example))
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        has_prefix = bool(prefix) and re.sub(r"\D", "", written) == prefix + example
        # North Americans may dial either (NANPA, "Dialing plans").
        if not has_prefix or self.calling_code == "1":
            yield national
        if has_prefix or self.calling_code == "1":
            yield (*prefix, *national)
        yield ("+", *self.calling_code, *national)

    def read_all(self) -> None:
        """Read every pattern, so that one of another form is found before it is relied on.

        Raises ValueError.
        """
        for line in (self._plan.premium_rate, self._short.premium_rate):
            tuple(_expansions(line))
        tuple(expanded(self._plan.international_prefix or ""))

    @property
    def national_prefix(self) -> str:
        """The prefix of an area's code: 0, 1 or 8; "" where there is none."""
        return self._plan.national_prefix or ""

    def is_public(self, digits: str) -> bool:
        """Check whether these digits, as a phone dials them, are a number of the public network."""
        return self.is_abroad(digits) or self.is_domestic(digits)

    def is_abroad(self, digits: str) -> bool:
        """Check whether the digits begin as a call abroad does."""
        written = self._plan.international_prefix
        return bool(written and re.match(f"(?:{written})", digits))

    def is_domestic(self, digits: str) -> bool:
        """Check whether these digits, as a phone dials them, are a number of the country."""
        prefix = self.national_prefix
        if len(digits) in self._local_lengths:
            return True
        if prefix and digits.startswith(prefix) and self._is_national(digits[len(prefix) :]):
            return True
        # Numbers for a whole country are dialled without the prefix, as 1300 is in Australia.
        is_bare = not prefix or self.calling_code == "1" or digits.startswith("1")
        return is_bare and self._is_national(digits)

    def calling_code_of(self, number: str) -> str:
        """Return the calling code of a number that can be called from anywhere; "" of any other.

        It is in international form, or as it is dialled in this country from another area.
        """
        import phonenumbers

        is_complete = self.is_domestic(number) and len(number) not in self._local_lengths
        if not number.startswith("+") and not is_complete:
            return ""
        try:
            read = phonenumbers.parse(number, self.name)
        except phonenumbers.NumberParseException:
            return ""
        return str(read.country_code) if phonenumbers.is_possible_number(read) else ""

    def _is_national(self, digits: str) -> bool:
        return any(re.fullmatch(_written(line) or "(?!)", digits) for line in self._lines)

    @cached_property
    def _lines(self) -> tuple["PhoneNumberDesc | None", ...]:
        """Numbers of the country, and of all who share its calling code: the Isle of Man's."""
        from phonenumbers import (
            PhoneMetadata,
            region_code_for_country_code,
        )

        main = PhoneMetadata.metadata_for_region(
            region_code_for_country_code(int(self.calling_code))
        )
        plans = (self._plan, main or self._plan)
        return tuple(line for plan in plans for line in (plan.general_desc, plan.fixed_line))

    @cached_property
    def _local_lengths(self) -> frozenset[int]:
        lengths = {n for line in self._lines if line for n in line.possible_length_local_only}
        return frozenset(length for length in lengths if length >= _FEWEST_LOCAL)


@cache
def country_of(name: str) -> Country | None:
    """Return the country of two letters (ISO 3166-1).

    None where its emergency numbers are unknown.
    """
    from phonenumbers import PhoneMetadata

    plan = PhoneMetadata.metadata_for_region(name)
    short = PhoneMetadata.short_metadata_for_region(name)
    if plan is None or short is None:
        return None
    try:
        return _country(name, plan, short)
    except ValueError:  # a later release of the library writes its patterns otherwise
        return None


def _country(name: str, plan: "PhoneMetadata", short: "PhoneMetadata") -> Country | None:
    numbers = _expansions(short.emergency)
    known = sorted({"".join(number) for places in numbers for number in product(*places)})
    if not known:
        return None
    served = _SERVED.get(name) or Served(tuple(known) if len(known) == 1 else ())
    declared = {*served.main, *served.secondary, *served.text, *served.handsets}
    others = tuple(number for number in known if number not in declared)
    country = Country(name, *served[:3], others, plan, short)
    country.read_all()
    return country


def _written(numbers: "PhoneNumberDesc | None") -> str:
    return (numbers.national_number_pattern or "") if numbers else ""


def _expansions(numbers: "PhoneNumberDesc | None") -> Iterator[Places]:
    written = _written(numbers)
    return expanded(written) if written else iter(())


_TOKEN = re.compile(r"\\d|\d|\[[\d-]+\]|\(\?:|[|)?~]|\{\d+(?:,\d+)?\}")


def expanded(written: str) -> Iterator[Places]:
    """Expand a pattern to its numbers as libphonenumber writes them, with digits that are open."""
    tokens = _TOKEN.findall(written)
    if "".join(tokens) != written:
        raise ValueError(f"no pattern of libphonenumber: {written}")
    ways, rest = _alternatives(tokens, 0)
    if rest != len(tokens):
        raise ValueError(f"no pattern of libphonenumber: {written}")
    yield from ways


def _alternatives(tokens: list[str], at: int) -> tuple[list[Places], int]:
    ways: list[Places] = []
    while True:
        found, at = _sequence(tokens, at)
        ways += found
        if at >= len(tokens) or tokens[at] != "|":
            return ways, at
        at += 1


def _sequence(tokens: list[str], at: int) -> tuple[list[Places], int]:
    ways: list[Places] = [()]
    while at < len(tokens) and tokens[at] not in {"|", ")"}:
        if tokens[at] == "(?:":
            item, at = _alternatives(tokens, at + 1)
        else:
            item = [(_digits(tokens[at]),)]
        at += 1
        least = most = 1
        if at < len(tokens) and tokens[at][0] in "?{":
            least, most = _times(tokens[at])
            at += 1
        repeated = [
            sum(parts, ())
            for times in range(least, most + 1)
            for parts in product(item, repeat=times)
        ]
        ways = [(*before, *after) for before in ways for after in repeated]
    return ways, at


def _times(symbol: str) -> tuple[int, int]:
    if symbol == "?":
        return 0, 1
    least, _, most = symbol.strip("{}").partition(",")
    return int(least), int(most or least)


def _digits(symbol: str) -> str:
    if symbol == r"\d":
        return "0123456789"
    return "".join(
        "".join(map(str, range(int(first), int(last or first) + 1)))
        for first, last in re.findall(r"(\d)(?:-(\d))?", symbol)
    )


def without_national_prefix(number: str) -> str | None:
    """Remove the trunk prefix of a number; None where it was written without one."""
    import phonenumbers
    from phonenumbers import PhoneMetadata, region_code_for_country_code

    for length in (1, 2, 3):
        code, rest = number[1 : 1 + length], number[1 + length :]
        region = region_code_for_country_code(int(code)) if code else phonenumbers.UNKNOWN_REGION
        plan = PhoneMetadata.metadata_for_region(region)
        if plan is None:
            continue
        prefix, numbers = plan.national_prefix or "", plan.general_desc
        if not prefix or not rest.startswith(prefix):
            return None
        national = rest.removeprefix(prefix)
        plain = re.compile(_written(numbers) or "(?!)")
        # An 8 or a 1 may begin a number of its own; a 0 only where the plan has such numbers.
        is_prefix = prefix == "0" or plain.fullmatch(national)
        return f"+{code}{national}" if is_prefix and not plain.fullmatch(rest) else None
    return None
