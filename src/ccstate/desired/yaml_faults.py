"""Report why a YAML document is refused, with places: the slow half of reading.

Reads libyaml's events (PyYAML's C parser), because they still hold what values have lost: tags, anchors,
whether a scalar was quoted. ryaml descends from libyaml too, so both see the same document.

Of numbers without quotes only JSON's spelling is accepted. Sources: YAML 1.2.2 section 10.3.2; the
resolvers of ruamel.yaml 0.19 and ryaml 0.5, which differ on `0123`, `1_000`, `1e400`, `+_1`.
The keys of the tables of syntax errors are libyaml's own sentences (0.2.5, as PyYAML 6.0.3 has them).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from ccstate import codes
from ccstate.errors import Diagnostic, Span

MAX_DEPTH = 64
MAX_PROBLEMS = 100

_NO_TEXT = frozenset(["", "~", "null", "Null", "NULL"])
_TRUTH = frozenset(["true", "True", "TRUE", "false", "False", "FALSE"])
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
# No scalar but a text block at the root can hold such a line, and that is refused as well.
_DOCUMENT_END = re.compile(r"(?:\A|(?<=[\r\n]))\.\.\.(?=\s|\Z)")
_GLUED_COLON = re.compile(r"(?:\s|#[^\r\n]*+)*+:(?!\s)")
_GLUED_COMMENT = re.compile(r"[|>][-+0-9]*#")
_BLANK_START = re.compile(r"[|>][^\r\n]*(?:\r?\n|\r)++ ++[\r\n]")


@dataclass(slots=True)
class _Collection:
    """A mapping or list that is open; `line_of` holds the keys seen, None for a list."""

    line_of: dict[str, int] | None
    flow_pair: bool = False
    at_key: bool = True


@dataclass(slots=True)
class _Progress:
    """Problems and open collections so far."""

    file: str
    text: str
    has_tabs: bool
    problems: list[Diagnostic] = field(default_factory=list)
    collections: list[_Collection] = field(default_factory=list)
    scalars: list[tuple[int, int, bool]] = field(default_factory=list)
    """Start, end, and whether the scalar is plain; kept only where the text holds tabs."""

    def add(self, mark: Any, problem: Diagnostic) -> None:
        span = Span(self.file, mark.line + 1, mark.column + 1)
        self.problems.append(replace(problem, span=span))


def faults(text: str, file: str) -> list[Diagnostic]:
    """List the reasons to refuse the document, in its order; at most MAX_PROBLEMS."""
    import yaml

    progress = _Progress(file, text, "\t" in text)
    try:
        for _ in _walk(yaml.parse(text, Loader=yaml.CBaseLoader), progress):
            if len(progress.problems) >= MAX_PROBLEMS:
                break
    except yaml.MarkedYAMLError as error:
        progress.problems.append(syntax_problem(error, text, file))
    except yaml.YAMLError as error:
        progress.problems.append(codes.YAML_INVALID(Span(file), error=error))
    else:
        progress.problems += misplaced_tabs(text, progress.scalars, file)
        if end := _DOCUMENT_END.search(text):
            progress.problems.append(codes.DOCUMENT_ENDED(Span(file, *place(text, end.start()))))
    return progress.problems


def _walk(events: Iterator[Any], progress: _Progress) -> Iterator[None]:
    """Check one event a step; stop where what follows has no certain meaning."""
    documents = 0
    for event in events:
        name = type(event).__name__
        if name == "ScalarEvent":
            _decorations(event, progress)
            _scalar(event, progress)
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            progress.collections.pop()
        elif name == "AliasEvent":
            _alias(event, progress)
        elif name == "DocumentStartEvent":
            documents += 1
            if event.version or event.tags:
                progress.add(event.start_mark, codes.DIRECTIVE())
            if documents > 1:
                progress.add(event.start_mark, codes.SEVERAL_DOCUMENTS())
                break
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            _decorations(event, progress)
            _open(event, progress, is_mapping=name == "MappingStartEvent")
            if len(progress.collections) > MAX_DEPTH:
                break
        yield


def _alias(event: Any, progress: _Progress) -> None:
    if _at_key(progress):
        progress.add(event.start_mark, codes.KEY_NO_TEXT(what="an alias"))
    progress.add(event.start_mark, codes.ALIAS(anchor=short(event.anchor)))


def _at_key(progress: _Progress) -> _Collection | None:
    """Find the mapping whose key the next node is, if it is a key; then its value is next."""
    if not progress.collections or (collection := progress.collections[-1]).line_of is None:
        return None
    collection.at_key = not collection.at_key
    return None if collection.at_key else collection


def _open(event: Any, progress: _Progress, *, is_mapping: bool) -> None:
    if _at_key(progress):
        what = "a mapping" if is_mapping else "a list"
        progress.add(event.start_mark, codes.KEY_NO_TEXT(what=what))
    start = event.start_mark.index
    pair = is_mapping and event.flow_style and progress.text[start : start + 1] != "{"
    progress.collections.append(_Collection({} if is_mapping else None, pair))
    if len(progress.collections) > MAX_DEPTH:
        progress.add(event.start_mark, codes.TOO_DEEP(levels=MAX_DEPTH))


def _scalar(event: Any, progress: _Progress) -> None:
    value, plain = event.value, not event.style
    if progress.has_tabs:
        progress.scalars.append((event.start_mark.index, event.end_mark.index, plain))
    collection = _at_key(progress)
    if plain:
        _plain(event, value, progress, is_key=collection is not None)
    elif event.style in ("|", ">"):
        _text_block(event, progress)
    elif _CONTROL.search(value):
        progress.add(event.start_mark, codes.CONTROL_ESCAPE())
    if collection is None or collection.line_of is None:
        return
    if collection.flow_pair and _GLUED_COLON.match(progress.text, event.end_mark.index):
        progress.add(event.start_mark, codes.PAIR_GLUED())
    line = event.start_mark.line + 1
    if value in collection.line_of:
        progress.add(
            event.start_mark, codes.KEY_TWICE(key=short(value), line=collection.line_of[value])
        )
    collection.line_of.setdefault(value, line)


def _plain(event: Any, value: str, progress: _Progress, *, is_key: bool) -> None:
    """Refuse a scalar without quotes that some reader takes for another value."""
    if value == "<<":
        progress.add(event.start_mark, codes.MERGE_KEY())
    elif value == "=":
        progress.add(event.start_mark, codes.EQUALS_SIGN())
    elif is_key and value in _NO_TEXT:
        what = "empty" if value in ("", "~") else f"{value}, which is no text"
        progress.add(event.start_mark, codes.KEY_NO_TEXT(what=what))
    elif is_key and value in _TRUTH:
        what = f"{value}, which is yes or no and not text"
        progress.add(event.start_mark, codes.KEY_NO_TEXT(what=what))
    elif fault := key_number_fault(value) if is_key else number_fault(value):
        progress.add(event.start_mark, fault)


def _text_block(event: Any, progress: _Progress) -> None:
    """Refuse text blocks that ruamel.yaml 0.19 refuses, or reads otherwise than libyaml."""
    source = progress.text[event.start_mark.index : event.end_mark.index]
    if not progress.collections:
        what, hint = "the whole file is a text block", "write `key: value` entries"
    elif _GLUED_COMMENT.match(source):
        what, hint = "a comment is glued to the sign of a text block", "put a space before the #"
    elif _BLANK_START.match(source):
        what, hint = "a text block begins with a line of spaces", "delete the spaces in that line"
    else:
        return
    progress.add(event.start_mark, codes.TEXT_BLOCK(what=what, hint=hint))


def _decorations(event: Any, progress: _Progress) -> None:
    if event.anchor is not None:
        progress.add(event.start_mark, codes.ANCHOR(anchor=short(event.anchor)))
    if event.tag is not None:
        tag = short(event.tag.replace("tag:yaml.org,2002:", "!!"))
        progress.add(event.start_mark, codes.TAG(tag=tag))


_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"-?[1-9][0-9]*|0")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
# A number to some reader, beyond what _INTEGER and _DECIMAL take.
_NUMERIC = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"
    r"|[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]+)?|\.[0-9_]+(?:[eE][-+]?[0-9_]+)?"
    r"|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)
_PHONE_NUMBER = re.compile(r"[+0][0-9]{6,}")
_MAX_CHARACTERS = 18
"""Of a decimal, so that no digit is lost; of a key, so that none can be made to collide with others
in Python's hash of integers (modulus 2**61 - 1), which takes quadratic time."""


def number_fault(value: str) -> Diagnostic | None:
    """Explain why a value without quotes is refused; None where it is no number, or a plain one."""
    if value[:1] not in _STARTS:
        return None
    if _INTEGER.fullmatch(value):
        if len(value) > 20 or not -(2**63) <= int(value) < 2**63:
            return _in_quotes(value, f"{short(value)} is too large for a whole number")
        return None
    if _DECIMAL.fullmatch(value):
        if len(value) > _MAX_CHARACTERS:
            return _in_quotes(value, f"{short(value)} has more digits than a number can hold")
        return None
    return _odd_number_fault(value) if _NUMERIC.fullmatch(value) else None


def key_number_fault(value: str) -> Diagnostic | None:
    """Explain why a key without quotes is refused; None where it is no number, or a whole one."""
    if value[:1] not in _STARTS:
        return None
    if _INTEGER.fullmatch(value):
        if len(value) > _MAX_CHARACTERS:
            return _in_quotes(value, f"{short(value)} is too large for a whole number")
        return None
    if _DECIMAL.fullmatch(value):
        return _in_quotes(value, f"this key is {short(value)}, a number with a fraction")
    return _odd_number_fault(value) if _NUMERIC.fullmatch(value) else None


def _odd_number_fault(value: str) -> Diagnostic:
    if _PHONE_NUMBER.fullmatch(value):
        lost = "plus" if value[0] == "+" else "zero"
        return codes.NUMBER_TO_DIAL(number=short(value), lost=lost)
    if value[-3:].lower() in ("inf", "nan"):
        return _in_quotes(value, f"{value} is not a number that can be configured")
    return _in_quotes(value, f"{short(value)} is not a number to every reader")


def _in_quotes(value: str, what: str) -> Diagnostic:
    hint = f'write "{short(value)}" in quotes if it is text'
    digits = value.lstrip("+-0")
    if digits.isdigit() and digits != value.lstrip("-"):
        sign = "-" if value.startswith("-") else ""
        hint += f", or {short(sign + digits)} if it is a number"
    return codes.NUMBER_DISPUTED(what=what, hint=hint)


def short(text: str) -> str:
    """Cut a text of the file to at most 40 characters, for a message."""
    return text if len(text) <= 40 else text[:37] + "..."


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
    """Explain a `yaml.MarkedYAMLError`; `text` is the document."""
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
    return codes.YAML_SYNTAX(span, message=message, hint=hint)


def _misplaced(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab is used for indentation", _TAB_HINT
    return f"text cannot begin with {character} here", "put the text in quotes"


def misplaced_tabs(
    text: str, scalars: Iterable[tuple[int, int, bool]], file: str
) -> list[Diagnostic]:
    """Find tabs outside of quotes, text blocks and comments; at most MAX_TABS.

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
    """Replace comments between two scalars by spaces, so that places stay."""
    return _COMMENT.sub(lambda found: " " * len(found[0]), gap)


def _misplaced_tab(file: str, line: int, column: int) -> Diagnostic:
    return codes.TAB_OUTSIDE_QUOTES(
        Span(file, line, column), hint=_TAB_HINT + '; inside text, write "\\t" in double quotes'
    )


def place(text: str, index: int) -> tuple[int, int]:
    """Convert an index to line and column, from 1; takes time in proportion to `index`."""
    line, start = 1, 0
    for found in _LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, found.end()
    return line, index - start + 1
