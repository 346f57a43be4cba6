"""What is a comment, and which line it speaks of."""

import pytest

from ccstate.desired.comments import comments


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
def test_comments_are_told_from_text(text: str, found: list[str]) -> None:
    assert [f"{c.line}:{c.column} {c.text} → {c.about}" for c in comments(text.encode())] == found
