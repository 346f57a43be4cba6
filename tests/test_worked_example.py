"""The worked example keeps its promises: it validates, hangs together, and its calls end as told.

The walker below is deliberately a second, naive reading of trees and hours, and shares no code
with the product.
"""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import ryaml

from ccstate.cli import run
from ccstate.kinds import KINDS, PLURALS, references, secrets

ROOT = Path(__file__).parent.parent
DESIRED = ROOT / "desired_state"
FILES = sorted(DESIRED.rglob("*.yaml"))

# Numbers for films and books, as the regulator (ACMA) lists them.
FICTION = re.compile(
    r"\+61(?:"
    r"[2378](?:5550|7010)[0-9]{4}"
    r"|1800(?:160401|9757(?:0[7-9]|1[01]))|13009757(?:0[7-9]|1[01])"
    r"|491(?:57(?:0(?:006|156|157|158|159|110|313|737)|1(?:266|491|804)|2(?:549|665|983)|3(?:770|087)"
    r"|4(?:118|632)|5(?:254|789)|6(?:398|801)|7(?:426|644)|8(?:957|148|888)|9(?:212|760|455)))"
    r")"
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WAYS = ("then", "to", "open", "closed", "holiday", "on_timeout", "on_invalid", "on_no_answer")
SPOKEN = {"star": "*", "hash": "#"}


def validated(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    return KINDS[kind].model.model_validate(fields).model_dump(exclude_unset=True)


@cache
def estate() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for file in FILES:
        for plural, resources in ryaml.loads(file.read_text()).items():
            kind = PLURALS[plural]
            for name, fields in resources.items():
                assert re.search(kind.name_pattern, name), f"{file}: {name}"
                assert name not in found[kind.name], f"{file}: {name} is declared twice"
                found[kind.name][name] = validated(kind.name, fields)
    return found


def named(kind: str) -> dict[str, Any]:
    return estate()[kind]


def every() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind, resources in estate().items():
        for name, fields in resources.items():
            yield kind, name, fields


# -- The naive walker ------------------------------------------------------------------------


def holidays_of(schedule: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the schedule, and of its calendars."""
    shared = [named("calendar")[name]["holidays"] for name in schedule.get("calendars", [])]
    return [*schedule.get("holidays", []), *(holiday for found in shared for holiday in found)]


def hours_of(schedule: dict[str, Any], day: date) -> list[str] | None:
    """Spans of a day; None on a holiday."""
    for exception in schedule.get("exceptions", []):
        if "hours" in exception and exception["date"] == day.isoformat():
            return list(exception["hours"])
    for holiday in holidays_of(schedule):
        if holiday["date"] <= day.isoformat() <= holiday.get("until", holiday["date"]):
            return None
    return list(schedule["weekly"].get(DAYS[day.weekday()], []))


def is_closed_then(schedule: dict[str, Any], local: datetime) -> bool:
    """Whether an exception closes a part of this day of every year."""
    return any(
        f"{local:%m-%d}" == exception["every"] and f"{local:%H:%M}" >= span[:5]
        for exception in schedule.get("exceptions", [])
        for span in exception.get("closed", [])
        if span.endswith("-24:00")
    )


def state_at(name: str, moment: datetime) -> str:
    """`open`, `closed` or `holiday`."""
    schedule = named("schedule")[name]
    local = moment.astimezone(ZoneInfo(schedule["timezone"]))
    clock = f"{local:%H:%M}"
    today = hours_of(schedule, local.date())
    yesterday = hours_of(schedule, local.date() - timedelta(days=1))
    for span in today or [] if not is_closed_then(schedule, local) else []:
        start, end = span.split("-")
        if start <= clock and (clock < end or end <= start):
            return "open"
    for span in yesterday or []:
        start, end = span.split("-")
        if end <= start and clock < end:
            return "open"
    return "holiday" if today is None else "closed"


def end_of_call(number: str, moment: datetime, keys: list[str]) -> str:
    """Where a call ends when everybody who is rung answers; no keys left means silence."""
    did, pressed = named("number")[number], list(keys)
    state = state_at(did["hours"], moment)
    closed = did.get("closed", did["to"])
    to = {"open": did["to"], "closed": closed, "holiday": did.get("holiday", closed)}[state]
    tree = ""
    for _ in range(50):
        if to.startswith("ivr/"):
            tree = to.removeprefix("ivr/")
            to = named("ivr")[tree]["start"]
        elif "/" in to or to == "hangup":
            return str(to)
        to = after(named("ivr")[tree]["nodes"][to], moment, pressed)
    pytest.fail(f"{number} runs in circles")


def after(node: dict[str, Any], moment: datetime, pressed: list[str]) -> str:
    match node["type"]:
        case "play":
            return str(node["then"])
        case "goto":
            return str(node["to"])
        case "hours":
            state = state_at(node["schedule"], moment)
            return str(node.get(state, node["closed"]))
        case "queue":
            return f"queue/{node['queue']}"
        case "dial":
            return f"extension/{node['extension']}"
        case "voicemail":
            return f"voicemail/{node['mailbox']}"
        case "collect" | "menu":
            return answered(node, pressed)
        case _:
            return "hangup"


def answered(node: dict[str, Any], pressed: list[str]) -> str:
    silence = str(node.get("on_timeout", "hangup"))
    if not pressed:
        return silence
    entry = pressed.pop(0)
    if node["type"] == "collect":
        assert node["min_digits"] <= len(entry) <= node["max_digits"]
        return str(node["then"])
    return str(node["choices"][entry])


# -- What the example promises ---------------------------------------------------------------


def test_it_is_as_large_as_promised() -> None:
    count = {kind: len(resources) for kind, resources in estate().items()}
    expected = {"site": 3, "team": 6, "queue": 8, "ivr": 3, "display": 2, "call_test": 15}
    assert {kind: count[kind] for kind in expected} == expected
    assert 55 <= count["user"] <= 65
    assert [s for s in named("site").values() if s.get("role") == "backup"]


def test_every_file_names_its_schema() -> None:
    for file in FILES:
        first = file.read_text().splitlines()[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert (file.parent / schema).resolve() == ROOT / "schema" / "document.json", file


def test_everything_that_is_named_exists() -> None:
    for kind, name, fields in every():
        for reference in references(kind, fields):
            target = reference.target
            assert target.name in named(target.kind), f"{kind}/{name} {reference.path}: {target}"


def test_every_mailbox_that_is_named_is_one() -> None:
    boxes = {name for name, fields in named("extension").items() if "voicemail" in fields}
    for file in FILES:
        assert set(re.findall(r"voicemail/([0-9]+)", file.read_text())) <= boxes
    for tree in named("ivr").values():
        assert {n["mailbox"] for n in tree["nodes"].values() if n["type"] == "voicemail"} <= boxes


def test_every_node_of_a_tree_exists_and_is_reached() -> None:
    for name, tree in named("ivr").items():
        nodes, reached, todo = tree["nodes"], set(), [tree["start"]]
        while todo:
            node = todo.pop()
            if "/" in node or node == "hangup" or node in reached:
                continue
            reached.add(node)
            fields = nodes[node]
            todo += [fields[way] for way in WAYS if way in fields]
            todo += fields.get("choices", {}).values()
        assert reached == set(nodes), name


def test_people_sit_at_desks_of_their_site_and_share_none() -> None:
    taken: Counter[tuple[str, str]] = Counter()
    for name, user in named("user").items():
        area = named("site")[user["site"]]["areas"][user["area"]]
        assert ("desk" in user) != user.get("hot_desking", False), name
        if "desk" in user:
            assert user["desk"] in area["desks"], name
            taken[user["site"], user["desk"]] += 1
    assert set(taken.values()) == {1}


def test_everybody_has_a_phone_of_their_own_at_their_site() -> None:
    phones = Counter(user["extension"] for user in named("user").values())
    assert set(phones.values()) == {1}
    for name, user in named("user").items():
        phone = named("extension")[user["extension"]]
        assert (phone["site"], phone["label"]) == (user["site"], user["name"]), name


def test_extensions_begin_with_the_digit_of_their_site() -> None:
    sites = {"2": "sydney", "3": "melbourne", "4": "adelaide"}
    numbers = list(named("extension"))
    for name, extension in named("extension").items():
        assert len(name) == 4
        assert sites[name[0]] == extension["site"], name
        assert (extension["device"] == "none") != ("secret" in extension), name
    for kind in ("queue", "ivr"):
        numbers += [fields["extension"] for fields in named(kind).values()]
    assert len(numbers) == len(set(numbers))


def test_a_supervisor_belongs_to_the_team() -> None:
    for name, team in named("team").items():
        assert named("user")[team["supervisor"]]["team"] == name


def test_members_have_the_skills_that_their_queue_needs() -> None:
    for name, queue in named("queue").items():
        people = []
        for member in queue["members"]:
            team = member.get("team")
            people += [u for u, user in named("user").items() if team and user["team"] == team]
            people += [member["user"]] if "user" in member else []
        for person in people:
            skills = named("user")[person]["skills"]
            assert set(queue.get("skills", [])) <= set(skills), f"{person} in {name}"


def test_every_number_is_reserved_for_fiction() -> None:
    for file in [*FILES, ROOT / "docs" / "worked-example.md", Path(__file__)]:
        for number in re.findall(r"\+[1-9][0-9]{6,14}", file.read_text()):
            assert FICTION.fullmatch(number), f"{file}: {number}"


def test_every_prompt_has_words_in_english() -> None:
    for name, prompt in named("prompt").items():
        assert prompt["languages"]["en-AU"]["text"], name
    assert any("vi" in prompt["languages"] for prompt in named("prompt").values())


def test_every_prompt_is_heard() -> None:
    heard = {
        r.target.name for k, _, f in every() for r in references(k, f) if r.target.kind == "prompt"
    }
    assert heard == set(named("prompt"))


def test_menus_say_the_keys_that_they_take() -> None:
    for name, tree in named("ivr").items():
        for label, node in tree["nodes"].items():
            if node["type"] == "menu":
                text = named("prompt")[node["prompt"]]["languages"]["en-AU"]["text"]
                said = [SPOKEN.get(k, k) for k in re.findall(r"press (\d|star|hash)\b", text)]
                assert sorted(said) == sorted(node["choices"]), f"{name}: {label}"


@pytest.mark.parametrize("day", ["2026-11-28", "2027-03-01", "2027-10-24"])
def test_nothing_is_reported_of_it_until_the_next_year_has_to_be_added(
    day: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--project", str(ROOT), "validate", "--at", day]) == 0
    assert "no problems" in capsys.readouterr().out


def test_dates_are_real_and_fall_on_the_right_day() -> None:
    mondays = {"Labour Day", "King's Birthday", "Adelaide Cup Day"}
    for name, schedule in named("schedule").items():
        ZoneInfo(schedule["timezone"])
        for exception in schedule.get("exceptions", []):
            if "date" in exception:
                assert date.fromisoformat(exception["date"]).weekday() < 5, name
            else:
                assert exception["every"] == "12-24", name
        for holiday in holidays_of(schedule):
            first = date.fromisoformat(holiday["date"])
            assert first <= date.fromisoformat(holiday.get("until", holiday["date"]))
            assert date(2026, 11, 1) <= first <= date(2027, 12, 31)
            if holiday["name"] in mondays or "additional day)" in holiday["name"]:
                assert first.weekday() == 0, f"{name}: {holiday}"
            if holiday["name"] == "Melbourne Cup Day":
                assert first.weekday() == 1, f"{name}: {holiday}"


@pytest.mark.parametrize("name", sorted(named("call_test")))
def test_a_call_ends_where_it_should(name: str) -> None:
    call = named("call_test")[name]
    zone = ZoneInfo(named("schedule")[named("number")[call["to"]]["hours"]]["timezone"])
    moment = datetime.fromisoformat(call["at"]).replace(tzinfo=zone)
    end = end_of_call(call["to"], moment, call.get("keys", []))
    assert end in call["expect"]
    if end.startswith("queue/"):
        assert state_at(named("queue")[end.removeprefix("queue/")]["hours"], moment) == "open"


def hourly() -> Iterator[datetime]:
    moment = datetime(2026, 11, 22, 0, 15, tzinfo=UTC)
    while moment < datetime(2027, 12, 31, tzinfo=UTC):
        yield moment
        moment += timedelta(hours=1)


def test_reception_is_open_whenever_a_team_is() -> None:
    teams = [n for n in named("schedule") if n.startswith("weekdays-") or n == "sales-hours"]
    assert len(teams) == 4
    for moment in hourly():
        if any(state_at(team, moment) == "open" for team in teams):
            assert state_at("office-hours", moment) == "open", moment


def test_a_silent_caller_reaches_a_person_at_work_or_a_mailbox() -> None:
    for moment in hourly():
        for number in named("number"):
            end, _, name = end_of_call(number, moment, []).partition("/")
            assert end in {"queue", "extension", "voicemail"}
            if end == "queue":
                assert state_at(named("queue")[name]["hours"], moment) == "open", (number, moment)


def test_the_outage_line_always_reaches_a_person() -> None:
    assert named("schedule")["faults-24h"].get("holidays") is None
    for moment in hourly():
        for keys in ([], ["0"], ["1"], ["2"], ["3"]):
            end = end_of_call("+611800975707", moment, keys)
            assert end in {"queue/faults", "extension/3590"}


def test_every_site_reaches_emergency_services_and_none_premium_numbers() -> None:
    emergency = [route for route in named("outbound_route").values() if route.get("emergency")]
    assert {route["site"] for route in emergency} == set(named("site"))
    assert all({"000", "106", "112"} == set(route["patterns"]) for route in emergency)
    for route in named("outbound_route").values():
        assert not any(pattern.startswith("19") for pattern in route["patterns"])
    for name, extension in named("extension").items():
        allowed = set(extension.get("permissions", []))
        assert "premium" not in allowed
        assert "emergency" in allowed or extension["device"] == "none", name


@pytest.mark.process
def test_demo_secrets_cover_every_reference_and_stay_the_same(tmp_path: Path) -> None:
    shutil.copytree(DESIRED, tmp_path / "desired_state")
    source = f". '{ROOT / 'demo' / 'secrets.sh'}' && env"
    first, second = (
        subprocess.run(
            ["sh", "-c", source], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    )
    exported = dict(line.split("=", 1) for line in first.stdout.splitlines() if "=" in line)
    wanted = {text for kind, _, fields in every() for text in secrets(kind, fields).values()}
    values = [exported[text.removeprefix("env:")] for text in wanted]
    assert all(len(value) >= 6 for value in values)
    assert set(first.stdout.splitlines()) >= {
        line for line in second.stdout.splitlines() if line.startswith(("SIP_", "PIN_", "TRUNK_"))
    }
    assert (tmp_path / ".ccstate" / "demo-secrets.env").stat().st_mode & 0o777 == 0o600
