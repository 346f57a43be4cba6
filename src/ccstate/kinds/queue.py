"""Queue: callers who wait, and the people who answer them."""

from typing import Annotated, Literal

from pydantic import Field

from ccstate.kinds.fields import (
    WHOLE,
    CallDestination,
    CallRight,
    Count,
    Digits,
    Duration,
    Key,
    KindFields,
    Name,
    NamePrefix,
    ObjectFields,
    OrderCounts,
    Percent,
    PositiveDuration,
    Recording,
    Ref,
    SetOf,
    WithAlternatives,
)


class ServiceLevel(ObjectFields):
    """The target: so many percent of calls answered within so long."""

    percent: Percent = 80
    """Share of calls, in percent."""
    within: Duration = "20s"
    """Time to answer."""


class Member(WithAlternatives):
    """Who answers: exactly one of user, team or extension."""

    exactly_one = ("user", "team", "extension")

    user: Annotated[Name, Ref("user")] | None = None
    """A person."""
    team: Annotated[Name, Ref("team")] | None = None
    """All members of a team."""
    extension: Annotated[Name, Ref("extension")] | None = None
    """A device, regardless of who uses it."""
    penalty: Annotated[int, Field(ge=0, le=100), WHOLE] = 0
    """Members with a higher penalty ring only when those below cannot answer."""
    login: Literal["static", "dynamic"] = "static"
    """`static` is always in the queue; `dynamic` logs in and out, by feature code or on the platform."""


class Announcements(ObjectFields):
    """What waiting callers hear."""

    welcome: Annotated[Name, Ref("prompt")] | None = None
    """Played once when a caller joins."""
    position: bool = False
    """True to announce the caller's place in the queue."""
    wait_time: bool = False
    """True to announce the expected wait."""
    every: PositiveDuration = "1m"
    """How often position and wait are announced."""
    periodic: Annotated[Name, Ref("prompt")] | None = None
    """Prompt repeated while the caller waits."""
    periodic_every: PositiveDuration = "1m30s"
    """How often the periodic prompt is played."""


class Overflow(ObjectFields):
    """Where callers go whom the queue cannot serve."""

    after: Duration | None = None
    """Longest wait before the caller goes to `to`; with `0s` no member rings."""
    to: CallDestination | None = None
    """Where the caller goes after that wait."""
    empty: CallDestination | None = None
    """Where the caller goes when no member is logged in."""
    full: CallDestination | None = None
    """Where the caller goes when the queue holds `max_waiting` callers."""


class Queue(KindFields):
    """A queue: who answers, in which order, how long, and what else happens."""

    extension: Digits | None = None
    """Internal number that reaches the queue."""
    site: Annotated[Name, Ref("site")] | None = None
    """Site whose exchange holds the queue."""
    caller_name_prefix: NamePrefix | None = None
    """Put before the caller's name on the phones of members, in place of the number's prefix."""
    strategy: Literal[
        "ring_all", "longest_idle", "fewest_calls", "round_robin", "in_order", "random"
    ] = "ring_all"
    """How the next member is chosen; for `in_order` the order of `members` counts."""
    ring_for: PositiveDuration = "15s"
    """How long a member's device rings."""
    retry: Duration = "5s"
    """Pause before the next attempt."""
    wrap_up: Duration = "0s"
    """Time a member has after a call before the next."""
    max_waiting: Count = 0
    """Most callers who may wait; 0 for no limit."""
    weight: Annotated[int, Field(ge=0, le=100), WHOLE] = 0
    """Where members serve several queues, the higher weight is served first."""
    service_level: ServiceLevel | None = None
    """Target for answering."""
    hours: Annotated[Name, Ref("schedule")] | None = None
    """When the queue is meant to be staffed."""
    skills: SetOf[Name] | None = None
    """Skills that a member needs."""
    members: Annotated[list[Member], OrderCounts("strategy", "in_order")] | None = None
    """Who answers; with strategy `in_order` they ring as they stand here, a team by its names. Left out: the platform decides; `[]`: no members."""
    announcements: Announcements | None = None
    """What waiting callers hear."""
    music: Name = "default"
    """Music on hold."""
    keys: dict[Key, CallDestination] | None = None
    """Keys by which a waiting caller leaves the queue, and where each leads; other keys do nothing."""
    member_rights: SetOf[CallRight] | None = None
    """What the member who answers can do by key codes during a call from the queue."""
    caller_rights: SetOf[CallRight] | None = None
    """What callers can do by key codes, outside callers too, during a call from the queue."""
    recording: Recording | None = None
    """Recording of the conversations."""
    overflow: Overflow | None = None
    """Where callers go on time, when empty, when full."""
