"""The number that a call shows to the called party, and the name that agents see, by precedence.

A platform writes its configuration in this order, rules judge by it, and the pages of the kinds
say it.
"""

from collections.abc import Mapping
from enum import StrEnum

from ccstate.journeys.centre import Centre, Filled


class Source(StrEnum):
    """The source of a number that a call may show."""

    SITE = "site.emergency_callback"
    ROUTE = "outbound_route.caller_id"
    EXTENSION = "extension.caller_id.number"
    TRUNK = "trunk.caller_id"
    ARRIVING = "number"
    """The first declared number whose calls arrive on the trunk."""


ORDINARY = (Source.EXTENSION, Source.ROUTE, Source.TRUNK)
"""Sources of a call that leaves, the one that counts first; where none says anything, the call
shows the internal number."""
EMERGENCY = (Source.SITE, Source.ROUTE, Source.EXTENSION, Source.TRUNK, Source.ARRIVING)
"""The same of a call by a route for emergencies. Only numbers in international form count, which
can be called back."""


def number_shown(numbers: Mapping[Source, str], *, is_emergency: bool, internal: str) -> str:
    """Choose the number that a call shows among its sources; "" in a source is no number."""
    for source in EMERGENCY if is_emergency else ORDINARY:
        number = numbers.get(source, "")
        if number and (number.startswith("+") or not is_emergency):
            return number
    return numbers.get(Source.EXTENSION, "") or internal


class Shown:
    """The numbers that the calls of one centre show."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self._arriving: dict[str, str] = {}
        for number, fields in sorted(centre.of("number").items()):
            if trunk := fields.get("trunk"):
                self._arriving.setdefault(trunk, number)

    def sources(self, route: Filled, trunk: str, site: str) -> dict[Source, str]:
        """Return what route, trunk and site say, for every caller.

        `site` is where the phone stands.
        """
        carrier = self.centre.of("trunk").get(trunk, {})
        stands = self.centre.of("site").get(site, {})
        return {
            Source.SITE: str(stands.get("emergency_callback") or ""),
            Source.ROUTE: str(route.get("caller_id") or ""),
            Source.TRUNK: str(carrier.get("caller_id") or ""),
            Source.ARRIVING: self.arriving(trunk),
        }

    def arriving(self, trunk: str) -> str:
        """Return the first declared number whose calls arrive on a trunk; "" for none."""
        return self._arriving.get(trunk, "")
