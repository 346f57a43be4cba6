"""The next moment at which changes may be applied: windows and freezes together."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ccstate.desired.policy import Period, PolicyForm
from ccstate.policy import windows
from ccstate.policy.windows import Span


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy that counts, with the iCalendar files that it names."""

    form: PolicyForm
    calendars: Mapping[str, bytes] = field(default_factory=dict)
    commit: str = ""
    """Commit in which it stands; "" where it is that of the files as they are."""
    is_edited: bool = False
    """Whether the files as they are say another one, which counts later."""

    @property
    def is_empty(self) -> bool:
        """Check whether it asks for nothing."""
        return self.form == PolicyForm(people=self.form.people, teams=self.form.teams)


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether changes may be applied at a moment, and else when they may be next."""

    is_open: bool
    until: datetime | None
    """When that changes; None where not within the days that are looked at."""
    freezes: tuple[str, ...] = ()
    """Names of the freezes at that moment."""
    windows: tuple[str, ...] = ()
    """Names of the change windows to wait for: none is open at that moment."""


def opening_at(
    policy: Policy,
    groups: Iterable[tuple[Collection[str], Collection[str]]],
    now: datetime,
    requested: list[Span] | None = None,
) -> Opening:
    """Say whether changes may be applied at a moment: each group in one of its windows, in no freeze.

    `requested` are the spans for which the change itself asks, where it does.
    """
    whole = now.astimezone(UTC), now.astimezone(UTC) + windows.AHEAD
    known: dict[str, list[Span]] = {}

    def spans(kind: str, name: str, period: Period) -> list[Span]:
        key = f"{kind} {name}"
        if key not in known:
            timezone = policy.form.timezone or "UTC"
            known[key] = windows.spans(period, timezone, policy.calendars, whole)
        return known[key]

    allowed = [whole] if requested is None else windows.intersection(requested, [whole])
    closed: dict[str, None] = {}
    frozen: dict[str, None] = {}
    for names, freezes in groups:
        own = {name: spans("window", name, policy.form.windows[name]) for name in names}
        if own:
            united = windows.union(span for found in own.values() for span in found)
            if not _holds(united, whole[0]):
                closed.update(dict.fromkeys(own))
            allowed = windows.intersection(allowed, united)
        for name in freezes:
            found = spans("freeze", name, policy.form.freezes[name])
            if _holds(found, whole[0]):
                frozen[name] = None
            allowed = windows.subtraction(allowed, found)
    is_open = _holds(allowed, whole[0])
    return Opening(is_open, _change(allowed, whole, is_open=is_open), tuple(frozen), tuple(closed))


def opening_for_all(policy: Policy, at: datetime) -> Opening:
    """Say the same of the windows and freezes that concern every change."""
    form = policy.form
    group = tuple(
        tuple(name for name, period in periods.items() if period.concerns_all)
        for periods in (form.windows, form.freezes)
    )
    return opening_at(policy, [(group[0], group[1])], at)


def _holds(spans: Iterable[Span], moment: datetime) -> bool:
    return any(start <= moment < end for start, end in spans)


def _change(allowed: list[Span], whole: Span, *, is_open: bool) -> datetime | None:
    """Find the end of the span that is open, or the begin of the next one."""
    if not allowed:
        return None
    moment = allowed[0][1] if is_open else allowed[0][0]
    return moment if moment < whole[1] else None
