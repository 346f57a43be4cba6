"""Where a phone stands: one answer for dialplans, rules, plans and staffing.

A phone has a place of its own, and a person has one. The phone's own site is where it stands; a
phone that names none stands where its person works. Area and desk are the person's, and count
where the person works at that very site. Where the two name different sites, what an ambulance
would be told is half of each: rules refuse that.
"""

from typing import NamedTuple

from ccstate.journeys.centre import Centre, Filled


class Location(NamedTuple):
    """Where a phone stands; "" for what nobody says."""

    site: str = ""
    area: str = ""
    desk: str = ""


class Conflict(NamedTuple):
    """Two sites for one phone: its own, and that of its person."""

    user: str
    persons: str
    phones: str


def person_of(centre: Centre, extension: str) -> str:
    """The user whose phone it is; "" for a phone of nobody."""
    return next(iter(centre.owners.get(extension, ())), "")


def location_of(centre: Centre, extension: str) -> Location:
    """Where the device of an extension stands, or, where it has none, its person works."""
    phone = centre.of("extension").get(extension, {})
    person: Filled = centre.of("user").get(person_of(centre, extension), {})
    persons = str(person.get("site") or "")
    site = str(phone.get("site") or persons)
    if persons and persons != site:
        return Location(site)
    return Location(site, str(person.get("area") or ""), str(person.get("desk") or ""))


def conflict_at(centre: Centre, extension: str) -> Conflict | None:
    """What person and phone disagree about; None where they agree, or only one of them says."""
    user = person_of(centre, extension)
    persons = str(centre.of("user").get(user, {}).get("site") or "")
    phones = str(centre.of("extension").get(extension, {}).get("site") or "")
    return Conflict(user, persons, phones) if persons and phones and persons != phones else None
