"""Where a phone stands: one answer for dialplans, rules, plans and staffing.

A phone may say its site, area and desk, and so may its person. What the phone says is where it
stands; what it leaves out is taken from the person, who has to work at that very site, and in that
very area. Where both say it and differ, an ambulance would learn half of each: rules refuse that.
"""

from typing import NamedTuple

from ccstate.journeys.centre import Centre, Filled


class Location(NamedTuple):
    """The place where a phone stands; "" for what is not declared."""

    site: str = ""
    area: str = ""
    desk: str = ""


class Conflict(NamedTuple):
    """Two places of one phone: its own, and its person's; `field` says which part differs."""

    user: str
    field: str
    persons: str
    phones: str


def person_of(centre: Centre, extension: str) -> str:
    """Name the user whose phone it is; "" for a phone without one."""
    return next(iter(centre.owners.get(extension, ())), "")


def location_of(centre: Centre, extension: str) -> Location:
    """Return where the device of an extension stands, or, where it has none, its person works."""
    phone, person = _declared_places(centre, extension)
    site = phone.site or person.site
    if person.site and person.site != site:
        return phone
    area = phone.area or person.area
    desk = phone.desk or (person.desk if person.area == area else "")
    return Location(site, area, desk)


def site_of(centre: Centre, extension: str) -> str:
    """Return the site of an extension's location, which is asked for each member of each queue."""
    site = centre.of("extension").get(extension, {}).get("site")
    return str(site or centre.of("user").get(person_of(centre, extension), {}).get("site") or "")


def conflict_at(centre: Centre, extension: str) -> Conflict | None:
    """Find what person and phone disagree about; None where they agree, or one is not declared."""
    phone, person = _declared_places(centre, extension)
    for field, own, other in zip(Location._fields, phone, person, strict=True):
        if own and other and own != other:
            return Conflict(person_of(centre, extension), field, other, own)
    return None


def _declared_places(centre: Centre, extension: str) -> tuple[Location, Location]:
    """Return the declared places of the phone and of its person."""
    phone = centre.of("extension").get(extension, {})
    person = centre.of("user").get(person_of(centre, extension), {})
    return _place(phone), _place(person)


def _place(fields: Filled) -> Location:
    site, area, desk = fields.get("site"), fields.get("area"), fields.get("desk")
    return Location(str(site or ""), str(area or ""), str(desk or ""))
