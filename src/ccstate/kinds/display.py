"""Display: a wallboard and what it shows."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import (
    Expectation,
    KindFields,
    Name,
    ObjectFields,
    PositiveDuration,
    Ref,
    Text,
)

Threshold = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{1,6}|[0-9]{1,3}%|[0-9]{1,6}[hms])$"),
    Field(examples=["5", "80%", "2m"]),
    Expectation('a count, a percentage or a duration, in quotes: "5", "80%", "2m"'),
]


class Tile(ObjectFields):
    """One figure on the wall."""

    label: Text | None = None
    """Heading of the tile."""
    queues: Annotated[list[Annotated[Name, Ref("queue")]], Field(min_length=1)]
    """Queues whose calls are counted together."""
    metric: Literal[
        "waiting",
        "longest_wait",
        "service_level",
        "answered",
        "abandoned",
        "abandon_rate",
        "average_speed_of_answer",
        "average_handle_time",
        "agents_ready",
        "agents_paused",
    ]
    """What is shown."""
    warn: Threshold | None = None
    """Value at which the tile turns amber: a count, a percentage or a duration, in text."""
    alarm: Threshold | None = None
    """Value at which the tile turns red."""


class Display(KindFields):
    """A screen in a place, with tiles over queues."""

    site: Annotated[Name, Ref("site")] | None = None
    """Site where the screen hangs."""
    area: Name | None = None
    """Area of the site."""
    refresh: PositiveDuration = "10s"
    """How often the figures are renewed."""
    tiles: list[Tile]
    """Tiles, in reading order."""
