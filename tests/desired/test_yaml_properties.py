"""Whatever is written, reading either refuses it or sees what ruamel.yaml (YAML 1.2) sees."""

import io
import math
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    FoldedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from ccstate.desired.yaml_faults import faults
from ccstate.desired.yaml_values import read
from tests.examples import scaled


class DatesAsText(SafeConstructor):
    """YAML 1.2 has no dates; ruamel.yaml reads them in every version."""


DatesAsText.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def as_ruamel_reads(text: str) -> Any:
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = DatesAsText
    value = reader.load(text)
    return {} if value is None else with_text_keys(value)


def with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        keys = [str(key) if type(key) is int else key for key in value]
        assert len(set(keys)) == len(keys)
        return dict(zip(keys, map(with_text_keys, value.values()), strict=True))
    return [with_text_keys(item) for item in value] if isinstance(value, list) else value


def exactly(value: Any) -> Any:
    """Comparable with types and order: 1, 1.0 and True differ, and so do -0.0 and 0.0."""
    if isinstance(value, dict):
        return "mapping", [(key, exactly(item)) for key, item in value.items()]
    if isinstance(value, list):
        return "list", [exactly(item) for item in value]
    sign = math.copysign(1, value) if isinstance(value, float) else 0
    return type(value).__name__, value, sign


TEXTS = ["a", "b", "key", "label:", "R&D", "Hello!", "x:y", "a#b", "é", "😀", '"x"', "'y z'"]
ODD = ["-x", "--", "?x", ":x", "::", "'b':", '"a":1', "{}", "[]", "[[", "}}", '""', "''", "{b: c}"]
QUOTES = ["'", '"', "\\n", "\\x41", '\\"', "\\", "\\0", "\\/", "\\u263a", "\\e", "\\t", "[d, e]"]
MARKS = ["&x", "*x", "&", "*", "!", "!!str ", "!x", "!!python/name:x", "<<", "<<: ", "%", "%YAML"]
BLOCKS = ["|", ">", "|-", "|2", ">+", "|#", "#", "@", "`", "=", "=: ", "---", "..."]
WORDS = ["~", "null", "Null", "true", "True", "yes", "on", "NO", "true: ", "~: ", "1.5: "]
WHOLE = ["0", "1", "00", "01", "-1", "+1", "0123", "+61255501234", "0400123456", "09", "-0", "_1"]
BASES = ["0x1F", "0o17", "0b11", "-0x1f", "0xg", "1_000", "0_1", "+_1", "1e3", "1E+3", "1e400"]
DECIMALS = [
    "1.",
    "1.5",
    ".5",
    "-.5",
    "-0.0",
    ".inf",
    "-.Inf",
    ".nan",
    "+.nan",
    ".",
    "..",
    "._1",
    "+",
]
TIMES = ["1:30", "12:30:45", "08:30", "2026-12-25", "2026-12-25T10:00:00Z", "2001-1-1 1:1:1"]
LARGE = [
    "9223372036854775808",
    "9223372036854775807",
    "-9223372036854775809",
    "0.1234567890123456789",
]
FRAGMENTS = [
    *TEXTS,
    *ODD,
    *QUOTES,
    *MARKS,
    *BLOCKS,
    *WORDS,
    *WHOLE,
    *BASES,
    *DECIMALS,
    *TIMES,
    *LARGE,
]
SIGNS = [
    "- ",
    "? ",
    ": ",
    ":",
    ", ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "- - ",
    "k: ",
    "1: ",
    '"q": ',
    "- a: ",
]
SPACES = [" ", "  ", "\t", "\r\n", "\r", "\u2028", "\x85", "\ufeff", "\xa0", "\x07", " # c", " #\t"]
LINES = [
    "\n",
    "\n\n",
    "\n ",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    "\n---\n",
    "\n...\n",
    "\nk:\n",
    "\n#",
]

fragments = st.one_of(*map(st.sampled_from, (FRAGMENTS, SIGNS, SPACES, LINES, SIGNS, LINES)))
line = st.tuples(
    st.sampled_from(["", "", "  ", "    "]),
    st.sampled_from(["", "- ", "k: ", "l: ", "m:\n", '"q": ', "1: "]),
    st.lists(fragments, max_size=3).map("".join),
).map("".join)
framed = st.tuples(
    st.sampled_from(["[%s]", "{%s}", "a: [%s]", "- {x: %s}", 'a: "%s"', "a: '%s'", "a: |\n  %s"]),
    st.lists(fragments, min_size=1, max_size=5).map("".join),
).map(lambda pair: pair[0].replace("%s", pair[1]))
documents = st.one_of(
    st.lists(fragments, max_size=12).map("".join),
    st.lists(line, max_size=5).map("\n".join),
    framed,
)


@settings(max_examples=scaled(500))
@given(documents)
@example("a\n...\n\n...\n")
@example("|\n#c\n")
@example("a: |\n  \n    x")
@example('a: |#""\n  b')
@example("a: +_1")
@example('["a":1]')
@example("['a' :1]")
def test_text_is_refused_or_read_as_ruamel_reads_it(text: str) -> None:
    value, problems = read(text.encode(), "a.yaml")
    if problems:
        assert value is None
        return
    try:
        theirs = as_ruamel_reads(text)
    except YAMLError as error:
        raise AssertionError(f"ruamel.yaml refuses {text!r}") from error
    assert exactly(value) == exactly(theirs)


@settings(max_examples=scaled(500))
@given(documents)
def test_the_cheap_look_at_the_bytes_misses_nothing(text: str) -> None:
    if not read(text.encode(), "a.yaml")[1]:
        assert faults(text.removeprefix("\ufeff"), "a.yaml") == []


@settings(max_examples=scaled(300))
@given(documents)
def test_every_problem_says_where_why_and_what_to_do(text: str) -> None:
    for problem in read(text.encode(), "a.yaml")[1]:
        assert problem.code in {"CC001", "CC002", "CC003", "CC004", "CC005"}
        assert problem.message
        assert problem.cause
        assert problem.hint
        assert problem.span is not None
        assert problem.span.line >= 1
        assert problem.span.column >= 1


@settings(max_examples=scaled(300))
@given(
    st.one_of(st.binary(), st.binary().map(lambda data: b"a: [" + data), st.text().map(str.encode))
)
def test_no_bytes_raise(data: bytes) -> None:
    value, problems = read(data, "a.yaml")
    assert value is None or not problems


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12
)
styled = st.one_of(
    words,
    words.map(SingleQuotedScalarString),
    words.map(DoubleQuotedScalarString),
    st.lists(words, min_size=1, max_size=3).map("\n".join).map(LiteralScalarString),
    st.lists(words, min_size=1, max_size=3).map(" ".join).map(FoldedScalarString),
    st.sampled_from(FRAGMENTS),
)
numbers = st.one_of(
    st.integers(-(10**17), 10**17), st.decimals(-9999, 9999, places=2, allow_nan=False).map(float)
)
values = st.recursive(
    st.one_of(styled, numbers, st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=scaled(300))
@given(st.dictionaries(words, values, max_size=4), st.booleans())
def test_what_ruamel_writes_is_refused_or_read_back_as_ruamel_does(value: Any, flow: bool) -> None:
    writer = YAML()
    writer.default_flow_style = flow
    stream = io.StringIO()
    writer.dump(value, stream)
    text = stream.getvalue()
    ours, problems = read(text.encode(), "a.yaml")
    if not problems:
        assert exactly(ours) == exactly(as_ruamel_reads(text))
