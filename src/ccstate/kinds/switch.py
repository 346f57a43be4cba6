"""Switch: a day/night switch that people turn, and that numbers, trees and schedules ask."""

from typing import Annotated, Literal

from ccstate.kinds.fields import KindFields, Name, Ref

Position = Literal["on", "off"]


class Switch(KindFields):
    """A switch with two positions; which one it is in belongs to the platform, and no plan changes it."""

    site: Annotated[Name, Ref("site")] | None = None
    """Site whose exchange holds the switch."""
    default: Position = "off"
    """Position until it is turned for the first time."""
