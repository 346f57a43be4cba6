"""Reading one document: what is taken, what is refused, and where the finger points."""

import pytest

from ccstate.desired.yaml_values import MAX_BYTES, read
from ccstate.model import Json

PLAIN = b"""\
# Two extensions, one menu.
extensions:
  "2001": {label: Smith & Sons, site: sydney, caller_id: {number: "+61255501234"}}
  "2002": {label: 'Hello!', permissions: [local, national]}
ivrs:
  main:
    keys: {1: queue/sales, 0: queue/reception, "*": main, '#': hangup}
    prompt: >-
      Welcome! Press * & hold.
    note: |
      !not a tag, &not an anchor
"""


def test_a_document_reads_as_plain_values_with_text_for_keys() -> None:
    assert read(PLAIN, "a.yaml") == (
        {
            "extensions": {
                "2001": {
                    "label": "Smith & Sons",
                    "site": "sydney",
                    "caller_id": {"number": "+61255501234"},
                },
                "2002": {"label": "Hello!", "permissions": ["local", "national"]},
            },
            "ivrs": {
                "main": {
                    "keys": {
                        "1": "queue/sales",
                        "0": "queue/reception",
                        "*": "main",
                        "#": "hangup",
                    },
                    "prompt": "Welcome! Press * & hold.",
                    "note": "!not a tag, &not an anchor\n",
                }
            },
        },
        [],
    )


TAKEN: dict[str, Json] = {
    "": {},
    "# only a comment": {},
    "---\n": {},
    "\ufeffa: 1": {"a": 1},
    "a: 1\r\nb: 2\r\n": {"a": 1, "b": 2},
    "a: yes\nb: off\nc: NO": {"a": "yes", "b": "off", "c": "NO"},
    "a: true\nb: ~\nc:": {"a": True, "b": None, "c": None},
    "a: 2026-12-25": {"a": "2026-12-25"},
    "2026-12-25: closed": {"2026-12-25": "closed"},
    "a: 09:00-17:30": {"a": "09:00-17:30"},
    "a: 12:30": {"a": "12:30"},
    "a: +61 2 5550 1234": {"a": "+61 2 5550 1234"},
    "a: -5\nb: 1.50": {"a": -5, "b": 1.5},
    "a: 9223372036854775807": {"a": 9223372036854775807},
    "1: a\n-1: b": {"1": "a", "-1": "b"},
    "'<<': a": {"<<": "a"},
    "a: Press * or hash#, now !": {"a": "Press * or hash#, now !"},
    "a: 'x\ty' # \t": {"a": "x\ty"},
    "a: {b: [c, {d: e}]}": {"a": {"b": ["c", {"d": "e"}]}},
    "[a, b]": ["a", "b"],
}


@pytest.mark.parametrize("text", TAKEN)
def test_taken(text: str) -> None:
    assert read(text.encode(), "a.yaml") == (TAKEN[text], [])


# Document; then code, line:column, and some words of the message.
REFUSED = [
    ("a: 1\nb: 2\na: 3", "CC003 3:1", '"a" is declared twice here (first in line 1)'),
    ("x:\n  - {a: 1, a: 2}", "CC003 2:12", "twice"),
    ("1: a\n'1': b", "CC003 2:1", "twice"),
    ("a:\n\tb: 1", "CC002 2:1", "tab"),
    ("a:\tb", "CC002 1:3", "tab"),
    ("a: x\ty", "CC002 1:5", "tab"),
    ("a: &x 1", "CC004 1:4", "anchors (&x)"),
    ("a: [*x]", "CC004 1:5", "aliases (*x)"),
    ("a:\n  <<: {b: 1}", "CC004 2:3", "merge keys"),
    ("a: !x 1", "CC004 1:4", "tags (!x)"),
    ("a: !!python/object/apply:os.system [ls]", "CC004 1:4", "tags (!!python/object"),
    ("a: !!str 1", "CC004 1:4", "tags (!!str)"),
    ("a: 1\n---\nb: 2", "CC004 2:1", "several documents"),
    ("a: 1\n...\n", "CC004 2:1", "a line of three dots"),
    ("%YAML 1.1\n---\na: yes", "CC004 1:1", "directives"),
    ("a: +61255501234", "CC004 1:4", "must be written in quotes"),
    ("+61255501234: a", "CC004 1:1", "must be written in quotes"),
    ("a: 0400123456", "CC004 1:4", "must be written in quotes"),
    ("0400123456: a", "CC004 1:1", "must be written in quotes"),
    ("a: {b: 0123}", "CC004 1:8", "0123 is not a number to every reader"),
    ("01: a", "CC004 1:1", "01 is not"),
    ("a: 1_000", "CC004 1:4", "1_000"),
    ("a: 0x1F", "CC004 1:4", "0x1F"),
    ("a: 0o17", "CC004 1:4", "0o17"),
    ("a: 1e3", "CC004 1:4", "1e3"),
    ("a: .5", "CC004 1:4", ".5"),
    ("a: -0", "CC004 1:4", "-0"),
    ("a: .nan", "CC004 1:4", ".nan"),
    ("a: -.inf", "CC004 1:4", "-.inf"),
    ("a: 9223372036854775808", "CC004 1:4", "too large"),
    ("a: 0.12345678901234567", "CC004 1:4", "more digits"),
    ("a: =", "CC004 1:4", "="),
    ("true: a", "CC004 1:1", "this key is true"),
    ("null: a", "CC004 1:1", "this key is null"),
    ("~: a", "CC004 1:1", "this key is empty"),
    ("1.5: a", "CC004 1:1", "this key is 1.5"),
    ("1234567890123456789: a", "CC004 1:1", "too large"),
    ("? [a]\n: b", "CC004 1:3", "this key is a list"),
    ("{{a: b}: c}", "CC004 1:2", "this key is a mapping"),
    ('["a":1]', "CC004 1:2", "no space after the colon"),
    ('a: "\\e[31m"', "CC004 1:4", "control character"),
    ("a: |\n  \n    x", "CC004 1:4", "begins with a line of spaces"),
    ("|\n x", "CC004 1:1", "text block"),
    ("a: Sales: new", "CC002 1:9", "a colon here"),
    ("a: 'x\nb: 1", "CC002 1:4", "this quote is never closed"),
    ("a: [1, 2\nb: 1", "CC002 1:4", "this list is not closed"),
    ("a: {b: 1\nc: 1", "CC002 1:4", "this mapping is not closed"),
    ("a:\n  b: 1\n c: 2", "CC002 3:2", "indentation"),
    ("a: @x", "CC002 1:4", "text cannot begin with @"),
    ('a: "C:\\dir"', "CC002 1:7", "unknown escape"),
    ("a: *", "CC002 1:5", "have a meaning of their own"),
    ("a: - b", "CC002 1:4", "a list item cannot begin here"),
    ("é: x\x07", "CC001 1:5", "control character"),
    ("a: 1\nb: x\u2028y", "CC001 2:5", "line separator (U+2028)"),
    ("a: x\x85", "CC001 1:5", "line separator (U+0085)"),
    ("a: \ufeffx", "CC001 1:4", "U+FEFF"),
    ("[" * 65 + "]" * 65, "CC005 1:65", "64 levels"),
    ("- " * 65 + "a", "CC005 1:129", "64 levels"),
]


@pytest.mark.parametrize("text,place,words", REFUSED)
def test_refused(text: str, place: str, words: str) -> None:
    value, problems = read(text.encode(), "a.yaml")
    assert value is None
    first = problems[0]
    assert first.span is not None
    assert f"{first.code} {first.span.line}:{first.span.column}" == place
    assert words in first.message
    assert first.cause
    assert first.hint


BYTES = [
    (b"a: 1\nb: \xff", "2:4: byte 0xff is not UTF-8"),
    ("a: 1".encode("utf-16"), "1:1: the file is UTF-16 or UTF-32, not UTF-8"),
    ("a: 1".encode("utf-16-be"), "1:1: the file is UTF-16 or UTF-32, not UTF-8"),
    ("a: 1".encode("utf-32"), "1:1: the file is UTF-16 or UTF-32, not UTF-8"),
    (b"a: x\0y", "1:5: the file holds a control character or invisible mark (U+0000)"),
    (b"a: \xed\xa0\x80", "1:4: byte 0xed is not UTF-8"),
]


@pytest.mark.parametrize("data,said", BYTES)
def test_what_is_no_text_is_refused_where_it_stands(data: bytes, said: str) -> None:
    value, problems = read(data, "a.yaml")
    assert value is None
    assert [f"{p.code} {p.span}: {p.message}" for p in problems] == [f"CC001 a.yaml:{said}"]


def test_a_telephone_number_has_to_be_written_in_quotes() -> None:
    [problem] = read(b"a: +61255501234", "a.yaml")[1]
    assert problem.hint == 'write "+61255501234"'
    assert "the plus is lost" in problem.cause


def test_a_number_with_a_zero_in_front_is_offered_both_ways() -> None:
    [problem] = read(b"a: 0123", "a.yaml")[1]
    assert problem.hint == 'write "0123" in quotes if it is text, or 123 if it is a number'


def test_all_problems_of_a_file_are_reported_together() -> None:
    problems = read(b"a: &x 1\na: 0123\nb: *x\n\xc3\xa9: {<<: 1}", "a.yaml")[1]
    places = [str(p.span) for p in problems]
    assert places == ["a.yaml:1:4", "a.yaml:2:1", "a.yaml:2:4", "a.yaml:3:4", "a.yaml:4:5"]


def test_no_more_is_reported_than_people_read() -> None:
    assert len(read(b"- 0123\n" * 1000, "a.yaml")[1]) == 100


def test_the_limit_of_depth_is_exact() -> None:
    deep = "[" * 64 + "]" * 64
    assert read(deep.encode(), "a.yaml")[1] == []
    assert read(b"- " * 64 + b"a", "a.yaml")[1] == []


def test_a_file_over_the_limit_is_not_parsed() -> None:
    [problem] = read(b"[" * (MAX_BYTES + 1), "a.yaml")[1]
    assert problem.code == "CC005"
    assert "16,777,217 bytes" in problem.message


BOMBS = {
    "open brackets": b"[" * 2_000_000,
    "open braces": b"{a: " * 500_000,
    "brackets that look closed": b'["]",' * 400_000,
    "brackets closed in comments": b"[ #]\n" * 400_000,
    "brackets behind apostrophes": b"[x 'y," * 300_000,
    "dashes": b"- " * 1_000_000,
    "aliases": b"a: &a [x]\n" + b"b: [*a, *a, *a]\n" * 100_000,
    "tabs": b"a: b\tc\n" * 200_000,
    "comments in a pair": b"[? 'a' " + b"#" * 100_000 + b"\n" + b" #\n" * 100_000 + b" x, !t]",
    "line breaks in a text block": b"a: !t\nb: |" + b"\r\n" * 100_000 + b"x",
    "keys of one hash": b"{" + b",".join(b"%d: 1" % (i * (2**61 - 1)) for i in range(1, 90_000)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_not_obeyed(name: str) -> None:
    """Each takes well under two seconds; obeyed, minutes, or all memory."""
    value, problems = read(BOMBS[name], "a.yaml")
    assert value is None
    assert problems
