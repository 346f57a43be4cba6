"""The forms of numbers: by a carrier in either direction, and by people; E.164 in between.

A carrier writes +61 2 5550 1234 as `+61255501234` (e164), `61255501234` (international) or
`0255501234` (national). One form becomes another by patterns as those of routes: what a number
begins with, how many digits are taken off, and what is put in front. So a platform can do it for
numbers that are not known beforehand. Countries come from the `phonenumbers` library.
"""

from collections.abc import Iterable
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from ccstate.dialling.countries import expanded
from ccstate.dialling.routing import Patterns
from ccstate.journeys.centre import Centre

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc

E164, INTERNATIONAL, NATIONAL = "e164", "international", "national"


class Rewrite(NamedTuple):
    """A rule by which a number is written otherwise; as `strip` and `prepend` of a route."""

    pattern: str
    strip: int
    prepend: str


def rewritten(rewrites: Iterable[Rewrite], number: str) -> str:
    """Rewrite the number by the most specific pattern that matches, if one does."""
    by_pattern = {rewrite.pattern: rewrite for rewrite in rewrites}
    best = Patterns({"": {"patterns": list(by_pattern)}}).best(number)
    if best is None:
        return number
    return f"{by_pattern[best].prepend}{number[by_pattern[best].strip :]}"


def is_known(country: str) -> bool:
    """Check whether the national numbers of a country (ISO 3166-1) are known."""
    return _plan(country) is not None


def countries_with(calling_code: str) -> tuple[str, ...]:
    """List the countries (ISO 3166-1) whose numbers begin with a calling code such as `61`."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return tuple(COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code), ()))


class CarrierFormats(NamedTuple):
    """The forms in which a trunk's carrier writes numbers: of calls that arrive, and that leave.

    "" where nothing is declared. `country` is that of its national numbers, "" where unknown.
    """

    inbound: str
    outbound: str
    country: str


def carrier_formats(centre: Centre, trunk: str) -> CarrierFormats:
    """Return the number formats of a trunk."""
    fields = centre.of("trunk").get(trunk, {})
    outbound = str(fields.get("number_format") or "")
    inbound = str(fields.get("inbound_number_format") or outbound)
    site = centre.of("site").get(fields.get("site") or "", {})
    country = fields.get("country") or (site.get("address") or {}).get("country") or ""
    return CarrierFormats(inbound, outbound, str(country))


def read_as_e164(number_format: str, country: str) -> tuple[Rewrite, ...]:
    """Return the rewrites that make E.164 with its plus of a carrier's numbers.

    `country` (ISO 3166-1) decides what is national; "" where that is not declared it.
    """
    if number_format == E164:
        return ()
    if number_format == INTERNATIONAL:
        # Eight digits: the shortest numbers in use with their calling codes; shorter ones are short
        # codes, which have no international form.
        return (Rewrite("ZXXXXXXX!", 0, "+"),)
    return _from_dialled(country)


def written_for(number_format: str, country: str) -> tuple[Rewrite, ...]:
    """Return the rewrites that make a carrier's form of a number in E.164, or as it is dialled."""
    if number_format == NATIONAL:
        return _national(country)
    read = _from_dialled(country)
    if number_format == E164:
        return read
    return (
        Rewrite("+.", 1, ""),
        *(rewrite._replace(prepend=rewrite.prepend.removeprefix("+")) for rewrite in read),
    )


def country_of_number(number: str) -> str:
    """Return the country (ISO 3166-1) to which a number in E.164 belongs; "" where unknown."""
    import phonenumbers

    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(read) or ""


def in_e164(number: str, country: str) -> str:
    """Convert a number as people write it to E.164; unchanged where that cannot be known."""
    return rewritten(_from_dialled(country), number)


@cache
def _from_dialled(country: str) -> tuple[Rewrite, ...]:
    """Return the rewrites to E.164 of what is dialled: national, or with the prefix abroad."""
    plan = _plan(country)
    if plan is None:
        return ()
    code, prefix = f"+{plan.country_code}", plan.national_prefix or ""
    found = [Rewrite(f"{lead}.", len(lead), "+") for lead in _prefixes_abroad(plan)]
    lines = _lines(plan)
    is_mixed = any(_is_prefixed(plan, line) for line in lines)
    for line in lines:
        if _is_prefixed(plan, line):
            patterns, strip = _numbers(line, prefix), len(prefix)
        else:
            leads = _first_digits(line) if is_mixed else [""]
            patterns, strip = [p for lead in leads for p in _numbers(line, "", lead)], 0
        found += [Rewrite(pattern, strip, code) for pattern in patterns]
        # North Americans may write either (NANPA, "Dialing plans").
        if code == "+1":
            found += [Rewrite(pattern, len(prefix), code) for pattern in _numbers(line, prefix)]
    return tuple(dict.fromkeys(found))


def _numbers(line: "PhoneNumberDesc", prefix: str, lead: str = "") -> list[str]:
    """Return a pattern for each length of numbers of a class; `lead` is their own beginning."""
    first = "Z" if prefix == "0" and not lead else ""
    return [
        f"{prefix}{lead}{first}{'X' * (length - len(lead) - len(first))}"
        for length in line.possible_length
        if length > len(lead)
    ]


@cache
def _national(country: str) -> tuple[Rewrite, ...]:
    """Return the national form of E.164 numbers; those abroad get the prefix of calls abroad."""
    plan = _plan(country)
    if plan is None:
        return ()
    code, prefix = f"+{plan.country_code}", plan.national_prefix or ""
    lines = _lines(plan)
    is_usual = bool(lines) and _is_prefixed(plan, lines[0])
    found = [Rewrite(f"{code}.", len(code), prefix if is_usual else "")]
    for line in lines:
        if (is_prefixed := _is_prefixed(plan, line)) != is_usual:
            written = prefix if is_prefixed else ""
            found += [Rewrite(f"{code}{lead}.", len(code), written) for lead in _first_digits(line)]
    if abroad := _prefix_abroad(plan):
        found.append(Rewrite("+.", 1, abroad))
    return tuple(dict.fromkeys(found))


def _plan(country: str) -> "PhoneMetadata | None":
    from phonenumbers import PhoneMetadata

    return PhoneMetadata.metadata_for_region(country) if country else None


def _lines(plan: "PhoneMetadata") -> list["PhoneNumberDesc"]:
    """Return the classes of numbers that a country has, fixed lines first."""
    classes = (
        plan.fixed_line, plan.mobile, plan.toll_free, plan.shared_cost, plan.voip,
        plan.personal_number, plan.premium_rate,
    )  # fmt: skip
    return [line for line in classes if line and line.example_number and line.possible_length]


def _is_prefixed(plan: "PhoneMetadata", line: "PhoneNumberDesc") -> bool:
    """Check whether the class is written with the national prefix, as 02 … and 1300 … differ."""
    import phonenumbers

    example = line.example_number or ""
    number = phonenumbers.parse(f"+{plan.country_code}{example}", plan.id)
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = "".join(filter(str.isdigit, written))
    return bool(plan.national_prefix) and digits == f"{plan.national_prefix}{example}"


_LONGEST_LEAD = 4
"""Digits by which classes of numbers differ: 1300 and 1800 in Australia, 13 in China."""
_MOST_FORMS = 5_000


def _first_digits(line: "PhoneNumberDesc") -> list[str]:
    """Return the first digits of numbers of a class; ten that differ in the last are one."""
    forms = islice(expanded(line.national_number_pattern or ""), _MOST_FORMS)
    leads = {"".join(digits) for form in forms for digits in product(*form[:_LONGEST_LEAD])}
    for length in range(_LONGEST_LEAD - 1, 0, -1):
        for lead in {found[:length] for found in leads if len(found) == length + 1}:
            longer = {f"{lead}{digit}" for digit in "0123456789"}
            if longer <= leads:
                leads = leads - longer | {lead}
    return sorted(leads)


def _prefixes_abroad(plan: "PhoneMetadata") -> list[str]:
    """List what may be dialled before a number abroad; several where carriers are chosen by it."""
    written = plan.international_prefix
    forms = expanded(written) if written else ()
    return ["".join(digits) for form in forms for digits in product(*form)]


def _prefix_abroad(plan: "PhoneMetadata") -> str:
    """Return what is written before a number abroad; "" where none is known to be usual."""
    prefixes = _prefixes_abroad(plan)
    only = prefixes[0] if len(prefixes) == 1 else ""
    return str(plan.preferred_international_prefix or only)
