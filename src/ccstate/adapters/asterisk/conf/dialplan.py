"""extensions.conf as a dialplan: contexts, and the steps that each extension takes.

Source: `pbx_load_config` in `pbx/pbx_config.c` of Asterisk 18, tried on 16.28 and 22.10.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.conf import (
    BLANKS,
    Conf,
    Option,
    Section,
    resolved,
)
from ccstate.adapters.asterisk.conf.patterns import Rank, rank
from ccstate.errors import Diagnostic, Span

HINT = -1
"""The priority that stands for `hint`."""


class DialplanStep(NamedTuple):
    """One application that an extension runs, or its hint."""

    context: str
    exten: str
    caller: str
    """The caller's number that it is for, `100/02…`; empty for all."""
    priority: int
    label: str
    app: str
    data: str
    option: Option
    """Where it is written."""


@dataclass(slots=True)
class DialplanContext:
    """What may be dialled in one place, and where else Asterisk looks."""

    name: str
    sections: list[Section] = field(default_factory=list)
    steps: list[DialplanStep] = field(default_factory=list)
    includes: list[Option] = field(default_factory=list)
    switches: list[Option] = field(default_factory=list)
    others: list[Option] = field(default_factory=list)
    """`ignorepat` and `autohints`."""

    def extens(self) -> dict[tuple[str, str], list[DialplanStep]]:
        """Return the steps of each extension and caller, by priority; hints are left out."""
        found: dict[tuple[str, str], list[DialplanStep]] = {}
        for step in self.steps:
            if step.priority != HINT:
                found.setdefault((step.exten, step.caller), []).append(step)
        for steps in found.values():
            steps.sort(key=lambda step: step.priority)
        return found


@dataclass(frozen=True, slots=True)
class Dialplan:
    """What pbx_config has loaded, and what it has passed over."""

    contexts: Mapping[str, DialplanContext]
    globals: Mapping[str, str]
    """Global variables with the values that they have once all is loaded."""
    settings: tuple[Option, ...]
    """The options of `[general]`."""
    variables: tuple[Option, ...]
    """The options of `[globals]`, as written."""
    problems: tuple[Diagnostic, ...]


def dialplan(conf: Conf) -> Dialplan:
    """Read the dialplan of a configuration; it never raises."""
    loading = _Loading()
    sections = resolved(conf)
    by_name: dict[str, list[Option]] = {"general": [], "globals": []}
    for section in sections:
        by_name.get(section.name.lower(), []).extend(section.options)
    for option in by_name["globals"]:
        loading.globals[option.key] = loading.substituted(option.value, option)
    for section in sections:
        if section.name.lower() not in by_name:
            loading.context(section)
    loading.name_extensions()
    return Dialplan(
        loading.contexts,
        loading.globals,
        tuple(by_name["general"]),
        tuple(by_name["globals"]),
        tuple(loading.problems),
    )


_SIMPLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WHOLE = re.compile(r"[ \t]*([+-]?[0-9]{1,29})")
LONGEST_VALUE = 8_192
"""Characters of a value with its variables filled in; Asterisk has as many bytes."""


class _Loading:
    def __init__(self) -> None:
        self.contexts: dict[str, DialplanContext] = {}
        self.globals: dict[str, str] = {}
        self.problems: list[Diagnostic] = []
        self._taken: dict[tuple[str, Rank, str, int], DialplanStep] = {}
        self._heads: dict[tuple[str, Rank, str], DialplanStep] = {}
        self._labels: dict[tuple[str, Rank, str, str], int] = {}

    def substituted(self, text: str, option: Option) -> str:
        """Return the text with global variables filled in, as pbx_config does while it loads."""
        if "${" not in text and "$[" not in text:
            return text
        filled = _SIMPLE.sub(lambda name: self.globals.get(name[1], ""), text)[:LONGEST_VALUE]
        if "${" in filled or "$[" in filled:
            span = Span(option.file, option.line)
            self.problems.append(codes.STEP_UNREAD(span, text=text[:60]))
        return filled

    def context(self, section: Section) -> None:
        context = self.contexts.setdefault(section.name, DialplanContext(section.name))
        context.sections.append(section)
        exten, last = "", -2
        for option in section.options:
            key = option.key.lower()
            text = option.value
            if key == "exten":
                first, text = _until_comma(text)
                exten = self.substituted(first, option)[:255]
            if key == "exten" or key.startswith("same"):
                last = self._step(context, exten, last, text, option)
            elif key == "include":
                context.includes.append(self._filled(option))
            elif key in ("switch", "lswitch", "eswitch"):
                context.switches.append(self._filled(option) if key == "switch" else option)
            elif key in ("ignorepat", "autohints"):
                context.others.append(option)
            else:
                self._passed(option, f"{option.key[:60]!r} means nothing in a dialplan")

    def _filled(self, option: Option) -> Option:
        return option._replace(value=self.substituted(option.value, option))

    def _passed(self, option: Option, why: str) -> None:
        self.problems.append(codes.LINE_PASSED(Span(option.file, option.line), why=why))

    def _step(
        self, context: DialplanContext, exten: str, last: int, text: str, option: Option
    ) -> int:
        """Return the priority from which `n` counts on behind this line."""
        written, _, call = text.partition(",")
        number, paren, label = written.strip(BLANKS).partition("(")
        number, _, plus = number.partition("+")
        name, _, caller = exten.partition("/")
        place = (context.name, name.replace(" ", ""), _shrunk(caller))
        counted = self._counted(number, last, (place[0], rank(place[1]), place[2]))
        if not exten and option.key.lower() != "exten":
            self._passed(option, "same stands before any exten of this section")
        elif paren and ")" not in label:
            self._passed(option, "the label has no )")
        elif counted is None:
            self._passed(option, f"{number[:60]!r} is no priority here")
        elif counted == 0:
            self._passed(option, "n behind a hint counts to 0, which is no priority")
        else:
            priority = counted + _leading(plus)
            app, data = self._application(call, option)
            label = label.partition(")")[0]
            if place[1]:
                self._register(context, DialplanStep(*place, priority, label, app, data, option))
            else:
                self._passed(option, "exten names nothing")
            return priority
        return last

    def _counted(self, number: str, last: int, place: tuple[str, Rank, str]) -> int | None:
        if number == "hint":
            return HINT
        if number in ("n", "next", "s", "same"):
            if last <= -2:
                return None
            return last + 1 if number[0] == "n" else last
        whole = _WHOLE.match(number)
        found = _leading(number) if whole else self._labels.get((*place, number), 0)
        return found if found >= 1 else None

    def _application(self, call: str, option: Option) -> tuple[str, str]:
        """`App(data)`; what has a variable before its first bracket is a name as a whole."""
        app, bracket, data = call.partition("(")
        if not bracket or "${" in app or "$[" in app:
            return call.lstrip(BLANKS), ""
        inside, closing, _ = data.rpartition(")")
        if not closing:
            span = Span(option.file, option.line)
            self.problems.append(codes.STEP_UNCLOSED(span, call=call[:60]))
        return app.lstrip(BLANKS), inside if closing else data

    def _register(self, context: DialplanContext, step: DialplanStep) -> None:
        taken = (step.context, rank(step.exten), step.caller, step.priority)
        if first := self._taken.get(taken):
            span, (_, _, file, line, *_) = Span(step.option.file, step.option.line), first.option
            values = {"exten": step.exten, "priority": step.priority, "file": file, "line": line}
            self.problems.append(codes.PRIORITY_TWICE(span, **values))
            return
        self._taken[taken] = step
        head = self._heads.setdefault(taken[:3], step)
        if step.priority < head.priority:
            self._heads[taken[:3]] = step
        if step.label:
            name = (step.context, taken[1], step.caller, step.label)
            if name in self._labels:
                self._passed(step.option, f"the label {step.label[:60]!r} is there already")
                step = step._replace(label="")
            self._labels.setdefault(name, step.priority)
        context.steps.append(step)

    def name_extensions(self) -> None:
        """Gives all steps of an extension the name that the first of them has, by priority."""
        for context in self.contexts.values():
            for at, step in enumerate(context.steps):
                head = self._heads[step.context, rank(step.exten), step.caller]
                if head.exten != step.exten:
                    context.steps[at] = step._replace(exten=head.exten)


def _until_comma(text: str) -> tuple[str, str]:
    """Split at the first comma outside of brackets, as `pbx_strsep` does."""
    square = 0
    escaped = False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "[":
            square += 1
        elif char == "]":
            square = max(0, square - 1)
        elif char == "\\":
            escaped = True
        elif char == "," and not square:
            return text[:at], text[at + 1 :]
    return text, ""


def _shrunk(number: str) -> str:
    """Return a caller's number without ornament, as `ast_shrink_phone_number` leaves it.

    A dot at the end stays, for it ends a pattern (16.28, 22.10, seen).
    """
    kept: list[str] = []
    square = 0
    for char in number.removesuffix("."):
        square += (char == "[") - (char == "]")
        if square or char not in "( )-.":
            kept.append(char)
    return "".join(kept) + "." * number.endswith(".")


def _leading(text: str) -> int:
    """Return the whole number at the front, as an `int` of C holds it; 0 where there is none."""
    whole = _WHOLE.match(text)
    number = int(whole[1]) if whole else 0
    number = min(max(number, -(2**63)), 2**63 - 1)
    return (number + 2**31) % 2**32 - 2**31
