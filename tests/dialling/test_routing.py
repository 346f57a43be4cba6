import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.dialling.routing import Dialling, Leaves, specificity
from ccstate.journeys.centre import Centre
from ccstate.model import Address


def centre(*routes: tuple[str, dict[str, Any]]) -> Centre:
    """Routes by name."""
    return Centre(
        {Address("outbound_route", name): {"trunks": [], **fields} for name, fields in routes}
    )


def dialled(digits: str, *patterns: str) -> str | None:
    """The pattern that carries the digits, each pattern in a route of its own."""
    routes = [(f"r{index}", {"patterns": [pattern]}) for index, pattern in enumerate(patterns)]
    call = Dialling(centre(*routes)).dial("", digits)
    return call.pattern if isinstance(call, Leaves) else None


@pytest.mark.parametrize(
    "digits, patterns, carries",
    [
        ("000", ["0.", "000"], "000"),
        ("0011447", ["0.", "0011."], "0011."),
        ("25551234", ["XXXXXXXX", "ZXXXXXXX", "NXXXXXXX"], "NXXXXXXX"),
        ("15551234", ["XXXXXXXX", "ZXXXXXXX", "NXXXXXXX"], "ZXXXXXXX"),
        ("05551234", ["XXXXXXXX", "ZXXXXXXX", "NXXXXXXX"], "XXXXXXXX"),
        ("0000", ["0X00", "00XX"], "00XX"),  # from the left: a digit where the other has X
        ("12", ["1X", "1."], "1X"),
        ("12", ["1!", "1."], "1."),
        ("1", ["1!", "1."], "1!"),
        ("1", ["1!", "1"], "1"),  # no letter at all goes before every pattern
        ("12", ["1X!", "1X"], "1X!"),  # as in Asterisk: `!` stands before the end
        ("123", ["1XX4", "1."], "1."),  # a more specific beginning that does not match to the end
        ("*98", ["*9X"], "*9X"),
        ("+4420", ["+44."], "+44."),
        ("+4420", ["XXXXX"], None),
        ("0", ["0."], None),
        ("", ["0!"], None),
    ],
)
def test_the_most_specific_pattern_carries(
    digits: str, patterns: list[str], carries: str | None
) -> None:
    assert dialled(digits, *patterns) == carries
    assert dialled(digits, *reversed(patterns)) == carries


def test_digits_are_taken_off_and_put_in_front() -> None:
    house = Dialling(
        centre(
            ("local", {"patterns": ["0NXXXXXXX"], "strip": 1, "prepend": "02"}),
            ("short", {"patterns": ["19"], "strip": 5}),
        )
    )
    assert house.dial("", "055501234") == Leaves("local", "0NXXXXXXX", "0255501234")
    assert house.dial("", "19") == Leaves("short", "19", "")


def test_an_internal_number_wins_over_routes() -> None:
    house = Dialling(
        Centre(
            {
                Address("outbound_route", "all"): {"patterns": ["X."], "trunks": []},
                Address("extension", "2101"): {},
                Address("extension", "lobby"): {"number": "2900"},
                Address("queue", "sales"): {"extension": "2800"},
                Address("ivr", "main"): {"extension": "2700", "start": "a", "nodes": {}},
            }
        )
    )
    assert house.dial("", "2101") == Address("extension", "2101")
    assert house.dial("", "2900") == Address("extension", "lobby")
    assert house.dial("", "2800") == Address("queue", "sales")
    assert house.dial("", "2700") == Address("ivr", "main")
    assert house.dial("", "21011") == Leaves("all", "X.", "21011")
    assert house.leave("", "2101") == Leaves("all", "X.", "2101")
    assert "lobby" not in house.inside


def test_a_site_has_its_own_routes_and_those_for_every_site() -> None:
    house = Dialling(
        centre(
            ("everywhere", {"patterns": ["000", "0X."]}),
            ("sydney", {"site": "sydney", "patterns": ["0."], "strip": 1}),
            ("perth", {"site": "perth", "patterns": ["000", "8."]}),
        )
    )
    assert house.dial("sydney", "000") == Leaves("everywhere", "000", "000")
    assert house.dial("sydney", "0299") == Leaves("everywhere", "0X.", "0299")
    assert house.dial("perth", "000") == Leaves("perth", "000", "000"), "its own goes first"
    assert house.dial("perth", "8123") == Leaves("perth", "8.", "8123")
    assert house.dial("sydney", "8123") is None
    assert house.dial("nowhere", "000") == Leaves("everywhere", "000", "000")


def test_routes_with_the_same_pattern_are_named_as_rivals() -> None:
    house = Dialling(
        centre(
            ("b", {"patterns": ["0."]}),
            ("a", {"patterns": ["0."], "strip": 1}),
        )
    )
    assert house.dial("", "012") == Leaves("a", "0.", "12", rivals=("b",))


def test_without_routes_nothing_leaves() -> None:
    assert Dialling(centre()).dial("sydney", "000") is None


PATTERNS = st.from_regex(r"\A[0128XZN]{1,5}[.!]?\Z")
DIALLED = st.text("01289", min_size=1, max_size=7)
SETS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}
# The numbers by which Asterisk's main/pbx.c sorts: size of the set, then its first digit.
SCORES = {"N": 0x0832, "X": 0x0A30, "Z": 0x0931, ".": 0x18000, "!": 0x28000}


def expression(pattern: str) -> str:
    return "".join(SETS.get(symbol, re.escape(symbol)) for symbol in pattern)


def score(pattern: str) -> tuple[bool, list[int]]:
    is_pattern = not pattern.isdigit()
    return is_pattern, [*(SCORES.get(s, 0x0100 | ord(s)) for s in pattern), 0x30000]


@given(st.lists(PATTERNS, min_size=1, max_size=12, unique=True), DIALLED)
def test_trying_every_pattern_finds_the_same(patterns: list[str], digits: str) -> None:
    matching = [p for p in patterns if re.fullmatch(expression(p), digits)]
    assert dialled(digits, *patterns) == min(matching, key=score, default=None)


@given(PATTERNS, PATTERNS)
def test_patterns_stand_equal_only_where_no_digits_tell_them_apart(one: str, two: str) -> None:
    if re.sub(r"\d", "0", one) == re.sub(r"\d", "0", two):
        assert specificity(one) == specificity(two)
    else:
        are_numbers = one.isdigit() and two.isdigit()
        assert (specificity(one) == specificity(two)) == are_numbers


@given(
    st.lists(PATTERNS, max_size=6, unique=True),
    st.lists(PATTERNS, max_size=6, unique=True),
    DIALLED,
)
def test_a_site_chooses_as_if_all_its_routes_were_one_list(
    own: list[str], everywhere: list[str], digits: str
) -> None:
    house = Dialling(
        centre(("own", {"site": "here", "patterns": own}), ("everywhere", {"patterns": everywhere}))
    )
    call = house.leave("here", digits)
    assert (call.pattern if call else None) == dialled(digits, *dict.fromkeys(own + everywhere))
    if call:
        assert (call.route == "own") == (call.pattern in own)


@given(PATTERNS, DIALLED, st.integers(0, 8), st.sampled_from(["", "0", "+61"]))
def test_what_is_sent_ends_as_what_was_dialled(
    pattern: str, digits: str, strip: int, prepend: str
) -> None:
    fields: dict[str, Any] = {"patterns": [pattern], "strip": strip}
    if prepend:
        fields["prepend"] = prepend
    call = Dialling(centre(("only", fields))).leave("", digits)
    if call:
        assert call.sent == prepend + digits[strip:]
        assert digits.endswith(call.sent.removeprefix(prepend))
