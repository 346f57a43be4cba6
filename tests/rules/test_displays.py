import pytest

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
    problems = found("CC242", f"{{queues: [a], measure: {measure}, {field}: '{threshold}'}}")
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
