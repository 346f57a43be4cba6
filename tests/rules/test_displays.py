import pytest

from ccstate.rules import Breach
from ccstate.rules.displays import RULES
from tests.rules.estates import estate

RULE = {rule.code: rule for rule in RULES}


def found(code: str, tiles: str) -> list[Breach]:
    text = f"queues: {{a: {{}}, b: {{}}}}\ndisplays: {{wall: {{tiles: [{tiles}]}}}}"
    return list(RULE[code].check(estate(text)))


def test_a_screen_without_tiles_stays_empty() -> None:
    [problem] = found("CC241", "")
    assert problem.path == ("tiles",)


@pytest.mark.parametrize(
    "second",
    ["queues: [a, b], metric: waiting", "queues: [b, a], metric: waiting, label: Other, warn: '5'"],
)
def test_the_same_figure_twice(second: str) -> None:
    [problem] = found("CC241", f"{{queues: [a, b], metric: waiting}}, {{{second}}}")
    assert problem.path == ("tiles", 1)
    assert problem.message.startswith("display/wall shows waiting of queue/")
    assert problem.message.endswith(" and 1 more twice")


def test_other_queues_or_another_metric_are_another_figure() -> None:
    tiles = (
        "{queues: [a], metric: waiting}, {queues: [b], metric: waiting}, "
        "{queues: [a, b], metric: waiting}, {queues: [a], metric: longest_wait}"
    )
    assert found("CC241", tiles) == []


COUNTS = ["waiting", "answered", "abandoned", "agents_ready", "agents_paused"]
DURATIONS = ["longest_wait", "average_speed_of_answer", "average_handle_time"]
SHARES = ["service_level", "abandon_rate"]
RIGHT = [(COUNTS, "5"), (DURATIONS, "90s"), (SHARES, "80%")]


@pytest.mark.parametrize("field", ["warn", "alarm"])
@pytest.mark.parametrize("metric", [*COUNTS, *DURATIONS, *SHARES])
@pytest.mark.parametrize("threshold", ["5", "90s", "80%"])
def test_a_threshold_has_the_unit_of_its_metric(metric: str, threshold: str, field: str) -> None:
    problems = found("CC242", f"{{queues: [a], metric: {metric}, {field}: '{threshold}'}}")
    fits = any(metric in metrics and threshold == right for metrics, right in RIGHT)
    assert [problem.path for problem in problems] == ([] if fits else [("tiles", 0, field)])


def test_nothing_is_more_than_all() -> None:
    [problem] = found("CC242", "{queues: [a], metric: abandon_rate, alarm: 101%}")
    assert problem.path == ("tiles", 0, "alarm")
    assert found("CC242", "{queues: [a], metric: abandon_rate, alarm: 100%}") == []


@pytest.mark.parametrize(
    "metric, amber, red",
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
def test_amber_comes_before_red(metric: str, amber: str, red: str) -> None:
    tile = "{{queues: [a], metric: {}, warn: '{}', alarm: '{}'}}"
    assert found("CC242", tile.format(metric, amber, red)) == []
    assert found("CC242", tile.format(metric, red, red)) == []
    [problem] = found("CC242", tile.format(metric, red, amber))
    assert problem.path == ("tiles", 0, "alarm")
    assert problem.hint == "swap warn and alarm"


def test_whether_many_answered_calls_are_good_is_for_others_to_say() -> None:
    for warn, alarm in (("5", "9"), ("9", "5")):
        tile = f"{{queues: [a], metric: answered, warn: '{warn}', alarm: '{alarm}'}}"
        assert found("CC242", tile) == []
