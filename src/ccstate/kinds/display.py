"""Display: a wallboard and what it shows."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import (
    WHOLE,
    Date,
    Expectation,
    KindFields,
    Name,
    ObjectFields,
    PositiveDuration,
    Ref,
    SetOf,
    Text,
    TimeSpan,
    WithAlternatives,
)
from ccstate.kinds.schedule import Weekday

Threshold = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{1,6}|[0-9]{1,3}%|[0-9]{1,6}[hms])$"),
    Field(examples=["5", "80%", "2m"]),
    Expectation('a count, a percentage or a duration, in quotes: "5", "80%", "2m"'),
]
Cells = Annotated[int, Field(ge=1, le=12), WHOLE]
MeasureName = Literal[
    "waiting",
    "longest_wait",
    "offered",
    "answered",
    "abandoned",
    "short_abandons",
    "abandon_rate",
    "refused",
    "refused_full",
    "refused_empty",
    "overflowed",
    "overflowed_time",
    "overflowed_key",
    "overflowed_empty",
    "service_level",
    "service_level_of_answered",
    "service_level_less_short",
    "average_speed_of_answer",
    "average_handle_time",
    "average_talk_time",
    "average_hold_time",
    "average_wrap_up_time",
    "transferred",
    "rang_out",
    "occupancy",
    "agents_ready",
    "agents_ringing",
    "agents_talking",
    "agents_wrap_up",
    "agents_paused",
    "agents_logged_in",
]
"""The measures of `ccstate.measures`, all of which a wall can show."""
# Outside of the class, whose field `list` hides the type.
_Queues = Annotated[list[Annotated[Name, Ref("queue")]], Field(min_length=1)]

FIGURE_ONLY = ("warn", "alarm")
"""Fields of a tile that mean nothing to a list."""


class Tile(WithAlternatives):
    """One part of the wall: the figure of a measure, or a list."""

    exactly_one = ("measure", "list")

    label: Text | None = None
    """Heading of the tile; that of the measure or of the list where left out."""
    queues: _Queues
    """Queues whose calls are counted together, whose agents are listed, or which are the rows, in this order."""
    measure: MeasureName | None = None
    """The figure that is shown, in large type."""
    warn: Threshold | None = None
    """Value at which the figure turns amber: a count, a percentage or a duration, in text. The measure says whether more or less is worse."""
    alarm: Threshold | None = None
    """Value at which the figure turns red."""
    list: Literal["agents", "queues"] | None = None
    """In place of a figure: `agents` of the queues, each with what they are doing and since when; or `queues`, each with who waits, how long, and who is ready."""
    team: Annotated[Name, Ref("team")] | None = None
    """With `list: agents`: only agents of this team."""
    width: Cells = 1
    """Columns that the tile takes."""
    height: Cells = 1
    """Rows that the tile takes."""


class Message(ObjectFields):
    """A line at the foot of the wall, and when it is there."""

    text: Text
    """What people read."""
    weekly: dict[Weekday, SetOf[TimeSpan]] | None = None
    """Times by weekday, as the screen's clock has them; a day left out has none. Left out altogether: always."""
    since: Date | None = None
    """First day."""
    until: Date | None = None
    """Last day."""


class Display(KindFields):
    """A screen in a place, with tiles over queues."""

    site: Annotated[Name, Ref("site")] | None = None
    """Site where the screen hangs."""
    area: Name | None = None
    """Area of the site."""
    title: Text | None = None
    """Heading of the wall; its label where left out."""
    theme: Literal["dark", "light"] = "dark"
    """Light on dark, or dark on light, for a room full of daylight."""
    clock: bool = True
    """True to show the time beside the title."""
    columns: Cells = 3
    """Columns of the grid; rows are as many as the tiles need, and share the height of the screen."""
    refresh: PositiveDuration = "10s"
    """How often the figures are renewed."""
    when_stale: Literal["dash", "last"] = "dash"
    """What stands in place of a figure that is not renewed any more: a dash, or the last one, greyed. Either way the tile says so."""
    messages: list[Message] | None = None
    """Messages at the foot, one at a time: the first whose time it is."""
    tiles: list[Tile]
    """Tiles in reading order: each stands in the first free place after the one before it."""
