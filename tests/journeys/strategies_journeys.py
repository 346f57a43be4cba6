"""Hypothesis strategies: contact centres as people build them by accident.

Each strategy is made once, here or behind `cache`, and none while an example is drawn: making and checking
them anew took half of the time of the tests that draw centres.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ccstate.journeys.centre import Centre
from ccstate.model import Address

Plain: TypeAlias = dict[str, dict[str, dict[str, Any]]]
"""Kind → name → fields."""

FIRST = date(2026, 11, 22)
ZONES = (
    "Australia/Lord_Howe",  # half an hour
    "Australia/Sydney",
    "Europe/London",
    "America/New_York",
    "America/Santiago",  # at midnight
    "America/Havana",  # midnight comes twice
    "Asia/Beirut",  # midnight is left out; 23:00 comes twice
    "Asia/Kathmandu",  # never
    "UTC",
)
KINDS = (
    "calendar", "caller_list", "switch", "schedule", "ivr", "queue", "ring_group", "conference_room", "extension", "user", "team", "number", "prompt", "site",
)  # fmt: skip
NUMBERS = ("+61255500000", "+61255500001")
EXTENSIONS = ("10", "11", "12")
TREES = ("front", "back")
QUEUES = ("sales", "service")
GROUPS = ("shop",)
ROOMS = ("weekly",)
MOBILE = "+61400000001"
SITES = ("north", "south")
PROMPTS = ("hello", "sorry", "unwritten")
SWITCHES = ("night", "fire")
LISTS = ("vip", "blocked")
SCHEDULES = ("day", "night", "shop")
KEYS = "0123456789*#"


def centre(plain: Plain) -> Centre:
    """The estate as ccstate sees it."""
    return Centre(
        {Address(k, n): fields for k, named in plain.items() for n, fields in named.items()}
    )


# Hours

minutes = st.sampled_from([0, 1, 6 * 60, 8 * 60 + 30, 17 * 60, 23 * 60 + 59]) | st.integers(0, 1439)
dates = st.sampled_from(
    [date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26), date(2027, 3, 28)]
) | st.integers(0, 365).map(lambda days: FIRST + timedelta(days=days))


either = st.booleans()


@cache
def up_to(most: int, least: int = 0) -> SearchStrategy[int]:
    return st.integers(least, most)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def spans(draw: st.DrawFn) -> str:
    """By day, over midnight, up to 24:00; also around the clock by `09:00-09:00`."""
    end = "24:00" if draw(up_to(5)) == 0 else _clock(draw(minutes))
    return f"{_clock(draw(minutes))}-{end}"


few_spans = st.lists(spans(), max_size=2, unique=True).map(sorted)


LONG = date(2099, 12, 31)
year_days = dates.map(lambda day: f"{day:%m-%d}") | st.sampled_from(
    ["02-29", "02-28", "01-01", "12-31"]
)


@st.composite
def runs(draw: st.DrawFn) -> dict[str, Any]:
    """A day or some days, of one year or of every year; also decades, and over New Year."""
    if draw(either):
        run = {"every": draw(year_days)}
        if draw(either):
            run["until"] = draw(year_days)
        return run
    first = draw(dates)
    run = {"date": first.isoformat()}
    length = draw(up_to(5))
    if length:
        last = LONG if length == 5 else first + timedelta(days=length)
        run["until"] = last.isoformat()
    return run


@cache
def _later(start: int) -> SearchStrategy[int]:
    return st.integers(start + 1, 24 * 60) | st.just(24 * 60)


@st.composite
def parts(draw: st.DrawFn) -> list[str]:
    """Parts of a day, which never run over midnight."""

    def part() -> str:
        start = draw(minutes)
        return f"{_clock(start)}-{_clock(draw(_later(start)))}"

    return sorted({part() for _ in range(draw(up_to(2, 1)))})


some_run, some_parts = runs(), parts()
feasts = st.sampled_from(["Christmas", "Easter"])


@st.composite
def holidays(draw: st.DrawFn) -> dict[str, Any]:
    holiday = {"name": draw(feasts), **draw(some_run)}
    if draw(either):
        holiday["hours"] = draw(some_parts)
    return holiday


exception_forms = st.sampled_from(["hours", "hours", "closed", "both"])


@st.composite
def exceptions(draw: st.DrawFn) -> dict[str, Any]:
    special = draw(some_run)
    form = draw(exception_forms)
    if form != "closed":
        special["hours"] = draw(few_spans)
    if form != "hours":
        special["closed"] = draw(some_parts)
    if draw(either):
        special["reason"] = "Stocktaking"
    return special


@st.composite
def seasons(draw: st.DrawFn) -> dict[str, Any]:
    season = draw(some_run)
    season.setdefault("until", season.get("date") or season.get("every"))
    return {**season, "weekly": draw(weeks)}


weeks = st.dictionaries(
    st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), few_spans, max_size=7
)


@cache
def clock_changes(zone: str) -> tuple[date, ...]:
    """Local days of the year on which the clocks change."""
    there = ZoneInfo(zone)
    noons = [datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(days=n) for n in range(366)]
    offsets = [noon.astimezone(there).utcoffset() for noon in noons]
    changed = [n for n in range(1, 366) if offsets[n] != offsets[n - 1]]
    return tuple(noons[n].astimezone(there).date() for n in changed)


CALENDARS = ("country", "state")
calendars: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {name: st.builds(dict, holidays=st.lists(holidays(), max_size=2)) for name in CALENDARS}
)
"""Calendars by the names that schedules know."""


zones = st.sampled_from(ZONES)
SPECIAL: Mapping[str, SearchStrategy[list[Any]]] = {
    "seasons": st.lists(seasons(), max_size=2, unique_by=str),
    "holidays": st.lists(holidays(), max_size=2, unique_by=str),
    "exceptions": st.lists(exceptions(), max_size=2, unique_by=str),
    "calendars": st.lists(st.sampled_from(CALENDARS), max_size=2, unique_by=str),
}


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    schedule: dict[str, Any] = {"timezone": draw(zones), "weekly": draw(weeks)}
    for field, some in SPECIAL.items():
        if draw(either):
            schedule[field] = draw(some)
    return schedule


some_schedule = schedules()


@st.composite
def days_for(
    draw: st.DrawFn,
    schedule: Mapping[str, Any],
    calendars: Mapping[str, Mapping[str, Any]] | None = None,
) -> date:
    """A day on which something is likely to be odd: clocks, holidays, exceptions, or any."""
    odd = list(clock_changes(schedule["timezone"]))
    special = [
        entry
        for field in ("seasons", "holidays", "exceptions")
        for entry in schedule.get(field, ())
    ]
    for calendar in (calendars or {}).values():
        special += calendar["holidays"]
    for entry in special:
        for text in (entry.get("date") or entry["every"], entry.get("until")):
            odd += _days_of(text) if text else []
    day = draw(st.sampled_from(odd) if odd else dates)
    if draw(either):
        day = draw(dates)
    return day + timedelta(days=draw(up_to(1, -1)))


def _days_of(text: str) -> list[date]:
    """The days in or near the year that a date, or a day of every year, means."""
    if len(text) > len("12-25"):
        return [date.fromisoformat(text)]
    years = (2027, 2028) if text == "02-29" else (2026, 2027)
    return [date(y, *map(int, text.split("-"))) for y in years if text != "02-29" or y == 2028]


# Calls

_addresses = [
    *(f"ivr/{name}" for name in TREES),
    *(f"queue/{name}" for name in QUEUES),
    *(f"ring_group/{name}" for name in GROUPS),
    *(f"conference_room/{name}" for name in ROOMS),
    *(f"{kind}/{name}" for kind in ("extension", "voicemail") for name in EXTENSIONS),
    *(f"number/{name}" for name in NUMBERS),
    "hangup",
]
_nowhere = ["queue/gone", "ivr/gone", "voicemail/99", "number/+61255509999"]
goes = st.sampled_from([*_addresses, *_addresses, *_nowhere])
durations = st.sampled_from(["0s", "7s", "20s", "1m30s", "1h"])
prompts = st.sampled_from(PROMPTS)
retries = st.integers(0, 2)


def _asked(to: SearchStrategy[str]) -> SearchStrategy[dict[str, str]]:
    """A list that is asked, and where its callers go."""
    return st.fixed_dictionaries({"list": st.sampled_from([*LISTS, "gone"]), "to": to})


@cache
def _node(names: tuple[str, ...], *, at_start: bool) -> SearchStrategy[dict[str, Any]]:
    to = st.sampled_from([*names * (45 // len(names)), *_addresses, *_nowhere, "gone"])
    schedule = st.sampled_from(SCHEDULES)

    def one(
        kind: str,
        fields: Mapping[str, SearchStrategy[Any]],
        optional: Mapping[str, SearchStrategy[Any]] | None = None,
    ) -> SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"type": st.just(kind), **fields}, optional=optional or {})

    few = st.dictionaries(st.sampled_from(KEYS), to, min_size=1, max_size=3)
    every = to.map(lambda target: dict.fromkeys(KEYS, target))
    asked = {"timeout": durations, "retries": retries, "on_timeout": to}
    count = st.integers(1, 3)
    ringing = {"ring_for": durations, "on_no_answer": to}
    dials = {
        "dial_extensions": st.booleans(),
        "dial_sites": st.lists(st.sampled_from(SITES), max_size=2, unique=True),
    }
    menu = one("menu", {"prompt": prompts, "choices": few}, {**asked, **dials, "on_invalid": to})
    digits = st.sampled_from(["000", "111", "123", "112"])
    leading_on = [
        menu,
        menu,
        one("play", {"prompt": prompts, "then": to}),
        one("menu", {"prompt": prompts, "choices": every}, asked),
        one("hours", {"schedule": schedule, "open": to, "closed": to}, {"holiday": to}),
        one("callers", {"callers": st.lists(_asked(to), min_size=1, max_size=2), "others": to}),
        one("switch", {"switch": st.sampled_from([*SWITCHES, "gone"]), "on": to, "off": to}),
        one(
            "collect",
            {"prompt": prompts, "save_as": st.just("account"), "then": to},
            {
                "min_digits": count,
                "max_digits": st.integers(3, 5),
                "choices": st.dictionaries(digits, to, max_size=3),
                **asked,
            },
        ),
    ]
    leaves = [
        one("goto", {"to": to}),
        one("queue", {"queue": st.sampled_from(QUEUES)}),
        one("dial", {"extension": st.sampled_from([*EXTENSIONS, "99"])}, ringing),
        one("dial", {"number": st.just("+61255501234")}, ringing),
        one("voicemail", {"mailbox": st.sampled_from([*EXTENSIONS, "99"])}),
        one("hangup", {}, {"prompt": prompts}),
    ]
    return st.one_of(leading_on if at_start else leading_on + leaves)


sizes = st.sampled_from([1, 2, 3, 4, 5, 6, 6])
spoken = st.sampled_from(["en-AU", "vi"])


@cache
def _start(names: tuple[str, ...]) -> SearchStrategy[str]:
    return st.sampled_from(["n0", "n0", "n0", *names, "gone"])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    names = tuple(f"n{number}" for number in range(draw(sizes)))
    nodes = {name: draw(_node(names, at_start=name == "n0")) for name in names}
    tree: dict[str, Any] = {"start": draw(_start(names)), "nodes": nodes}
    if draw(either):
        tree["language"] = draw(spoken)
    return tree


some_tree = trees()


logins = st.sampled_from(["static", "dynamic"])
members = st.one_of(
    st.fixed_dictionaries({"extension": st.sampled_from(EXTENSIONS)}, optional={"login": logins}),
    st.fixed_dictionaries(
        {"user": st.sampled_from(["ann", "bo", "nobody"])}, optional={"login": logins}
    ),
    st.just({"team": "crew", "penalty": 3}),
    st.just({"team": "gone"}),
)
queues = st.fixed_dictionaries(
    {},
    optional={
        "hours": st.sampled_from(SCHEDULES),
        "keys": st.dictionaries(st.sampled_from(KEYS), goes, max_size=2),
        "max_waiting": st.sampled_from([0, 5]),
        "skills": st.lists(st.sampled_from(["gas", "water"]), unique=True),
        "members": st.lists(members, max_size=2),
        "announcements": st.fixed_dictionaries({}, optional={"welcome": prompts}),
        "recording": st.fixed_dictionaries({"when": st.just("always"), "notice": prompts}),
        "overflow": st.fixed_dictionaries(
            {}, optional={"after": durations, "to": goes, "empty": goes, "full": goes}
        )
        | st.none(),
    },
)
recordings = st.fixed_dictionaries(
    {}, optional={"when": st.sampled_from(["never", "always", "on_demand"]), "notice": prompts}
)
rooms = st.fixed_dictionaries(
    {}, optional={"max_members": st.sampled_from([0, 9]), "recording": recordings}
)
ring_groups = st.fixed_dictionaries(
    {
        "members": st.lists(
            st.sampled_from([*EXTENSIONS, "99"]), min_size=1, max_size=3, unique=True
        )
    },
    optional={
        "strategy": st.sampled_from(["ring_all", "in_order"]),
        "ring_for": durations,
        "no_answer": goes,
    },
)
forwards = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "always": goes | st.just(MOBILE),
        "busy": goes,
        "no_answer": goes | st.just(MOBILE),
        "unavailable": goes,
    },
)
follows = st.fixed_dictionaries(
    {"extension": st.sampled_from([*EXTENSIONS, "99"])}, optional={"ring_for": durations}
) | st.just({"number": MOBILE, "ring_for": "7s"})
extensions = st.fixed_dictionaries(
    {},
    optional={
        "device": st.sampled_from(["none", "deskphone", "webrtc"]),
        "site": st.sampled_from(SITES),
        "recording": recordings,
        "forward": forwards,
        "follow_me": st.lists(follows, max_size=2),
        "ring_for": durations,
        "voicemail": st.just({}) | st.fixed_dictionaries({"greeting": prompts}) | st.none(),
    },
)
users = st.fixed_dictionaries(
    {"name": st.just("Somebody")},
    optional={
        "extension": st.sampled_from(EXTENSIONS),
        "team": st.just("crew"),
        "site": st.sampled_from(SITES),
        "skills": st.dictionaries(st.sampled_from(["gas", "water"]), st.integers(1, 10)),
    },
)
numbers = st.fixed_dictionaries(
    {"to": st.sampled_from([*["ivr/front"] * 40, *["ivr/back"] * 10, *_addresses, *_nowhere])},
    optional={
        "hours": st.sampled_from([*SCHEDULES, "gone"]),
        "closed": goes,
        "holiday": goes,
        "callers": st.lists(_asked(goes), max_size=2),
        "switch": st.sampled_from([*SWITCHES, "gone"]),
        "on": goes,
    },
)
CALLING = ("+61491570006", "+61491570156", "+6149157", "+44")
"""Numbers and beginnings of numbers that callers have."""
caller_lists = st.fixed_dictionaries(
    {},
    optional={
        "numbers": st.lists(st.sampled_from(CALLING[:2]), max_size=2, unique=True),
        "prefixes": st.lists(st.sampled_from(CALLING), max_size=2, unique=True),
        "withheld": st.booleans(),
    },
)
closing_switches = st.sampled_from([*SWITCHES, "gone"])
switches = st.fixed_dictionaries({}, optional={"default": st.sampled_from(["on", "off"])})
WORDS: Mapping[str, dict[str, Any]] = {
    "hello": {
        "languages": {"en-AU": {"text": "Welcome to us"}, "vi": {"text": "Xin chao quy vi ban"}}
    },
    "sorry": {"languages": {"vi": {"text": "Xin loi"}}},
    "unwritten": {"languages": {"en-AU": {"audio": "unwritten.wav"}}},
}


@st.composite
def centres(draw: st.DrawFn) -> Plain:
    """A small centre; every name that is used elsewhere is there, except those that say `gone`."""

    def of(names: tuple[str, ...], each: SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
        return {name: draw(each) for name in names}

    plain: Plain = {kind: {} for kind in KINDS}
    plain["calendar"] = draw(calendars)
    plain["schedule"] = of(SCHEDULES[: draw(up_to(3, 1))], some_schedule)
    plain["switch"] = of(SWITCHES, switches)
    plain["caller_list"] = of(LISTS, caller_lists)
    for schedule in plain["schedule"].values():
        if draw(up_to(3)) == 0:
            schedule["closed_by"] = draw(closing_switches)
    plain["prompt"] = dict(WORDS)
    plain["ivr"] = of(TREES[: draw(up_to(2, 1))], some_tree)
    plain["queue"] = of(QUEUES, queues)
    plain["ring_group"] = of(GROUPS, ring_groups)
    plain["conference_room"] = of(ROOMS, rooms)
    plain["extension"] = of(EXTENSIONS, extensions)
    plain["user"] = of(("ann", "bo"), users)
    plain["team"] = {"crew": {}}
    plain["number"] = of(NUMBERS[: draw(up_to(2, 1))], numbers)
    return plain


moments = st.integers(0, 365 * 24 * 60).map(
    lambda minute: datetime(2026, 11, 22, tzinfo=UTC) + timedelta(minutes=minute)
)
"""Any minute of the year, in UTC."""
entries = st.lists(st.text(KEYS, max_size=4), max_size=6)
"""What a caller presses: an entry for each question, "" for silence."""
