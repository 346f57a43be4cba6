"""Site: a building, or a part of one, from which people answer calls."""

from typing import Literal

from ccstate.kinds.fields import (
    E164,
    Country,
    KindFields,
    Name,
    ObjectFields,
    SetOf,
    Text,
    Timezone,
)


class StreetAddress(ObjectFields):
    """The address that emergency services are sent to."""

    street: Text | None = None
    """Number and street."""
    city: Text | None = None
    """City or suburb."""
    state: Text | None = None
    """State, territory or province, in its usual abbreviation."""
    postcode: Text | None = None
    """Postal code."""
    country: Country | None = None
    """Country, two letters (ISO 3166-1)."""


class Area(ObjectFields):
    """A floor, wing or room: what a dispatcher needs beside the street address."""

    label: Text | None = None
    """Name of the area as signs in the building have it."""
    desks: SetOf[Name] | None = None
    """Desks in this area, by the names on them."""


class Site(KindFields):
    """A place with an address, a timezone, areas and desks."""

    address: StreetAddress | None = None
    """Street address; with the area, the dispatchable location of an emergency call."""
    # North America calls such a number an ELIN, and the system shows it in place of the phone's own
    # (Cisco Emergency Responder 11.5(2), administration guide, chapter 1, "ELIN").
    emergency_callback: E164 | None = None
    """Number shown on emergency calls from here, which the emergency services call back."""
    timezone: Timezone
    """IANA timezone of the place."""
    role: Literal["primary", "backup"] = "primary"
    """Whether people work here every day, or only when another site cannot."""
    areas: dict[Name, Area] | None = None
    """Areas by name."""
