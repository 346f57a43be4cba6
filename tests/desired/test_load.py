"""A stakeholder's mistakes: each ends in a diagnostic with place, cause and hint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccstate.desired import Desired, ParseCache, cache_folder, load, load_settings
from ccstate.errors import CcstateError, Diagnostic, InvalidInput, Severity, Span
from ccstate.model import Address

PROJECT = "version: 1\ntargets: {demo: {adapter: embedded}}\n"


def read(folder: Path, project: str = PROJECT, **files: str | bytes) -> Desired:
    (folder / "ccstate.yaml").write_text(project, encoding="utf-8")
    tree = folder / "desired_state"
    tree.mkdir(exist_ok=True)
    for name, content in files.items():
        path = tree / f"{name}.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(load_settings(folder), ParseCache(folder / "cache"))


def said(problem: Diagnostic) -> str:
    hint = f" | {problem.hint}" if problem.hint else ""
    place = str(problem.span).removeprefix("desired_state/")
    return f"{place}: {problem.code} {problem.message}{hint}"


USER = "users: {a: {name: A}}\n"
PROMPT = "prompts: {p: {languages: {en-AU: {text: Hello}}}}\n"

MISTAKES = [
    (
        "an unknown field",
        "queues:\n  sales:\n    ringfor: 20s\n",
        'x.yaml:3:5: CC101 unknown field "ringfor" | did you mean "ring_for"?',
    ),
    (
        "an unknown kind",
        "queue: {}\n",
        'x.yaml:1:1: CC108 unknown kind "queue" | write the plural: "queues"',
    ),
    (
        "an unknown kind, misspelled",
        "quues: {}\n",
        'x.yaml:1:1: CC108 unknown kind "quues" | did you mean "queues"?',
    ),
    (
        "a number for a duration",
        "queues: {a: {ring_for: 20}}\n",
        "x.yaml:1:14: CC102 ring_for must be text, not 20 | say the unit: 20s",
    ),
    (
        "a duration without sense",
        "queues: {a: {ring_for: soon}}\n",
        'x.yaml:1:14: CC102 ring_for cannot be "soon"',
    ),
    (
        "text for a boolean",
        "users: {a: {name: A, hot_desking: yes}}\n",
        'x.yaml:1:22: CC102 hot_desking must be true or false, not "yes"',
    ),
    (
        "a strategy that does not exist",
        "queues: {a: {strategy: longest_ide}}\n",
        'x.yaml:1:14: CC102 strategy cannot be "longest_ide" | did you mean "longest_idle"?',
    ),
    (
        "a field that is missing",
        "users: {a: {}}\n",
        'x.yaml:1:9: CC104 "name" is missing | add name:',
    ),
    (
        "a reference to nothing",
        "queues:\n  a:\n    hours: weekday\nschedules: {weekdays: {timezone: UTC, weekly: {}}}\n",
        'x.yaml:3:5: CC103 unknown schedule "weekday" | did you mean "weekdays"?',
    ),
    (
        "a member who does not exist, behind others",
        USER + "queues:\n  q:\n    members:\n      - {user: zed}\n      - {user: a}\n",
        'x.yaml:5:10: CC103 unknown user "zed" | declare it below users:',
    ),
    (
        "voicemail without a mailbox",
        'extensions: {"20": {}}\nqueues: {q: {overflow: {to: voicemail/20}}}\n',
        "x.yaml:2:25: CC103 extension/20 has no mailbox | give extension/20 a voicemail:",
    ),
    (
        "two owners of a number",
        'extensions: {"20": {}}\nqueues: {q: {extension: "20"}}\n',
        "x.yaml:2:14: CC105 number 20 has two owners | give one of them another",
    ),
    (
        "two people with one extension",
        'extensions: {"20": {}}\nusers:\n  a: {name: A, extension: "20"}\n  b: {name: B, extension: "20"}\n',
        "x.yaml:4:16: CC105 extension/20 has two owners | give one of them another",
    ),
    (
        "a name with capitals",
        "queues: {Sales: {}}\n",
        (
            'x.yaml:1:10: CC109 "Sales" cannot name a queue | use lower-case letters, digits, ".", "_" '
            'and "-"; put the name for people in label:'
        ),
    ),
    (
        "a number that lost its plus",
        "numbers: {+61255501234: {to: hangup}}\n",
        None,
    ),
    (
        "a day that does not exist",
        "schedules: {s: {timezone: UTC, weekly: {}, holidays: [{name: N, date: 2026-02-30}]}}\n",
        'x.yaml:1:65: CC111 there is no day "2026-02-30"',
    ),
    (
        "a moment that does not exist",
        "call_tests: {c: {at: 2026-02-30T10:00, expect: [hangup], to: '+61255501234'}}\nnumbers: {'+61255501234': {to: hangup}}\n",
        'x.yaml:1:18: CC111 there is no moment "2026-02-30T10:00" | name one of the years 2000 to 2099',
    ),
    (
        "a timezone that is only an offset",
        "schedules: {s: {timezone: EST, weekly: {}}}",
        'x.yaml:1:17: CC102 timezone cannot be "EST"',
    ),
    (
        "a day that no year has",
        "calendars: {c: {holidays: [{name: N, every: 04-31}]}}",
        'x.yaml:1:38: CC111 there is no day "04-31"',
    ),
    (
        "a run of days that begins every year and ends once",
        "calendars: {c: {holidays: [{name: N, every: 12-24, until: 2027-01-02}]}}",
        (
            'x.yaml:1:52: CC117 "N" begins on 12-24 and ends on 2027-01-02 | write both with the '
            "year (date: 2026-12-24), or both without it (every:)"
        ),
    ),
    (
        "a part of a day that runs over midnight",
        "calendars: {c: {holidays: [{name: N, every: 12-31, hours: ['18:00-02:00']}]}}",
        (
            'x.yaml:1:60: CC118 "18:00-02:00" is no part of a day | end it at 24:00, and write what '
            "is meant of the day after there: 18:00-24:00 and 00:00-02:00"
        ),
    ),
    (
        "a holiday that takes no hour of its day",
        "calendars: {c: {holidays: [{name: N, every: 12-31, hours: []}]}}",
        "x.yaml:1:52: CC102 holidays.0.hours must have at least 1 entry",
    ),
    (
        "a holiday of two sorts of days",
        "calendars: {c: {holidays: [{name: N, every: 12-31, date: 2026-12-31}]}}",
        "x.yaml:1:28: CC102 holidays.0: give exactly one of date, every",
    ),
    (
        "an exception that says nothing",
        "schedules: {s: {timezone: UTC, weekly: {}, exceptions: [{date: 2026-12-24}]}}",
        "x.yaml:1:57: CC102 exceptions.0: give at least one of hours, closed",
    ),
    (
        "a calendar that is not declared",
        (
            "schedules: {s: {timezone: UTC, weekly: {}, calendars: [au-nws]}}\n"
            "calendars: {au-nsw: {holidays: []}}"
        ),
        'x.yaml:1:56: CC103 unknown calendar "au-nws" | did you mean "au-nsw"?',
    ),
    (
        "a timezone that does not exist",
        "sites: {s: {timezone: Australia/Sidney}}\n",
        'x.yaml:1:13: CC111 unknown timezone "Australia/Sidney" | did you mean "Australia/Sydney"?',
    ),
    (
        "a node that does not exist",
        PROMPT
        + "ivrs: {i: {start: a, nodes: {a: {type: play, prompt: p, then: bb}, b: {type: hangup}}}}\n",
        'x.yaml:2:57: CC112 unknown node "bb" | nodes here: a, b',
    ),
    (
        "a node of no type",
        "ivrs: {i: {start: a, nodes: {a: {type: men}}}}\n",
        'x.yaml:1:30: CC102 unknown type "men" | did you mean "menu"?',
    ),
    (
        "nodes that go round for ever",
        "ivrs: {i: {start: a, nodes: {a: {type: goto, to: b}, b: {type: goto, to: a}}}}\n",
        (
            "x.yaml:1:30: CC107 a call would go round for ever: a → b → a | let one of them lead to a "
            "menu, a queue, voicemail or hangup"
        ),
    ),
    (
        "numbers that go round for ever",
        'numbers: {"+61255501234": {to: number/+61255501235}, "+61255501235": {to: number/+61255501234}}\n',
        (
            "x.yaml:1:11: CC107 a call would go round for ever: +61255501234 → +61255501235 → "
            "+61255501234 | end it somewhere"
        ),
    ),
    (
        "an area that the site does not have",
        "sites: {s: {timezone: UTC, areas: {north: {}}}}\nusers: {a: {name: A, site: s, area: nort}}\n",
        'x.yaml:2:31: CC113 site/s has no area "nort" | did you mean "north"?',
    ),
    (
        "a phone at an area that its site does not have",
        'sites: {s: {timezone: UTC, areas: {north: {}}}}\nextensions: {"20": {site: s, area: nort}}\n',
        'x.yaml:2:30: CC113 site/s has no area "nort" | did you mean "north"?',
    ),
    (
        "a phone at an area of nowhere",
        'extensions: {"20": {area: north}}\n',
        "x.yaml:1:21: CC113 extension/20 has an area and no site",
    ),
    (
        "a phone at an area that the site of its person does not have",
        (
            "sites: {s: {timezone: UTC, areas: {north: {}}}}\n"
            'users: {a: {name: A, site: s, extension: "20"}}\n'
            'extensions: {"20": {area: nort}}\n'
        ),
        'x.yaml:3:21: CC113 site/s has no area "nort" | did you mean "north"?',
    ),
    (
        "a phone at a desk that is in another area than its person",
        (
            "sites: {s: {timezone: UTC, areas: {north: {desks: [n-1]}, south: {desks: [s-1]}}}}\n"
            'users: {a: {name: A, site: s, area: south, extension: "20"}}\n'
            'extensions: {"20": {desk: n-1}}\n'
        ),
        'x.yaml:3:21: CC113 site/s has no desk "n-1" in south | declared in desired_state/x.yaml',
    ),
    (
        "a call at a time without known hours",
        'call_tests: {t: {to: "+61255501234", at: "9999-12-31T23:59", expect: [hangup]}}\n',
        'x.yaml:1:38: CC102 at cannot be "9999-12-31T23:59"',
    ),
    (
        "a timezone that is no place's",
        "sites: {s: {timezone: EST}}\n",
        'x.yaml:1:13: CC102 timezone cannot be "EST"',
    ),
    (
        "a desk that stands in no area",
        (
            "sites: {s: {timezone: UTC, areas: {north: {desks: [north-1]}}}}\n"
            "users: {a: {name: A, site: s, desk: north-2}}\n"
        ),
        'x.yaml:2:31: CC113 site/s has no desk "north-2" | did you mean "north-1"?',
    ),
    (
        "a secret as plain text",
        'extensions: {"20": {secret: hunter2}}\n',
        "x.yaml:1:21: CC102 secret is no reference | keep the secret out of git: env:NAME",
    ),
    (
        "a key that no phone has",
        PROMPT + 'ivrs: {i: {start: a, nodes: {a: {type: menu, prompt: p, choices: {"22": a}}}}}\n',
        'x.yaml:2:67: CC102 a name here cannot be "22"',
    ),
    (
        "a list for a document",
        "- queues\n",
        "x.yaml:1:1: CC102 a document is a mapping from kinds to resources | begin with a kind, such as queues:",
    ),
    (
        "a member without a name",
        "queues: {q: {members: [{penalty: 1}]}}\n",
        "x.yaml:1:24: CC102 members.0: give exactly one of user, team, extension",
    ),
    (
        "a release that is declared",
        "queues: {q: {}}\nrelease: [queue/q]\n",
        "x.yaml:2:11: CC106 queue/q is declared and released | keep one: the declaration, or the release",
    ),
    ("a duplicate key", "queues:\n  a: {}\n  a: {}\n", None),
    (
        "a field of an earlier release",
        "queues: {a: {}}\ndisplays: {w: {tiles: [{queues: [a], metric: waiting}]}}\n",
        (
            'x.yaml:2:38: CC101 unknown field "metric" | write measure: in place of metric:; '
            "its values are the same"
        ),
    ),
    (
        "a threshold of a list",
        "queues: {a: {}}\ndisplays: {w: {tiles: [{queues: [a], list: agents, warn: '5'}]}}\n",
        "x.yaml:2:52: CC111 warn means nothing to this tile | remove warn:",
    ),
    (
        "a team beside a figure",
        "queues: {a: {}}\ndisplays: {w: {tiles: [{queues: [a], measure: waiting, team: t}]}}\nteams: {t: {}}",
        "x.yaml:2:56: CC111 team means nothing to this tile | remove team:",
    ),
    (
        "a message that ends before it begins",
        "displays: {w: {tiles: [], messages: [{text: Hi, since: 2026-12-25, until: 2026-12-24}]}}\n",
        'x.yaml:1:68: CC111 "Hi" ends before it begins',
    ),
    ("a tab", "queues:\n\ta: {}\n", None),
    ("a tag", "queues: !x {}\n", None),
    ("no UTF-8", b"queues: {a: {label: \xff}}\n", None),
    ("a bomb", "a: &a [x,x]\n", None),
]


@pytest.mark.parametrize("name,content,expected", MISTAKES, ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_reported_with_place_and_hint(
    tmp_path: Path, name: str, content: str | bytes, expected: str | None
) -> None:
    problems = read(tmp_path, x=content).problems
    assert len(problems) == 1, [said(p) for p in problems]
    assert problems[0].span
    if expected is None:
        assert problems[0].code.startswith("CC00")
        assert problems[0].span.line
        assert problems[0].hint
    else:
        assert said(problems[0]) == expected


def test_all_problems_of_all_files_are_shown_together(tmp_path: Path) -> None:
    found = read(tmp_path, a="queues: {q: {foo: 1, bar: 2}}\n", b="users: {u: {}}\n", c="x: [\n")
    assert sorted(p.code for p in found.problems) == ["CC002", "CC101", "CC101", "CC104"]


def test_one_mistake_in_a_resource_does_not_hide_another(tmp_path: Path) -> None:
    found = read(tmp_path, a="queues:\n  q:\n    ring_for: 5\n    hours: none\n")
    assert [p.code for p in found.problems] == ["CC102", "CC103"]


def test_a_secret_in_clear_is_not_repeated(tmp_path: Path) -> None:
    written = "{secret: hunter2}, '21': {secret: [hunter2]}, '22': {voicemail: {pin: 777123}}"
    found = read(tmp_path, a="extensions: {'20': " + written + "}\n")
    assert len(found.problems) == 3
    assert "hunter2" not in str(found.problems)
    assert "777123" not in str(found.problems)


def test_a_broken_resource_does_not_break_those_that_name_it(tmp_path: Path) -> None:
    found = read(tmp_path, a="users: {u: {}}\n", b="queues: {q: {members: [{user: u}]}}\n")
    assert [p.code for p in found.problems] == ["CC104"]


def test_one_object_in_two_files_has_two_owners(tmp_path: Path) -> None:
    found = read(tmp_path, a="queues: {q: {}}\n", b="queues: {q: {}}\n")
    assert [said(p) for p in found.problems] == [
        "b.yaml:1:10: CC106 queue/q is declared twice | keep one of them"
    ]


def test_a_default_of_null_is_as_if_each_resource_said_null(tmp_path: Path) -> None:
    (tmp_path / "said").mkdir()
    said = read(tmp_path / "said", a="queues: {q: {ring_for: null}}\n").state
    project = PROJECT + "defaults: {queue: {ring_for: null}}\n"
    given = read(tmp_path, project, a="queues: {q: {}}\n").state
    address = Address("queue", "q")
    assert given[address].fields == said[address].fields == {"ring_for": "15s"}


def test_defaults_fill_what_a_resource_leaves_out(tmp_path: Path) -> None:
    project = PROJECT + "defaults: {queue: {wrap_up: 60s, ring_for: 9s}}\n"
    resource = read(tmp_path, project, a="queues: {q: {ring_for: 5s}}\n").state[
        Address("queue", "q")
    ]
    assert resource.fields == {"wrap_up": "1m", "ring_for": "5s"}
    assert resource.defaulted == {"wrap_up"}


@pytest.mark.parametrize("leads_to", ["outside.yaml", "desired_state/a.yaml", "nowhere.yaml"])
def test_a_link_is_refused_wherever_it_leads(tmp_path: Path, leads_to: str) -> None:
    (tmp_path / "outside.yaml").write_text("queues: {evil: {}}\n", encoding="utf-8")
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state" / "link.yaml").symlink_to(tmp_path / leads_to)
    found = read(tmp_path, a="queues: {q: {}}\n")
    assert [(p.code, str(p.span)) for p in found.problems] == [("CC006", "desired_state/link.yaml")]
    assert list(found.state) == [Address("queue", "q")]


@pytest.mark.parametrize("leads_to", ["desired_state", "outside"])
def test_a_link_to_a_folder_is_refused(tmp_path: Path, leads_to: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "evil.yaml").write_text("queues: {evil: {}}\n", encoding="utf-8")
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state" / "again").symlink_to(tmp_path / leads_to)
    found = read(tmp_path, a="queues: {q: {}}\n")
    assert [p.code for p in found.problems] == ["CC006"]
    assert list(found.state) == [Address("queue", "q")]


SECRET_LINES = "root:x: [not yaml\n\tpassword-in-clear: *\n"


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_desired_state_behind_a_link_is_refused_unread(tmp_path: Path, depth: int) -> None:
    outside = tmp_path / "outside"
    (outside / "b" / "c").mkdir(parents=True)
    for folder in (outside, outside / "b", outside / "b" / "c"):
        (folder / "evil.yaml").write_text(SECRET_LINES, encoding="utf-8")
    project = tmp_path / "project"
    where = project.joinpath(*["a", "b", "c"][:depth], "link")
    where.parent.mkdir(parents=True)
    where.symlink_to(outside)
    named = (where / "b").relative_to(project) if depth else where.relative_to(project)
    (project / "ccstate.yaml").write_text(f"desired_state: {named}\n{PROJECT}", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_settings(project)
    [problem] = caught.value.problems
    assert problem.code == "CC006"
    assert problem.span == Span("ccstate.yaml", 1, 1)
    assert "password-in-clear" not in repr(problem)


@pytest.mark.parametrize("folder", ["x/..", "x/../..", "x/../../../etc", "x/../desired_state"])
def test_a_desired_state_that_climbs_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "ccstate.yaml").write_text(f"desired_state: {folder}\n{PROJECT}", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_settings(tmp_path)
    assert [p.code for p in caught.value.problems] == ["CC006"]


@pytest.mark.parametrize("there", [True, False])
def test_a_project_file_that_is_a_link_is_refused_unread(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "outside").write_text(SECRET_LINES, encoding="utf-8")
    project = tmp_path / "project"
    project.mkdir()
    (project / "ccstate.yaml").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidInput) as caught:
        load_settings(project)
    [problem] = caught.value.problems
    assert (problem.code, problem.span) == ("CC006", Span("ccstate.yaml"))
    assert "password-in-clear" not in repr(problem)


def test_a_pipe_is_refused_and_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "desired_state").mkdir()
    os.mkfifo(tmp_path / "desired_state" / "pipe.yaml")
    assert [p.code for p in read(tmp_path).problems] == ["CC001"]


def test_a_file_of_100_mb_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "desired_state").mkdir()
    with (tmp_path / "desired_state" / "huge.yaml").open("wb") as huge:
        huge.truncate(100 * 2**20)
    assert [p.code for p in read(tmp_path).problems] == ["CC005"]


def test_the_parse_cache_gives_the_same_and_notices_a_change(tmp_path: Path) -> None:
    first = read(tmp_path, a="queues: {q: {ring_for: 5s}}\n", b=USER)
    again = read(tmp_path)
    assert again.state == first.state
    changed = read(tmp_path, a="queues: {q: {ring_for: 6s}}\n")
    assert changed.state[Address("queue", "q")].fields == {"ring_for": "6s"}


OTHER = "users: {b: {name: B}}\n"


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name != "key")


@pytest.mark.parametrize(
    "content",
    [b"", b"1", b"null", b"{]", b"[]", b"[1,2,3]", b'[[["user","a",{"name":"Evil"}]],[],[]]'],
)
def test_an_entry_that_another_user_wrote_is_not_found(tmp_path: Path, content: bytes) -> None:
    first = read(tmp_path, a=USER)
    [entry] = entries(tmp_path / "cache")
    sealed = entry.read_bytes()
    # Bare, behind the seal of what was there, and behind one of zeros.
    for forged in (content, sealed[:32] + content, bytes(32) + content):
        entry.write_bytes(forged)
        assert read(tmp_path).state == first.state
        entry.write_bytes(forged)


def test_an_entry_under_the_name_of_another_is_not_found(tmp_path: Path) -> None:
    first = read(tmp_path, a=USER)
    [one] = entries(tmp_path / "cache")
    evil = one.read_bytes()
    read(tmp_path, a=OTHER)
    for entry in entries(tmp_path / "cache"):
        entry.write_bytes(evil)
    assert read(tmp_path, a=OTHER).state != first.state


def test_a_cache_with_another_key_is_not_believed(tmp_path: Path) -> None:
    first = read(tmp_path, a=USER)
    [entry] = entries(tmp_path / "cache")
    other = tmp_path / "other"
    other.mkdir()
    read(other, a=OTHER)
    [foreign] = entries(other / "cache")
    entry.write_bytes(foreign.read_bytes())
    assert read(tmp_path).state == first.state


def test_entries_are_found_again_and_say_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(tmp_path, a=USER)
    reading = sys.modules["ccstate.desired.load"]
    monkeypatch.setattr(reading, "parse", lambda *_: pytest.fail("parsed again"))
    assert read(tmp_path).state == first.state


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_cache_that_others_may_write_to_is_not_used(tmp_path: Path, mode: int) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(mode)
    read(tmp_path, a=USER)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_key_that_others_may_read_or_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    read(tmp_path)
    key = tmp_path / "cache" / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    read(tmp_path, a=USER)
    assert entries(tmp_path / "cache") == []
    key.chmod(0o600)
    key.rename(tmp_path / "elsewhere")
    key.symlink_to(tmp_path / "elsewhere")
    read(tmp_path, a=USER)
    assert entries(tmp_path / "cache") == []


def test_a_key_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "cache" / "key").write_bytes(b"short")
    read(tmp_path, a=USER)
    assert len(entries(tmp_path / "cache")) == 1


@pytest.mark.parametrize(
    "environment, folder",
    [
        ({"CCSTATE_CACHE": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/c/parsed"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/ccstate/parsed"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/ccstate/parsed"),
        ({"HOME": "/h"}, "/h/.cache/ccstate/parsed"),
        ({}, None),
        ({"HOME": "relative"}, None),
        ({"CCSTATE_CACHE": "relative"}, None),
        ({"CCSTATE_CACHE": "ROOT/.ccstate/cache"}, None),
        ({"HOME": "ROOT"}, None),
        ({"CCSTATE_CACHE": "ROOT/../ROOTNAME/x"}, None),
    ],
)
def test_the_cache_lies_outside_of_the_project(
    tmp_path: Path, environment: dict[str, str], folder: str | None
) -> None:
    given = {
        name: value.replace("ROOTNAME", tmp_path.name).replace("ROOT", str(tmp_path))
        for name, value in environment.items()
    }
    found = cache_folder(given, tmp_path)
    assert (str(found.parent) if found else None) == folder


def test_what_a_branch_puts_into_the_state_folder_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    project = tmp_path / "project"
    project.mkdir()
    (project / "ccstate.yaml").write_text(PROJECT)
    (project / "desired_state").mkdir()
    (project / "desired_state/a.yaml").write_text(USER)
    environment = {"CCSTATE_CACHE": str(outside)}
    cache = ParseCache(cache_folder(environment, project))
    key = cache.key(USER.encode())
    state = project / ".ccstate" / "cache"
    state.mkdir(parents=True)
    (state / key).write_bytes(b'[[["user","a",{"name":"Evil"}]],[],[]]')
    found = load(load_settings(project), cache)
    assert found.state[Address("user", "a")].fields == {"name": "A"}
    assert (state / key).exists()  # it is not removed either


@pytest.mark.process
def test_much_that_is_new_is_parsed_on_all_processors_and_says_the_same(tmp_path: Path) -> None:
    line = 'label: "A queue with a long name, {}", music: classical, ring_for: 20s, retry: 5s'
    read(tmp_path)
    for number in range(12):
        queues = "".join(f"  q{number}-{n}: {{{line.format(n)}}}\n" for n in range(4500))
        (tmp_path / f"desired_state/f{number}.yaml").write_text("queues:\n" + queues)
    (tmp_path / "desired_state/wrong.yaml").write_text("queues: {q: {foo: 1}}\n")
    # In a process of its own: one that has threads, as a test runner's has, should not fork.
    program = (
        "from pathlib import Path; from ccstate.desired import *;"
        f"d = load(load_settings(Path({str(tmp_path)!r})), ParseCache(Path({str(tmp_path / 'new')!r})));"
        "print(len(d.state), [p.code for p in d.problems])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("54001 ['CC101']\n", "")
    assert len(list((tmp_path / "new").iterdir())) == 12 + 1  # and the key


PROJECT_MISTAKES = [
    ("version: 1\n", 'ccstate.yaml:1:1: CC104 "targets" is missing | add targets:'),
    (
        "version: 1\ntargets: {a: {adaptor: x}}\n",
        'ccstate.yaml:2:15: CC101 unknown field "adaptor" | did you mean "adapter"?',
    ),
    (
        PROJECT + "defaults: {queue: {ringfor: 5s}}\n",
        'ccstate.yaml:3:20: CC101 unknown field "ringfor" | did you mean "ring_for"?',
    ),
    (
        PROJECT + "rules: {CC223: off}\n",
        'ccstate.yaml:3:9: CC102 CC223 cannot be "off" | one of ignore, warning, error',
    ),
    (
        PROJECT + "rules: {CC103: ignore}\n",
        'ccstate.yaml:3:9: CC102 a name here cannot be "CC103"',
    ),
]


@pytest.mark.parametrize("content,expected", PROJECT_MISTAKES)
def test_a_mistake_in_the_project_file_is_reported_with_its_place(
    tmp_path: Path, content: str, expected: str
) -> None:
    with pytest.raises(CcstateError) as raised:
        read(tmp_path, content)
    assert expected in [said(p) for p in raised.value.problems]


def test_the_project_says_how_severe_rules_are(tmp_path: Path) -> None:
    rules = "rules: {CC223: ignore, CC212: error, CC224: warning}\n"
    (tmp_path / "ccstate.yaml").write_text(PROJECT + rules, encoding="utf-8")
    assert load_settings(tmp_path).rules == {
        "CC223": None,
        "CC212": Severity.ERROR,
        "CC224": Severity.WARNING,
    }


@pytest.mark.parametrize(
    "connection,place",
    [
        ("{password: hunter2}", "11"),
        ("{AMI_Password: hunter2}", "11"),
        ("{db: {api-token: hunter2}}", "16"),
        ("{hosts: [{secret: hunter2}]}", "20"),
        ("{tokens: {}, token: [env:A, hunter2]}", "38"),
        ("{pin: 48213}", "11"),
        ("{sshKey: hunter2}", "11"),
        ("{path: 'postgresql://u:hunter2@h/x'}", "11"),
        ("{path: 'redis://:hunter2@h'}", "11"),
        ("{host: 'u:hunter2@127.0.0.1'}", "11"),
        ("{ami: 'tcp://u:hunter2@h'}", "11"),
        ("{path: 'postgresql://h/x?a=b&password=hunter2'}", "11"),
        ("{dsn: 'host=h pwd=hunter2'}", "11"),
        ("{hosts: [h, 'u:hunter2@h']}", "22"),
    ],
)
def test_a_secret_in_clear_in_a_connection_is_refused_and_not_repeated(
    tmp_path: Path, connection: str, place: str
) -> None:
    text = f"version: 1\ntargets:\n a: {{adapter: x, connection:\n         {connection}}}\n"
    with pytest.raises(CcstateError) as raised:
        read(tmp_path, text)
    [problem] = raised.value.problems
    assert str(problem.span) == f"ccstate.yaml:4:{place}"
    assert problem.code == "CC116"
    assert "hunter2" not in repr(problem)
    assert "48213" not in repr(problem)


@pytest.mark.parametrize(
    "connection",
    [
        "{password: env:AMI}",
        "{key: file:keys/ami}",
        "{password: null}",
        '{password: ""}',
        "{use_token: true}",
        "{keys_of: a, path: b}",
        "{to: 'sip:2001@h', mail: 'mailto:a@b', url: 'https://h:80/x?page=1', host: 'fe80::1'}",
        "{key: 'file:keys@h', dsn: 'host=h password=env:DB'}",
    ],
)
def test_references_and_other_fields_of_a_connection_are_left_alone(
    tmp_path: Path, connection: str
) -> None:
    text = f"version: 1\ntargets: {{a: {{adapter: x, connection: {connection}}}}}\n"
    (tmp_path / "ccstate.yaml").write_text(text, encoding="utf-8")
    assert load_settings(tmp_path).targets
