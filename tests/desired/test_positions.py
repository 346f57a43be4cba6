"""Where a value is written."""

import pytest

from ccstate.desired.positions import Path, comments, locate
from ccstate.errors import Span

TEXT = """\
# é
queues:
  sales:
    label: Sales
    members: [{user: priya.n}, {team: x, penalty: 5}]
    opens: weekdays
ivrs:
  main: {keys: {1: queue/sales, "*": main}}
  list:
  - a
  -
    b: c
"""

PLACES: list[tuple[Path, str]] = [
    (("queues",), "2:1"),
    (("queues", "sales"), "3:3"),
    (("queues", "sales", "opens"), "6:5"),
    (("queues", "sales", "members", 1, "penalty"), "5:42"),
    (("queues", "sales", "members", 1), "5:32"),
    (("ivrs", "main", "keys", "1"), "8:17"),
    (("ivrs", "main", "keys", 1), "8:17"),
    (("ivrs", "main", "keys", "*"), "8:33"),
    (("ivrs", "list", 0), "10:5"),
    (("ivrs", "list", 1), "12:5"),
    ((), "2:1"),
]


@pytest.mark.parametrize("path,key", PLACES)
def test_a_key_is_found(path: Path, key: str) -> None:
    data = TEXT.encode()
    assert str(locate(data, "a.yaml", [path])[path]) == f"a.yaml:{key}"


def test_what_is_not_there_is_reported_at_its_nearest_parent() -> None:
    deep = ("queues", "sales", "overflow", "after")
    spans = locate(
        TEXT.encode(), "a.yaml", [deep, ("users", "x"), ("queues", "sales", "label", "x")]
    )
    assert list(map(str, spans.values())) == ["a.yaml:3:3", "a.yaml", "a.yaml:4:5"]


def test_columns_count_characters_as_people_see_them() -> None:
    spans = locate("é: {ü: 1}".encode(), "a.yaml", [("é", "ü")])
    assert spans[("é", "ü")] == Span("a.yaml", 1, 5)
    assert locate(b"\xef\xbb\xbfa: 1", "a.yaml", [("a",)])[("a",)] == Span("a.yaml", 1, 1)


def test_of_a_key_written_twice_the_first_is_shown() -> None:
    assert locate(b"a: 1\na: 2", "a.yaml", [("a",)])[("a",)].line == 1


@pytest.mark.parametrize(
    "data", [b"\xff", b"", b"a: [", b"- " * 100_000, b"a: *x", b"? {b: c}\n: d"]
)
def test_what_cannot_be_read_is_no_reason_to_fail(data: bytes) -> None:
    assert locate(data, "a.yaml", [("x", "y")]) == {("x", "y"): Span("a.yaml")}


def test_a_broken_file_is_searched_as_far_as_it_goes() -> None:
    assert locate(b"a: 1\nb: [", "a.yaml", [("a",)])[("a",)] == Span("a.yaml", 1, 1)


@pytest.mark.parametrize(
    "text,found",
    [
        ("a: 1 # one\n", ["1:6 # one → 1"]),
        ("# one\n# two\na: 1\n", ["1:1 # one → 3", "2:1 # two → 3"]),
        ("# head # x\na: 1", ["1:1 # head # x → 2"]),
        ("# far\n\na: 1\n", ["1:1 # far → 2"]),
        ("a: # below\n  # here\n  b: 1\n", ["1:4 # below → 1", "2:3 # here → 3"]),
        ("a: b#c #d\n", ["1:8 #d → 1"]),
        ('a: "# no" # one\n', ["1:11 # one → 1"]),
        ("a: '# no\n  # no' # one\n", ["2:9 # one → 2"]),
        ('"# no": 1\n', []),
        ("a: |\n  # no\n\n  # no\n# one\nb: 1\n", ["5:1 # one → 6"]),
        ("a: >- # one\n  # no\n", ["1:7 # one → 1"]),
        ("a: [1, # one\n  2] # two\n", ["1:8 # one → 1", "2:6 # two → 2"]),
        ("é: 1 # one\r\n# two\r\nb: 1\r\n", ["1:6 # one → 1", "2:1 # two → 3"]),
        ("\ufeffa: 1 # one\n", ["1:6 # one → 1"]),
        ("a: 1 # one\r# two\rb: 1", ["1:6 # one → 1", "2:1 # two → 3"]),
        ("", []),
    ],
)
def test_comments_are_distinguished_from_text(text: str, found: list[str]) -> None:
    assert [f"{c.line}:{c.column} {c.text} → {c.about}" for c in comments(text.encode())] == found
