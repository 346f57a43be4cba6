"""YAML syntax errors, and tabs, in plain words: where, what, and the usual reason.

The keys of the tables are libyaml's own sentences (0.2.5, as PyYAML 6.0.3 passes them on).
"""

import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

from ccstate.errors import Diagnostic, Span

MAX_TABS = 10

_LINE_BREAK = re.compile("\r\n|\r|\n")
_COMMENT = re.compile(r"(?:(?<=\s)|\A)#[^\r\n]*")
_TAB_HINT = "indent with spaces, two a level"
_INDENT_HINT = "entries that belong together begin in the same column"

_QUOTE_HINT = "put text that holds any of : # ! % | > & * in quotes"

# What libyaml says, then our message and hint.
_WORDS = {
    "mapping values are not allowed in this context": (
        "a colon here would begin a second value",
        'put text that holds a colon in quotes, as in label: "Sales: new", or look at the indentation',
    ),
    "block sequence entries are not allowed in this context": (
        "a list item cannot begin here",
        "put each `- item` on a line of its own; put text that begins with - in quotes",
    ),
    "mapping keys are not allowed in this context": (
        "a ? with a space after it cannot stand here",
        "put text that begins with ? in quotes",
    ),
    "could not find expected ':'": (
        "this line is neither `key: value` nor a list item",
        "add the colon and a space after the key, or look for a missing quote above",
    ),
    "did not find expected key": (
        "the entry before this place is not finished, or the indentation does not match",
        _INDENT_HINT + "; nothing may follow a closing quote or bracket",
    ),
    "did not find expected '-' indicator": (
        "a list item was expected here, or the indentation does not match",
        _INDENT_HINT,
    ),
    "found unknown escape character": (
        "an unknown escape in this text",
        "in double quotes a backslash must be doubled; in single quotes it is only a backslash",
    ),
    "did not find expected node content": (
        "a value is missing here, or a bracket is too many",
        "write the value, or remove the bracket or comma",
    ),
    "found a tab character where an indentation space is expected": (
        "a tab is used for indentation",
        _TAB_HINT,
    ),
    "did not find expected <document start>": (
        "nothing may follow here",
        "look for a bracket too many, or for indentation that does not match",
    ),
    "did not find expected alphabetic or numeric character": (
        "* and & have a meaning of their own here",
        'put text that begins with them in quotes, as in "*"',
    ),
}

# The same, shown where the thing began that is not closed.
_UNCLOSED = {
    "found unexpected end of stream": ("this quote is never closed", "add the closing quote"),
    "found unexpected document indicator": ("this quote is never closed", "add the closing quote"),
    "did not find expected ',' or ']'": (
        "this list is not closed, or a comma is missing in it",
        "add the ] or the comma",
    ),
    "did not find expected ',' or '}'": (
        "this mapping is not closed, or a comma is missing in it",
        "add the } or the comma",
    ),
}


def syntax_problem(error: Any, text: str, file: str) -> Diagnostic:
    """What a `yaml.MarkedYAMLError` says, for people; `text` is what was read."""
    problem = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if problem in _UNCLOSED:
        message, hint = _UNCLOSED[problem]
        mark = error.context_mark or mark
    elif problem == "found character that cannot start any token":
        message, hint = _misplaced(text[mark.index : mark.index + 1] if mark else "")
    else:
        message, hint = _WORDS.get(problem, (f"not valid YAML: {problem}", _QUOTE_HINT))
    if "while scanning a simple key" in str(error.context):
        mark = error.context_mark or mark
    span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file)
    return Diagnostic(
        "CC002", message, span, "nothing in this file can be read until it is mended", hint
    )


def _misplaced(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab is used for indentation", _TAB_HINT
    return f"text cannot begin with {character} here", "put the text in quotes"


def misplaced_tabs(
    text: str, scalars: Iterable[tuple[int, int, bool]], file: str
) -> list[Diagnostic]:
    """Tabs that stand neither in quotes nor in a text block nor in a comment; at most MAX_TABS.

    `scalars` are the start and the end of each scalar, in order, and whether it has no quotes.
    """
    problems, before = list[Diagnostic](), 0
    for begin, end, plain in chain(scalars, [(len(text), len(text), False)]):
        exposed = _uncommented(text[before:begin])
        if plain:
            exposed += text[begin:end]
        elif text[begin : begin + 1] in ("|", ">"):
            exposed += _uncommented(text[begin:end].partition("\n")[0])
        if "\t" in exposed:
            problems.append(_misplaced_tab(file, *place(text, before + exposed.index("\t"))))
        if len(problems) >= MAX_TABS:
            break
        before = end
    return problems


def _uncommented(gap: str) -> str:
    """What stands between two scalars, comments blanked out, at the same places."""
    return _COMMENT.sub(lambda found: " " * len(found[0]), gap)


def _misplaced_tab(file: str, line: int, column: int) -> Diagnostic:
    return Diagnostic(
        "CC002",
        "a tab stands outside quotes",
        Span(file, line, column),
        "some readers of YAML take it for a space, others refuse the file",
        _TAB_HINT + r'; inside text, write "\t" in double quotes',
    )


def place(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a character; takes time in proportion to `index`."""
    line, start = 1, 0
    for found in _LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, found.end()
    return line, index - start + 1
