"""Rules on the command line: what validate says of them, and how one learns more."""

import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest

from ccstate.cli.days import today
from ccstate.errors import Diagnostic
from ccstate.rules import RULES
from tests.cli import screens

PROJECT = "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: demo.db}}}\n"
CLEAN = """\
schedules:
  weekdays:
    timezone: Australia/Sydney
    weekly: {mon: ["09:00-17:00"]}
"""
IDLE = CLEAN.replace("weekdays:", "weekdays:  # ccstate: ignore CC200")


class Screen(screens.Screen):
    """A project in a folder, and what its commands write."""

    def write(self, state: str, project: str = PROJECT) -> None:
        (self.folder / "desired_state").mkdir(exist_ok=True)
        (self.folder / "ccstate.yaml").write_text(project, encoding="utf-8")
        (self.folder / "desired_state" / "all.yaml").write_text(state, encoding="utf-8")


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("CCSTATE_PROJECT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    made = Screen(tmp_path, capsys)
    made.write(CLEAN)
    return made


def test_a_state_that_no_rule_speaks_of_has_no_problems(screen: Screen) -> None:
    assert screen.run("validate") == 0
    assert "no problems" in screen.out
    assert screen.err == ""


def test_a_warning_is_shown_with_the_way_to_learn_more_and_fails_nothing(screen: Screen) -> None:
    screen.write(IDLE)
    assert screen.run("validate") == 0
    assert "desired_state/all.yaml:2:14: warning: CC200" in screen.out
    assert screen.out.endswith("ccstate rule CC200\n")


def test_the_project_makes_a_rule_an_error_or_switches_it_off(screen: Screen) -> None:
    screen.write(IDLE, PROJECT + "rules: {CC200: error}\n")
    assert screen.run("validate") == 1
    screen.write(IDLE, PROJECT + "rules: {CC200: ignore}\n")
    assert screen.run("validate") == 0
    assert "no problems" in screen.out


def test_a_code_in_the_project_that_no_rule_has_is_an_error(screen: Screen) -> None:
    screen.write(CLEAN, PROJECT + "rules:\n  CC299: ignore\n")
    assert screen.run("validate") == 1
    assert 'ccstate.yaml:4:3: CC101 there is no rule "CC299"' in screen.out


def test_rules_do_not_judge_a_state_with_errors(screen: Screen) -> None:
    screen.write(IDLE + "queues: {a: {b: c}}\n")
    assert screen.run("validate") == 1
    assert "CC200" not in screen.out
    assert "ccstate rule" not in screen.out
    assert screen.err.count("\n") == 1
    assert "rules were not run" in screen.err


def test_a_project_that_cannot_be_read_is_not_judged(screen: Screen) -> None:
    screen.write(IDLE, "version: 1\n")
    assert screen.run("validate") == 1
    assert "rules were not run" in screen.err


def test_another_day_than_today_can_be_judged(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[date] = []

    def judged(_settings: object, _desired: object, day: date, _cache: object) -> list[Diagnostic]:
        days.append(day)
        return []

    monkeypatch.setattr("ccstate.project.verdict.verdict", judged)
    assert screen.run("validate", "--at", "2027-01-31") == 0
    assert screen.run("validate") == 0
    assert days[0] == date(2027, 1, 31)
    assert abs((days[1] - today()).days) <= 1
    assert screen.run("validate", "--at", "tomorrow") == 1
    assert '"tomorrow" is no day such as 2026-12-25' in screen.err


def test_sarif_carries_what_a_rule_is_about(screen: Screen) -> None:
    screen.write(IDLE)
    screen.run("validate", "--format", "sarif")
    (sarif,) = orjson.loads(screen.out)["runs"]
    (rule,) = sarif["tool"]["driver"]["rules"]
    assert rule["id"] == "CC200"
    assert rule["name"] == RULES["CC200"].name
    assert rule["shortDescription"]["text"] == RULES["CC200"].summary + "."
    assert rule["defaultConfiguration"] == {"level": "warning"}
    assert "comment" in rule["help"]["text"]
    assert sarif["results"][0]["level"] == "warning"


def test_junit_and_github_carry_rules_like_any_problem(screen: Screen) -> None:
    screen.write(IDLE)
    screen.run("validate", "--format", "junit")
    root = ET.fromstring(screen.out)  # noqa: S314 - our own output
    assert root.attrib["failures"] == "0"
    assert "CC200" in screen.out
    screen.run("validate", "--format", "github")
    assert screen.out.startswith(
        "::warning col=14,file=desired_state/all.yaml,line=2,title=CC200::"
    )


def test_a_rule_is_explained_by_its_code_and_by_its_name(screen: Screen) -> None:
    assert screen.run("rule", "CC200") == 0
    by_code = screen.out
    assert screen.run("rule", "cc200") == 0
    assert screen.out == by_code
    assert screen.run("rule", RULES["CC200"].name) == 0
    assert screen.out == by_code
    for words in ("Bad:", "It says:", "Good:", "rules: {CC200: ignore}", "desired_state/example"):
        assert words in by_code


@pytest.mark.parametrize("width", [40, 80])
def test_rules_fit_the_terminal(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for code in RULES:
        assert screen.run("rule", code) == 0
        assert max(map(len, screen.out.splitlines())) <= width
    assert screen.run("rule") == 0
    if width == 80:
        assert max(map(len, screen.out.splitlines())) <= width


def test_without_a_code_every_rule_is_listed(screen: Screen) -> None:
    assert screen.run("rule") == 0
    assert re.findall(r"^(CC\d+) ", screen.out, re.MULTILINE) == list(RULES)
    assert screen.run("rule", "--format", "json") == 0
    assert [rule["code"] for rule in orjson.loads(screen.out)] == list(RULES)
    assert screen.run("rule", "--format", "markdown") == 0
    assert screen.out.count("\n| CC") == len(RULES)


def test_a_page_in_other_forms_says_the_same(screen: Screen) -> None:
    assert screen.run("rule", "CC200", "--format", "json") == 0
    answer = orjson.loads(screen.out)
    assert answer["summary"] == RULES["CC200"].summary
    assert screen.run("rule", "CC200", "--format", "markdown") == 0
    assert answer["bad"] in screen.out
    assert answer["prose"][0] in screen.out


@pytest.mark.parametrize(
    "which,hint",
    [
        ("CC2000", 'did you mean "CC200"?'),
        (RULES["CC200"].name + "s", f'did you mean "{RULES["CC200"].name}"?'),
        ("CC103", "docs/codes.md"),
        ("zzzzzz", "lists the rules"),
    ],
)
def test_a_rule_that_is_not_there_is_reported(screen: Screen, which: str, hint: str) -> None:
    assert screen.run("rule", which) == 1
    assert "CC808" in screen.err
    assert hint in screen.err


PLACED = """\
sites:
  dub: {timezone: Europe/Dublin, areas: {annex: {}}}
  lon: {timezone: Europe/London, areas: {annex: {}}}
users:
  anna: {name: Anna Ito, site: lon, area: annex, extension: "2001"}
extensions:
  "2001": {site: lon}
"""


def test_moving_a_person_alone_is_seen_by_validate_and_by_plan(screen: Screen) -> None:
    screen.write(PLACED)
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    screen.write(PLACED.replace("site: lon, area", "site: dub, area"))
    message = "user/anna works at site/dub, and their phone stands at site/lon"
    assert screen.run("validate") == 1
    assert f"all.yaml:5:26: CC239 {message}" in screen.out
    assert screen.run("plan") == 3
    assert message in screen.out
    screen.write(PLACED.replace("site: lon", "site: dub"))
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0


def test_moving_a_person_whose_phone_follows_is_a_plan(screen: Screen) -> None:
    follows = PLACED.replace('"2001": {site: lon}', '"2001": {}')
    screen.write(follows)
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    screen.write(follows.replace("site: lon, area", "site: dub, area"))
    assert screen.run("plan") == 0
    assert "user/anna" in screen.out


MEMBER_TWICE = """\
teams:
  billing: {label: Billing}
users:
  ana.b: {name: Ana B, team: billing, extension: "2001"}
extensions:
  "2001": {device: deskphone, voicemail: {pin: env:PIN_2001}}
queues:
  billing:
    extension: "3001"
    members: [{team: billing}, {user: ana.b, penalty: 5}]
    overflow: {after: 3m, to: voicemail/2001, empty: voicemail/2001}
"""


def test_a_plan_does_not_repeat_what_validate_says(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Members that are written in another order than plans have them, and a secret, which is a
    # reference to validate and a seal to a plan.
    screen.write(MEMBER_TWICE)
    monkeypatch.setenv("CCSTATE_SECRET_NAMES", "PIN_*")
    monkeypatch.setenv("PIN_2001", "4711")
    assert screen.run("validate") == 0
    assert "CC215 user/ana.b is in queue/billing twice, with penalties 0 and 5" in screen.out
    assert screen.run("plan") == 0
    assert "CC215" not in screen.out + screen.err
