"""The policy of a project as ccstate.yaml declares it: who approves what, and when it may be applied."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from ccstate import codes
from ccstate.desired.checks import check_days, check_timezone
from ccstate.desired.findings import did_you_mean, quote
from ccstate.errors import Diagnostic
from ccstate.kinds import KINDS, Path
from ccstate.kinds.fields import (
    WHOLE,
    Date,
    Email,
    Expectation,
    LastDay,
    Name,
    SetOf,
    Strict,
    Text,
    TimeSpan,
    Timezone,
    YearDay,
)
from ccstate.kinds.schedule import Weekday

KindName: TypeAlias = Literal[tuple(KINDS)]  # type: ignore[valid-type]  # from the kinds
Login = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(\[bot\])?$"),
    Expectation("a login on the code host"),
]
Account = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(@[A-Za-z0-9][A-Za-z0-9.-]{0,252})?$"
    ),
    Field(examples=["priya", "priya@ops-1"]),
    Expectation("an account, or an account of one machine such as priya@ops-1"),
]
PublicKey = Annotated[
    str,
    StringConstraints(
        max_length=2000,
        pattern=r"^(ssh-ed25519|sk-ssh-ed25519@openssh\.com|ecdsa-sha2-nistp(256|384|521)"
        r"|sk-ecdsa-sha2-nistp256@openssh\.com|ssh-rsa) [A-Za-z0-9+/]{40,}={0,3}$",
    ),
    Field(
        examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEexampleexampleexampleexampleexampleexam"]
    ),
    Expectation("a public SSH key without its comment, such as ssh-ed25519 AAAA…"),
]
FieldName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)+$"),
    Field(examples=["queue.label", "extension.voicemail.pin"]),
    Expectation("a field with its kind, such as queue.label"),
]
ObjectPattern = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]+/(\*|[a-z0-9+][a-z0-9._+-]{0,79})$"),
    Field(examples=["queue/sales", "number/*"]),
    Expectation("an object such as queue/sales, or all of a kind such as number/*"),
]
Moment = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]$"
    ),
    Field(examples=["2026-12-20T18:00"]),
    Expectation("a moment such as 2026-12-20T18:00, in the timezone of the policy"),
]
CalendarFile = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}\.ics$"),
    Field(examples=["windows/carrier.ics"]),
    Expectation("the path of an iCalendar file below this one, such as windows/carrier.ics"),
]
Several = Annotated[int, Field(ge=1, le=20), WHOLE]
Most = Annotated[int, Field(ge=0, le=1_000_000), WHOLE]


class Person(Strict):
    """A person of the policy, and by what that person is known; by the name here where by nothing else."""

    login: Login | None = None
    """Login on the code host."""
    account: Account | None = None
    """Account by which the person starts ccstate on a machine."""
    emails: SetOf[Email] = Field(default_factory=list)
    """Addresses in commits and in trailers."""
    keys: SetOf[PublicKey] = Field(default_factory=list)
    """Public SSH keys that sign the person's commits."""


class Scope(Strict):
    """Changes that something is said of: those that meet all that is given, every change where nothing is."""

    kinds: SetOf[KindName] | None = None
    """Changes of objects of these kinds."""
    sites: SetOf[Name] | None = None
    """Changes of objects at these sites, before or after."""
    targets: SetOf[Name] | None = None
    """Changes on these targets."""
    environments: SetOf[Name] | None = None
    """Changes in these environments."""
    fields: SetOf[FieldName] | None = None
    """Changes of these fields, each with its kind."""

    @property
    def concerns_all(self) -> bool:
        """Check whether every change is meant."""
        given = (self.kinds, self.sites, self.targets, self.environments, self.fields)
        return all(part is None for part in given)


class ApprovalRule(Scope):
    """Whose approval changes need."""

    who: Annotated[SetOf[Name], Field(min_length=1, max_length=50)]
    """People and teams of the policy."""
    count: Several = 1
    """How many of these people have to approve; never the author of the change."""


class Period(Scope):
    """A time, once or again and again, and for which changes it is meant."""

    start: Moment | None = None
    """First moment of a single period; give `end` too."""
    end: Moment | None = None
    """End of a single period."""
    date: Date | None = None
    """The day, or the first of several."""
    every: YearDay | None = None
    """The day of every year, or the first of several."""
    until: LastDay | None = None
    """Last day, written as the first."""
    weekdays: Annotated[SetOf[Weekday], Field(min_length=1)] | None = None
    """Only on these weekdays."""
    nth: (
        Annotated[SetOf[Literal["first", "second", "third", "fourth", "last"]], Field(min_length=1)]
        | None
    ) = None
    """Only on the first, … or last of these weekdays in a month."""
    hours: Annotated[SetOf[TimeSpan], Field(min_length=1)] | None = None
    """Only at these times, the whole day where left out; `22:00-04:00` begins on such a day and runs over midnight."""
    calendar: CalendarFile | None = None
    """iCalendar file whose events are the periods."""
    timezone: Timezone | None = None
    """Timezone in which it is meant; that of the policy where left out."""
    reason: Text | None = None
    """Why, for those who have to wait."""


class MostChanges(Strict):
    """How much one plan may change."""

    changes: Most | None = None
    """Most changes of one plan."""
    kinds: dict[KindName, Most] = Field(default_factory=dict)
    """Most changes of one plan by kind."""


class Emergency(Strict):
    """Who may go beyond the policy in an emergency, with a reason."""

    who: Annotated[SetOf[Name], Field(min_length=1, max_length=50)]
    """People and teams of the policy."""


RequiredTrailer = Literal["Request", "Requested-by", "Reason", "Window"]


class PolicyForm(Strict):
    """Who has to approve which changes, when they may be applied, and what is never done."""

    people: dict[Name, Person] = Field(default_factory=dict)
    """People by name."""
    teams: dict[Name, Annotated[SetOf[Name], Field(min_length=1)]] = Field(default_factory=dict)
    """People of each team."""
    approvals: Annotated[list[ApprovalRule], Field(max_length=100)] = Field(default_factory=list)
    """Approvals that changes need; all rules that concern a change count."""
    trailers: SetOf[RequiredTrailer] = Field(default_factory=list)
    """Trailers that the commit of a change must have."""
    timezone: Timezone | None = None
    """Timezone in which windows and freezes are meant; needed where there are any."""
    windows: Annotated[dict[Name, Period], Field(max_length=100)] = Field(default_factory=dict)
    """Change windows: changes that one concerns are applied in one of them only."""
    freezes: Annotated[dict[Name, Period], Field(max_length=100)] = Field(default_factory=dict)
    """Periods in which the changes that they concern are not applied; they win over windows."""
    limits: MostChanges = MostChanges()
    """How much one plan may change, in numbers."""
    protected: SetOf[ObjectPattern] = Field(default_factory=list)
    """Objects that no plan deletes or releases, in an emergency either."""
    emergency: Emergency | None = None
    """Who may go beyond approvals, trailers, limits, windows and freezes."""

    def login(self, name: str) -> str:
        """Return the login of a person; "" where it is not known."""
        return self._known(name, self.people[name].login)

    def account(self, name: str) -> str:
        """Return the account of a person; "" where it is not known."""
        return self._known(name, self.people[name].account)

    def _known(self, name: str, said: str | None) -> str:
        """Take the name of a person of whom nothing is said; it may be a stranger's elsewhere."""
        return said or ("" if self.people[name].model_fields_set else name)

    def members(self, who: Collection[str]) -> frozenset[str]:
        """Return the people among these people and teams."""
        return frozenset(
            person for name in who for person in self.teams.get(name, (name,))
        ) & frozenset(self.people)

    def keys(self) -> dict[str, tuple[str, ...]]:
        """Return the public keys of each person who has any."""
        return {name: tuple(one.keys) for name, one in self.people.items() if one.keys}

    def calendars(self) -> list[str]:
        """List the iCalendar files that are named, each once."""
        named = (p.calendar for p in (*self.windows.values(), *self.freezes.values()))
        return sorted({file for file in named if file})


Problems: TypeAlias = Iterator[tuple[Path, Diagnostic]]


def check_policy(
    form: PolicyForm, targets: Collection[str], environments: Collection[str]
) -> Problems:
    """Check what must hold inside of a policy, in a project with these targets and environments."""
    yield from _identities(form)
    yield from _people(form)
    for place, rule in enumerate(form.approvals):
        yield from _scope(rule, targets, environments, ("approvals", place))
    for pattern in form.protected:
        kind = pattern.partition("/")[0]
        yield from _known([kind], KINDS, ("protected",), "kind")
    if form.timezone:
        yield from check_timezone({"timezone": form.timezone})
    for field, periods in (("windows", form.windows), ("freezes", form.freezes)):
        for name, period in periods.items():
            yield from _scope(period, targets, environments, (field, name))
            yield from _period(form, period, (field, name))


def _people(form: PolicyForm) -> Problems:
    """Check teams, and that those who are asked are there, and can say so."""
    for team, members in form.teams.items():
        if team in form.people:
            yield ("teams", team), codes.POLICY_NAME_TWICE(name=quote(team))
        yield from _known(members, form.people, ("teams", team), "person")
    known = {**form.people, **form.teams}
    asked: frozenset[str] = frozenset()
    for place, rule in enumerate(form.approvals):
        path: Path = ("approvals", place)
        yield from _known(rule.who, known, (*path, "who"), "person or team")
        people = form.members(rule.who)
        asked |= people
        if people and len(people) < rule.count:
            yield (*path, "count"), codes.POLICY_COUNT(count=rule.count, people=len(people))
    for name in sorted(asked):
        if not (form.login(name) or form.people[name].keys):
            yield ("people", name), codes.POLICY_UNCOUNTED(name=quote(name))
    if form.emergency:
        yield from _known(form.emergency.who, known, ("emergency", "who"), "person or team")


def _known(names: Collection[str], known: Collection[str], path: Path, what: str) -> Problems:
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"declare it: there is no such {what}"
            yield path, codes.POLICY_NAME_UNKNOWN(name=quote(name), what=what, hint=hint)


def _identities(form: PolicyForm) -> Problems:
    """Refuse what would make one person two, or two people one."""
    owners: dict[tuple[str, str], str] = {}
    for name, person in form.people.items():
        own = [
            ("login", form.login(name).lower()),
            ("account", form.account(name).lower()),
            *(("emails", email.lower()) for email in person.emails),
            *(("keys", key) for key in person.keys),
        ]
        for field, value in own:
            if not value:
                continue
            owner = owners.setdefault((field, value), name)
            if owner != name:
                problem = codes.POLICY_SHARED(what=field, value=quote(value), other=quote(owner))
                yield ("people", name), problem


def _scope(
    scope: Scope, targets: Collection[str], environments: Collection[str], path: Path
) -> Problems:
    yield from _known(scope.targets or (), targets, (*path, "targets"), "target")
    named = scope.environments or ()
    yield from _known(named, environments, (*path, "environments"), "environment")
    for field in scope.fields or ():
        kind, name, *_ = field.split(".")
        if kind not in KINDS:
            yield from _known([kind], KINDS, (*path, "fields"), "kind")
        else:
            yield from _known([name], KINDS[kind].model.model_fields, (*path, "fields"), "field")


_RECURRING = ("date", "every", "weekdays", "hours")


def _period(form: PolicyForm, period: Period, path: Path) -> Problems:
    if not (period.timezone or form.timezone):
        yield path, codes.POLICY_NO_TIMEZONE()
    if period.timezone:
        for inner, problem in check_timezone({"timezone": period.timezone}):
            yield (*path, *inner), problem
    single = period.start is not None or period.end is not None
    recurring = any(getattr(period, field) is not None for field in _RECURRING)
    beside = period.until is not None or period.nth is not None
    if single + recurring + (period.calendar is not None) != 1 or (beside and not recurring):
        yield path, codes.POLICY_PERIOD_UNCLEAR()
        return
    if single:
        yield from _single(period, path)
    if recurring:
        yield from _recurring(period, path)


def _single(period: Period, path: Path) -> Problems:
    for field in ("start", "end"):
        moment = getattr(period, field)
        if moment is None:
            yield path, codes.POLICY_PERIOD_UNCLEAR()
            return
        try:
            datetime.fromisoformat(moment)
        except ValueError:
            yield (*path, field), codes.NO_SUCH_DAY(day=quote(moment[:10]))
            return
    if (period.end or "") <= (period.start or ""):
        yield (*path, "end"), codes.ENDS_BEFORE_IT_BEGINS(what="the period")


def _recurring(period: Period, path: Path) -> Problems:
    if period.date is not None and period.every is not None:
        yield path, codes.POLICY_PERIOD_UNCLEAR()
        return
    if period.nth is not None and period.weekdays is None:
        yield (*path, "nth"), codes.POLICY_NTH_ALONE()
    if period.date is not None or period.every is not None:
        entry = {"date": period.date, "every": period.every, "until": period.until}
        yield from check_days(entry, path, "the period")
    elif period.until is not None:
        yield (*path, "until"), codes.POLICY_PERIOD_UNCLEAR()
