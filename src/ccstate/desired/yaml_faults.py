"""What is wrong with a YAML document, exactly, with places: the slow half of reading.

Reads libyaml's events (PyYAML's C parser), because they still hold what values have lost: tags, anchors,
whether a scalar was quoted. ryaml descends from libyaml too, so both see the same document.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ccstate.desired.yaml_numbers import DISAGREE, key_number_fault, number_fault, short
from ccstate.desired.yaml_syntax import misplaced_tabs, place, syntax_problem
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
class _Box:
    """A mapping or list that is open; `line_of` holds the keys seen, None for a list."""

    line_of: dict[str, int] | None
    flow_pair: bool = False
    at_key: bool = True


@dataclass(slots=True)
class _Seen:
    """What was found so far."""

    file: str
    text: str
    problems: list[Diagnostic] = field(default_factory=list)
    boxes: list[_Box] = field(default_factory=list)
    scalars: list[tuple[int, int, bool]] = field(default_factory=list)
    """Start, end, and whether the scalar is plain; kept only where the text holds tabs."""

    def add(self, code: str, mark: Any, message: str, cause: str, hint: str) -> None:
        span = Span(self.file, mark.line + 1, mark.column + 1)
        self.problems.append(Diagnostic(code, message, span, cause, hint))


def faults(text: str, file: str) -> list[Diagnostic]:
    """Everything for which the document is refused, in its order; at most MAX_PROBLEMS."""
    import yaml

    seen = _Seen(file, text)
    try:
        for _ in _walk(yaml.parse(text, Loader=yaml.CBaseLoader), seen):
            if len(seen.problems) >= MAX_PROBLEMS:
                break
    except yaml.MarkedYAMLError as error:
        seen.problems.append(syntax_problem(error, text, file))
    except yaml.YAMLError as error:
        seen.problems.append(Diagnostic("CC002", f"not valid YAML: {error}", Span(file)))
    else:
        seen.problems += misplaced_tabs(text, seen.scalars, file)
        _document_end(seen)
    return seen.problems


def _walk(events: Iterator[Any], seen: _Seen) -> Iterator[None]:
    """Looks at one event a step; ends at the first thing after which nothing more can be said."""
    keep_scalars = "\t" in seen.text
    documents = 0
    for event in events:
        name = type(event).__name__
        if name == "ScalarEvent":
            _decorations(event, seen)
            _scalar(event, seen)
            if keep_scalars:
                extent = (event.start_mark.index, event.end_mark.index, not event.style)
                seen.scalars.append(extent)
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            seen.boxes.pop()
        elif name == "AliasEvent":
            _alias(event, seen)
        elif name == "DocumentStartEvent":
            documents += 1
            _directives(event, seen)
            if documents > 1:
                _several_documents(event, seen)
                return
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            _decorations(event, seen)
            _open(event, seen, is_mapping=name == "MappingStartEvent")
            if len(seen.boxes) > MAX_DEPTH:
                return
        yield


def _at_key(seen: _Seen) -> _Box | None:
    """The mapping whose key the coming node is, if it is one; turns to its value."""
    if not seen.boxes or (box := seen.boxes[-1]).line_of is None:
        return None
    box.at_key = not box.at_key
    return None if box.at_key else box


def _open(event: Any, seen: _Seen, *, is_mapping: bool) -> None:
    if _at_key(seen):
        what = "mapping" if is_mapping else "list"
        _odd_key(event, seen, f"a {what}")
    start = event.start_mark.index
    pair = is_mapping and event.flow_style and seen.text[start : start + 1] != "{"
    seen.boxes.append(_Box({} if is_mapping else None, pair))
    if len(seen.boxes) > MAX_DEPTH:
        _too_deep(event, seen)


def _scalar(event: Any, seen: _Seen) -> None:
    value, plain = event.value, not event.style
    box = _at_key(seen)
    if plain:
        _plain(event, value, seen, is_key=box is not None)
    elif event.style in ("|", ">"):
        _text_block(event, seen)
    elif _CONTROL.search(value):
        seen.add(
            "CC004",
            event.start_mark,
            "an escape in this text stands for a control character",
            "it could steer a terminal, a log or a platform that shows this text",
            "leave it out",
        )
    if box is None or box.line_of is None:
        return
    if box.flow_pair and _GLUED_COLON.match(seen.text, event.end_mark.index):
        _glued_pair(event, seen)
    line = event.start_mark.line + 1
    if value in box.line_of:
        seen.add(
            "CC003",
            event.start_mark,
            f'"{short(value)}" is declared twice here (first in line {box.line_of[value]})',
            "readers of YAML take the first, the last, or neither",
            "keep one of the two, or give them different names",
        )
    box.line_of.setdefault(value, line)


def _plain(event: Any, value: str, seen: _Seen, *, is_key: bool) -> None:
    """Refuses a scalar without quotes that some reader takes for something else."""
    if value == "<<":
        seen.add(
            "CC004",
            event.start_mark,
            "merge keys (<<) are not supported",
            "YAML 1.2 has none: some readers merge, others see a field called <<",
            "write the fields out",
        )
    elif value == "=":
        message = "= without quotes means different things to different readers"
        seen.add("CC004", event.start_mark, message, DISAGREE, 'write "=" in quotes')
    elif is_key and value in _NO_TEXT:
        _odd_key(event, seen, "empty" if value in ("", "~") else f"{value}, which is no text")
    elif is_key and value in _TRUTH:
        _odd_key(event, seen, f"{value}, which is yes or no and not text")
    elif fault := key_number_fault(value) if is_key else number_fault(value):
        seen.add("CC004", event.start_mark, *fault)


def _text_block(event: Any, seen: _Seen) -> None:
    """Text blocks that ruamel.yaml 0.19 refuses, or reads otherwise, where libyaml does not."""
    source = seen.text[event.start_mark.index : event.end_mark.index]
    if not seen.boxes:
        what, hint = "the whole file is a text block", "write `key: value` entries"
    elif _GLUED_COMMENT.match(source):
        what, hint = "a comment is glued to the sign of a text block", "put a space before the #"
    elif _BLANK_START.match(source):
        what, hint = "a text block begins with a line of spaces", "delete the spaces in that line"
    else:
        return
    seen.add("CC004", event.start_mark, what, "some readers of YAML refuse this", hint)


def _decorations(event: Any, seen: _Seen) -> None:
    if event.anchor is not None:
        seen.add(
            "CC004",
            event.start_mark,
            f"anchors (&{short(event.anchor)}) are not supported",
            "a value that is defined elsewhere cannot be reviewed in place, and can be made to explode",
            f'write the value out; for text that begins with &, use quotes: "&{short(event.anchor)}"',
        )
    if event.tag is not None:
        tag = short(event.tag.replace("tag:yaml.org,2002:", "!!"))
        seen.add(
            "CC004",
            event.start_mark,
            f"tags ({tag}) are not supported",
            "some readers obey a tag, some ignore it, some run code for it",
            f'remove the tag; for text that begins with !, use quotes: "{tag}"',
        )


def _alias(event: Any, seen: _Seen) -> None:
    if _at_key(seen):
        _odd_key(event, seen, "an alias")
    seen.add(
        "CC004",
        event.start_mark,
        f"aliases (*{short(event.anchor)}) are not supported",
        "a value that is defined elsewhere cannot be reviewed in place, and can be made to explode",
        f'write the value out; for text that begins with *, use quotes: "*{short(event.anchor)}"',
    )


def _odd_key(event: Any, seen: _Seen, what: str) -> None:
    seen.add(
        "CC004",
        event.start_mark,
        f"this key is {what}",
        "names are text or whole numbers",
        "give it a name, in quotes where it looks like something else",
    )


def _glued_pair(event: Any, seen: _Seen) -> None:
    seen.add(
        "CC004",
        event.start_mark,
        "a key and its value in a list, with no space after the colon",
        "some readers take this for a pair, others refuse it",
        'write the pair in braces: [{"key": value}]',
    )


def _too_deep(event: Any, seen: _Seen) -> None:
    seen.add(
        "CC005",
        event.start_mark,
        f"nested more than {MAX_DEPTH} levels deep",
        "nothing in a configuration needs this, and it may be made to exhaust memory",
        "look for a bracket that is not closed",
    )


def _directives(event: Any, seen: _Seen) -> None:
    if event.version or event.tags:
        seen.add(
            "CC004",
            event.start_mark,
            "directives (%YAML, %TAG) are not supported",
            "they change what the rest of the file means; files are always YAML 1.2",
            "remove the line that begins with %",
        )


def _several_documents(event: Any, seen: _Seen) -> None:
    seen.add(
        "CC004",
        event.start_mark,
        "the file holds several documents",
        "some readers take only the first, or only the last",
        "remove the line --- or move what follows into a file of its own",
    )


def _document_end(seen: _Seen) -> None:
    if found := _DOCUMENT_END.search(seen.text):
        span = Span(seen.file, *place(seen.text, found.start()))
        message = "a line of three dots ends the document"
        cause = "some readers go on after it, others do not"
        seen.problems.append(Diagnostic("CC004", message, span, cause, "remove the line"))
