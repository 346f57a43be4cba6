import pytest

from ccstate.kinds import Path
from ccstate.rules import Breach
from ccstate.rules.displays import RULES
from tests.rules.estates import estate

RULE = {rule.code: rule for rule in RULES}


def found(code: str, tiles: str) -> list[Breach]:
    text = f"teams: {{t: {{}}}}\nqueues: {{a: {{}}, b: {{}}}}\ndisplays: {{wall: {{tiles: [{tiles}]}}}}"
    return list(RULE[code].check(estate(text)))


def test_a_screen_without_tiles_stays_empty() -> None:
    [problem] = found("CC241", "")
    assert problem.path == ("tiles",)


@pytest.mark.parametrize(
    "second",
    [
        "queues: [a, b], measure: waiting",
        "queues: [b, a], measure: waiting, label: Other, warn: '5'",
    ],
)
def test_the_same_figure_twice(second: str) -> None:
    [problem] = found("CC241", f"{{queues: [a, b], measure: waiting}}, {{{second}}}")
    assert problem.path == ("tiles", 1)
    assert problem.message.startswith("display/wall shows waiting of queue/")
    assert problem.message.endswith(" and 1 more twice")


def test_other_queues_or_another_measure_are_another_figure() -> None:
    tiles = (
        "{queues: [a], measure: waiting}, {queues: [b], measure: waiting}, "
        "{queues: [a, b], measure: waiting}, {queues: [a], measure: longest_wait}"
    )
    assert found("CC241", tiles) == []


COUNTS = ["waiting", "answered", "abandoned", "agents_ready", "agents_paused"]
DURATIONS = ["longest_wait", "average_speed_of_answer", "average_handle_time"]
SHARES = ["service_level", "abandon_rate"]
RIGHT = [(COUNTS, "5"), (DURATIONS, "90s"), (SHARES, "80%")]


@pytest.mark.parametrize("field", ["warn", "alarm"])
@pytest.mark.parametrize("measure", [*COUNTS, *DURATIONS, *SHARES])
@pytest.mark.parametrize("threshold", ["5", "90s", "80%"])
def test_a_threshold_has_the_unit_of_its_measure(measure: str, threshold: str, field: str) -> None:
    other = "alarm" if field == "warn" else "warn"
    both = f"{{queues: [a], measure: {measure}, {field}: '{threshold}', {other}: null}}"
    problems = [p for p in found("CC242", both) if "nothing says" not in p.message]
    fits = any(measure in measures and threshold == right for measures, right in RIGHT)
    assert [problem.path for problem in problems] == ([] if fits else [("tiles", 0, field)])


def test_nothing_is_more_than_all() -> None:
    [problem] = found("CC242", "{queues: [a], measure: abandon_rate, alarm: 101%}")
    assert problem.path == ("tiles", 0, "alarm")
    assert found("CC242", "{queues: [a], measure: abandon_rate, alarm: 100%}") == []


@pytest.mark.parametrize(
    "measure, amber, red",
    [
        ("waiting", "5", "12"),
        ("abandoned", "9", "10"),
        ("agents_paused", "2", "4"),
        ("longest_wait", "90s", "2m"),
        ("average_handle_time", "59m", "1h"),
        ("abandon_rate", "5%", "10%"),
        ("service_level", "80%", "65%"),
        ("agents_ready", "4", "2"),
    ],
)
def test_amber_comes_before_red(measure: str, amber: str, red: str) -> None:
    tile = "{{queues: [a], measure: {}, warn: '{}', alarm: '{}'}}"
    assert found("CC242", tile.format(measure, amber, red)) == []
    assert found("CC242", tile.format(measure, red, red)) == []
    [problem] = found("CC242", tile.format(measure, red, amber))
    assert problem.path == ("tiles", 0, "alarm")
    assert problem.hint == "swap warn and alarm"


def test_whether_many_answered_calls_are_good_is_for_others_to_say() -> None:
    for warn, alarm in (("5", "9"), ("9", "5")):
        tile = f"{{queues: [a], measure: answered, warn: '{warn}', alarm: '{alarm}'}}"
        assert found("CC242", tile) == []


def test_a_list_beside_a_figure_of_the_same_queues_is_another_tile() -> None:
    tiles = (
        "{queues: [a], measure: waiting}, {queues: [a], list: agents}, "
        "{queues: [a], list: agents, team: t}, {queues: [a], list: queues}"
    )
    assert found("CC241", tiles) == []
    [problem] = found("CC241", "{queues: [a], list: queues}, {queues: [a], list: queues}")
    assert problem.message == "display/wall shows the list of queues of queue/a twice"


def test_one_threshold_of_what_is_worse_in_neither_direction_says_too_little() -> None:
    for field in ("warn", "alarm"):
        [problem] = found("CC242", f"{{queues: [a], measure: answered, {field}: '9'}}")
        assert problem.path == ("tiles", 0, field)
        assert problem.message == "nothing says whether more or less answered is worse"


CENTRE = """
sites:
  north: {timezone: UTC}
  south: {timezone: UTC}
  spare: {timezone: UTC, role: backup}
teams: {t: {}, empty: {}}
users:
  ann: {name: Ann, site: north, extension: "2001", team: t}
  bob: {name: Bob, site: south, extension: "2002"}
  cid: {name: Cid, extension: "2003"}
extensions:
  "2001": {site: north}
  "2002": {site: south}
  "2003": {}
queues:
  ours: {members: [{user: ann}]}
  both: {members: [{user: ann}, {user: bob}]}
  theirs: {members: [{user: bob}]}
  nowhere: {members: [{user: cid}]}
  unknown: {}
"""


def judged(code: str, wall: str) -> list[Breach]:
    return list(RULE[code].check(estate(f"{CENTRE}\ndisplays: {{wall: {{{wall}}}}}")))


@pytest.mark.parametrize(
    "wall, path",
    [
        ("site: north, tiles: [{queues: [ours, both], measure: waiting}]", None),
        ("site: north, tiles: [{queues: [ours, nowhere], measure: waiting}]", None),
        ("site: north, tiles: [{queues: [ours, unknown], measure: waiting}]", None),
        ("site: spare, tiles: [{queues: [theirs], measure: waiting}]", None),
        ("tiles: [{queues: [theirs], measure: waiting}]", None),
        (
            (
                "site: north, tiles: [{queues: [ours, theirs], list: queues}, "
                "{queues: [theirs], measure: waiting}]"
            ),
            ("tiles", 0, "queues", 1),
        ),
        ("site: north, tiles: [{queues: [theirs], measure: waiting}]", ("site",)),
    ],
)
def test_a_wall_shows_queues_that_its_site_answers(wall: str, path: Path | None) -> None:
    assert [problem.path for problem in judged("CC244", wall)] == ([path] if path else [])


def test_where_a_queue_is_answered_is_said() -> None:
    [problem] = judged(
        "CC244",
        "site: north, tiles: [{queues: [ours], list: queues}, {queues: [theirs], measure: waiting}]",
    )
    assert problem.message == "nobody at site/north answers queue/theirs, which display/wall shows"
    assert problem.cause.startswith("It is answered at site/south: ")


FIGURES = ", ".join("{queues: [ours], measure: waiting, label: L}" for _ in range(16))


@pytest.mark.parametrize(
    "wall, path",
    [
        (f"columns: 4, messages: [{{text: Hi}}], tiles: [{FIGURES}]", None),
        (f"columns: 5, tiles: [{FIGURES}]", ("tiles",)),
        (f"columns: 3, tiles: [{FIGURES}]", ("tiles",)),
        ("columns: 2, tiles: [{queues: [ours], list: agents}]", None),
        ("columns: 3, tiles: [{queues: [ours], list: agents}]", None),
        ("columns: 4, tiles: [{queues: [ours], list: agents}]", ("tiles", 0)),
        (
            "columns: 2, tiles: [{queues: [ours], measure: waiting, width: 3}]",
            ("tiles", 0, "width"),
        ),
    ],
)
def test_a_wall_can_be_read_from_eight_metres(wall: str, path: Path | None) -> None:
    assert [problem.path for problem in judged("CC245", wall)] == ([path] if path else [])


LONG = "Callers who have waited for longer than anybody should in the queue of sales"
TILE = "{queues: [ours], measure: waiting}"


@pytest.mark.parametrize(
    "wall, path",
    [
        (f"title: Sales, tiles: [{TILE}]", None),
        (f"title: {LONG}, tiles: [{TILE}]", ("title",)),
        (f"label: {LONG}, tiles: [{TILE}]", ("label",)),
        (f"title: Sales, label: {LONG}, tiles: [{TILE}]", None),
        (f"columns: 1, tiles: [{{queues: [ours], measure: waiting, label: {LONG}}}]", None),
        (
            f"tiles: [{TILE}, {{queues: [ours], measure: answered, label: {LONG}}}]",
            ("tiles", 1, "label"),
        ),
        (f"messages: [{{text: Hi}}, {{text: {LONG}}}], tiles: [{TILE}]", ("messages", 1, "text")),
    ],
)
def test_texts_fit_their_places(wall: str, path: Path | None) -> None:
    assert [problem.path for problem in judged("CC246", wall)] == ([path] if path else [])


def test_a_list_has_as_many_rows_as_its_tile() -> None:
    queues = "queues: [ours, both, theirs, nowhere, unknown]"
    tall = f"columns: 1, tiles: [{{{queues}, list: queues}}]"
    assert judged("CC247", tall) == []
    low = f"columns: 1, tiles: [{TILE}, {TILE}, {{{queues}, list: queues}}]"
    [problem] = judged("CC247", low)
    assert problem.path == ("tiles", 2)
    assert problem.message == '"Queues" of display/wall has room for 1 of 5 queues'
    agents = f"columns: 1, tiles: [{TILE}, {{{queues}, list: agents}}]"
    assert judged("CC247", agents) == []  # three


def test_a_list_of_a_team_that_is_in_none_of_its_queues_stays_empty() -> None:
    assert judged("CC241", "tiles: [{queues: [ours], list: agents, team: t}]") == []
    assert judged("CC241", "tiles: [{queues: [ours, unknown], list: agents, team: empty}]") == []
    [problem] = judged("CC241", "tiles: [{queues: [ours], list: agents, team: empty}]")
    assert problem.path == ("tiles", 0, "team")


@pytest.mark.parametrize(
    "messages, path",
    [
        ("{text: A, until: 2026-11-22}, {text: B}", None),  # the last day is today
        ("{text: A, until: 2026-11-21}, {text: B}", ("messages", 0, "until")),
        ("{text: A}, {text: B, weekly: {mon: ['09:00-10:00']}}", ("messages", 1)),
        ("{text: A, weekly: {}}, {text: B}", ("messages", 1)),
    ],
)
def test_every_message_has_its_time(messages: str, path: Path | None) -> None:
    found = judged("CC248", f"messages: [{messages}], tiles: [{TILE}]")
    assert [problem.path for problem in found] == ([path] if path else [])
