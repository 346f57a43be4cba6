"""Schedules as dialplan say what the calendar says: played, and asked of a real Asterisk."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.journeys.hours import WEEKDAYS, Holidays, Timetable
from ccstate.model import Address
from ccstate_lab.site import Site
from tests.adapters.asterisk.estates import estate, fields, imported, kinds
from tests.adapters.asterisk.played_calls import loaded, subroutine
from tests.asterisk_sites import NewSite
from tests.examples import scaled
from tests.journeys.strategies_journeys import calendars, days_for, moments, schedules
from tests.waiting import GENEROUS

TEST_SITE = Setting(b"k" * 32, is_test_site=True)


Named: TypeAlias = dict[str, dict[str, Any]]


def spelled(named: Named, shared: Named | None = None, setting: Setting = TEST_SITE) -> bytes:
    objects = {Address("schedule", name): fields for name, fields in named.items()}
    calendars = {Address("calendar", name): fields for name, fields in (shared or {}).items()}
    return serialize(compile_objects({**calendars, **objects}, setting))[
        "extensions.d/ccstate.conf"
    ]


def timetable(schedule: dict[str, Any], shared: Named) -> Timetable:
    """The schedule with those of the calendars that it names."""
    return Timetable(
        schedule, [Holidays(shared[name]["holidays"]) for name in schedule.get("calendars", ())]
    )


def at_edges(schedule: dict[str, Any], day: date, shared: Named) -> list[datetime]:
    """The minutes of a day, in UTC, at which anything may begin or end, and those before."""
    weeks = [schedule, *schedule.get("seasons", ())]
    hours = [spans for week in weeks for spans in week["weekly"].values()]
    holidays = [*schedule.get("holidays", ()), *(h for c in shared.values() for h in c["holidays"])]
    for entry in (*schedule.get("exceptions", ()), *holidays):
        hours += [entry.get("hours") or (), entry.get("closed") or ()]
    clocks = {"00:00", *(edge for spans in hours for span in spans for edge in span.split("-"))}
    zone = Timetable(schedule).zone
    found: list[datetime] = []
    for clock in clocks - {"24:00"}:
        for fold in (0, 1):
            local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone, fold=fold)
            found += [local.astimezone(UTC), local.astimezone(UTC) - timedelta(minutes=1)]
    return found


@settings(max_examples=scaled(150))
@given(st.data(), schedules(), calendars, moments)
def test_a_schedule_in_the_dialplan_says_what_the_calendar_says(
    data: st.DataObject, schedule: dict[str, Any], shared: Named, moment: datetime
) -> None:
    phase = subroutine(loaded(spelled({"x": schedule}, shared)), "schedule/x")
    table = timetable(schedule, shared)
    day = data.draw(days_for(schedule, shared))
    for at in (moment, moment + timedelta(seconds=59), *at_edges(schedule, day, shared)):
        said = phase({"CC_AT": str(int(at.timestamp()))})
        assert said == table.at(at).phase, at
        event(said)


def test_only_a_test_site_asks_a_call_for_the_moment() -> None:
    schedule = {"timezone": "UTC", "weekly": {}}
    assert b"CC_AT" in spelled({"x": schedule})
    assert b"CC_AT" not in spelled({"x": schedule}, setting=Setting(b"k" * 32))


# A real Asterisk

NAMED: dict[str, dict[str, Any]] = {
    "office": {
        "timezone": "Australia/Sydney",
        "weekly": {
            **{day: ["09:00-12:00", "13:00-17:30"] for day in ("mon", "tue", "wed", "thu")},
            "fri": ["22:00-06:00"],
        },
        "holidays": [{"name": "Christmas", "date": "2026-12-25", "until": "2026-12-28"}],
        "exceptions": [{"date": "2026-12-28", "hours": ["10:00-11:00"]}],
    },
    "nights": {
        "timezone": "Europe/London",
        "weekly": {day: ["22:00-06:00"] for day in WEEKDAYS},
        "calendars": ["shared"],
        "exceptions": [
            {"date": "2026-12-28", "hours": []},
            {"every": "01-03", "hours": ["08:00-09:00"], "closed": ["08:30-08:45"]},
            {"date": "2026-10-24", "until": "2026-10-25", "closed": ["23:00-24:00"]},
        ],
    },
    "shop": {
        "timezone": "Australia/Sydney",
        "weekly": {day: ["09:00-17:00"] for day in WEEKDAYS},
        "seasons": [
            {"every": "11-01", "until": "02-29", "weekly": {d: ["07:00-20:00"] for d in WEEKDAYS}},
            {"date": "2026-10-04", "until": "2026-10-04", "weekly": {"sun": ["02:30-03:30"]}},
        ],
        "holidays": [
            {"name": "Rebuilding", "date": "2040-01-01", "until": "2099-12-31"},
            {"name": "Recess", "every": "12-27", "until": "01-02", "hours": ["12:00-24:00"]},
        ],
        "calendars": ["shared"],
        "exceptions": [{"date": "2026-12-24", "closed": ["14:00-14:30"]}],
    },
    "island": {"timezone": "Australia/Lord_Howe", "weekly": {"sun": ["01:30-02:00"]}},
    "castle": {"timezone": "Europe/London", "weekly": {"sun": ["01:00-02:00"]}},
    "night-.x": {
        "timezone": "America/Argentina/Buenos_Aires",
        "weekly": {"sat": ["00:00-24:00"], "sun": ["20:00-04:00"]},
    },
    "always": {
        "timezone": "Etc/GMT-14",
        "weekly": {day: ["00:00-24:00"] for day in WEEKDAYS},
    },
}
SHARED: Named = {
    "shared": {
        "holidays": [
            {"name": "Christmas", "every": "12-25"},
            {"name": "Christmas Eve", "every": "12-24", "hours": ["12:00-24:00"]},
            {"name": "Inauguration", "date": "2026-04-05", "hours": ["01:00-02:30"]},
        ]
    }
}
DAYS = (
    date(2026, 12, 24),
    date(2026, 12, 25),
    date(2026, 12, 28),
    date(2027, 1, 3),
    date(2026, 4, 5),  # clocks go back in Sydney and on Lord Howe Island, there by half an hour
    date(2026, 10, 4),  # and forward
    date(2026, 3, 29),  # clocks change in London
    date(2026, 10, 25),
    date(2028, 2, 29),
    date(2028, 3, 1),
    date(2027, 12, 24),
    date(2028, 1, 2),
    date(2060, 6, 2),
    date(2100, 1, 1),
)
PROBE = """[probe]
exten => _X!,1,Set(__CC_AT=${CUT(EXTEN,*,2)})
 same => n,Goto(${CUT(EXTEN,*,1)},1)
"""


def probe(names: list[str]) -> str:
    """A context that asks schedule number N what it says at a moment: `N*seconds`."""
    asked = [
        f"exten => {number},1,Gosub(schedule/{name},s,1)\n"
        f" same => n,UserEvent(Hours,Asked: {number}*${{CC_AT}},Said: ${{GOSUB_RETVAL}})\n"
        for number, name in enumerate(names)
    ]
    return PROBE + "".join(asked)


def asked(site: Site, context: str, extens: list[str]) -> dict[str, str]:
    """What the user events of a context say, by the extensions that were called there."""
    said: dict[str, str] = {}
    login = Login("127.0.0.1", site.ami_port, site.lab_username, site.lab_secret)
    with Ami.connect(login, events="user") as ami:
        for exten in extens:
            ami.do(
                "Originate",
                ("Channel", f"Local/{exten}@{context}"),
                ("Application", "Wait"),
                ("Data", "1"),
                ("Async", "true"),
            )
        deadline = time.monotonic() + GENEROUS
        while len(said) < len(extens) and time.monotonic() < deadline:
            for found in ami.events(time.monotonic() + 0.2):
                if found.get("UserEvent") == "Hours":
                    said[found["Asked"]] = found["Said"]
    return said


@pytest.mark.parametrize("release", ["22", "16"])
def test_a_real_asterisk_says_at_every_edge_what_the_calendar_says(
    new_site: NewSite, release: str
) -> None:
    expected = {
        f"{number}*{int(at.timestamp())}": timetable(schedule, SHARED).at(at).phase.value
        for number, schedule in enumerate(NAMED.values())
        for day in DAYS
        for at in at_edges(schedule, day, SHARED)
    }
    files = {
        "extensions.d/ccstate.conf": spelled(NAMED, SHARED).decode(),
        "extensions.d/probe.conf": probe(list(NAMED)),
    }
    said = asked(new_site(release, files=files), "probe", list(expected))
    assert said == expected
    assert set(said.values()) == {"open", "closed", "holiday"}


# Hours by hand, as GotoIfTime has them

BY_HAND = (
    "9:00-16:59,mon-fri,*,*",
    "*,*,25,dec",
    "*,*,24-26,dec",
    "*,*,*,nov-feb",
    "8:00-11:59,mon,1-7,oct",
    "22:00-5:59,fri-mon,*,*",
    "*,*,30-1,jan&mar",
    "*,*,29,feb",
    "*,6-7,*,11-2",
    "*,sun,28-3,*",
)
CLOCKS = ("00:00", "05:59", "06:00", "08:30", "11:59", "12:00", "16:59", "17:00", "22:30")
BY_HAND_DAYS = (
    "2026-12-25", "2026-12-26", "2026-12-27", "2026-10-05", "2026-10-12", "2027-01-01",
    "2027-01-30", "2027-03-01", "2028-02-29", "2027-02-28", "2026-11-01", "2026-10-31",
    "2026-03-31", "2026-06-28", "2026-07-05",
)  # fmt: skip


@pytest.mark.parametrize("release", ["22", "16"])
def test_a_schedule_that_was_imported_says_what_gotoiftime_does(
    new_site: NewSite, release: str
) -> None:
    dialplan, expected = "[probe]\n", {}
    for number, times in enumerate(BY_HAND):
        text = f"[inbound]\nexten => +61255501000,1,GotoIfTime({times}?phones,2001,1)"
        found = imported(estate(f"{text}\n same => n,Hangup()"))
        (name,) = kinds(found)["schedule"]
        table = Timetable(fields(found, f"schedule/{name}"))
        moments = [f"{day}T{clock}" for day in BY_HAND_DAYS for clock in CLOCKS]
        for place, moment in enumerate(moments):
            local = datetime.fromisoformat(moment).replace(tzinfo=table.zone)
            exten = f"{number}*{place}"
            expected[exten] = table.at(local).phase.value
            # Asterisk reads it by the clock of the server, which is that of this machine.
            clock = f"{local.astimezone():%Y/%m/%d %H:%M:%S}"
            dialplan += (
                f"exten => {exten},1,Set(TESTTIME()={clock})\n"
                f" same => n,Set(SAID=closed)\n"
                f" same => n,GotoIfTime({times},{table.zone}?open:closed)\n"
                f" same => n(open),Set(SAID=open)\n"
                f" same => n(closed),UserEvent(Hours,Asked: {exten},Said: ${{SAID}})\n"
            )
    site = new_site(release, files={"extensions.d/probe.conf": dialplan})
    said = asked(site, "probe", list(expected))
    # Asked again where it differs: one of 1,350 answers was seen wrong once, on 22.10 on a busy
    # machine, for no reason that was found. What is always wrong stays wrong.
    odd = [exten for exten in expected if said[exten] != expected[exten]]
    assert {**said, **(asked(site, "probe", odd) if odd else {})} == expected
    assert set(expected.values()) == {"open", "closed"}
