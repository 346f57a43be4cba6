"""The extension that answers what is dialled, and what a step says with its variables filled in."""

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, DialplanStep
from ccstate.adapters.asterisk.conf.patterns import MORE, common, is_open, matches
from ccstate.adapters.asterisk.importing.outcomes import CALLER, At, Call
from ccstate.adapters.asterisk.interpreter.call import NotFollowed
from ccstate.adapters.asterisk.interpreter.facts import changes, steps_of
from ccstate.adapters.asterisk.interpreter.lookup import Answer, Found, LeadsOn, Lookup
from ccstate.adapters.asterisk.interpreter.text import (
    OPAQUE,
    evaluate,
    fill,
    name_and_cut,
    substring,
)
from ccstate.adapters.asterisk.interpreter.values import PURE, SET_BY_ASTERISK

_CALLER_NUMBERS = frozenset({"CALLERID(num)", "CALLERID(number)", "CALLERIDNUM"})
_COMPARED = re.compile(r'(?:!?=|=~)\s*"?([^"\s=!&|?)\]]*)"?')
_LASTING = frozenset({"GLOBAL", "DB", "DEVICE_STATE", "TIMEOUT"})
OTHER = "\ue011"
"""Stands for a value that cannot be known."""
_ENTERED = "\ue012"
_MARKED = re.compile(f"{_ENTERED}([^{_ENTERED}]*){_ENTERED}")
_COMPARES = re.compile(rf'\s*"?(?:{CALLER}|{_MARKED.pattern})"?\s*!?=\s*"?[^"<>]*"?\s*')


def entered_in(variable: str) -> str:
    """Return a mark for entered digits that are other than any with which steps compare them."""
    return f"{_ENTERED}{variable}{_ENTERED}"


def family_of(name: str) -> str:
    """Return the family of a database value: `DND` of `DB(DND/2001)`; else the name itself."""
    return name[3:].partition("/")[0] if name.startswith("DB(") else name


def is_unknown(text: str) -> bool:
    """Check whether a part of a text cannot be known beforehand."""
    return any(mark in text for mark in ("${", "$[", CALLER, OTHER, _ENTERED))


class Undecided(Exception):
    """A question for what changes while Asterisk runs; `name` is `GLOBAL(NIGHT)`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Values:
    """The variables, functions and expressions of one dialplan, filled in."""

    def __init__(self, plan: Dialplan) -> None:
        self._globals = plan.globals
        self._written = {option.key: option for option in plan.variables}
        self.changed: dict[str, list[tuple[DialplanStep, str]]] = {}
        """Steps that change something lasting, by its name, with the value that they give."""
        self.asked: set[str] = set()
        """The calls of Dial() and Queue() of whose status any later step has asked."""
        self.callers: dict[str, None] = {}
        """Numbers with which the step that was filled in last compares the caller's."""
        self.entered: dict[str, dict[str, None]] = {}
        """Digits with which steps compare what callers entered, by variable."""
        self.read: set[str] = set()
        """Variables that any step asks for, other than to change that variable itself."""
        for step in steps_of(plan):
            self._note_reads(step)
        self.of_any_key: dict[str, list[tuple[DialplanStep, str]]] = {}
        """Changes by family of the database, where the key depends on the call."""
        for name, value, step in changes(plan):
            self.changed.setdefault(name, []).append((step, value))
            if "$" in name and name.startswith("DB("):
                self.of_any_key.setdefault(family_of(name), []).append((step, value))

    def _note_reads(self, step: DialplanStep) -> None:
        app = step.app.strip().lower()
        if app in ("noop", "verbose", "log"):
            return
        text = step.data
        own = ""
        if app == "set":
            own, _, text = text.partition("=")
        names = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
        self.read |= names - {own.strip().lstrip("_")}

    def candidates(self, name: str, condition: str) -> list[str]:
        """Return the values that something lasting can have, first that at the beginning."""
        found = dict.fromkeys([self.initial(name)])
        known = [*self.changed.get(name, ()), *self.of_any_key.get(family_of(name), ())]
        for _, value in known:
            found.update(dict.fromkeys(self._step_values(name, value, list(found))))
        found.update(dict.fromkeys(_COMPARED.findall(condition)))
        return list(found)

    def _step_values(self, name: str, value: str, known: list[str]) -> Iterator[str]:
        """Return the values that a step can give: `$[1 - ${NIGHT}]` gives one for each before."""
        if "$" not in value:
            yield value
            return
        for before in known:
            call = Call("", OTHER, variables={name: before})
            try:
                after = self.fill(value, call)[0]
            except Undecided:
                after = OTHER
            yield OTHER if "$" in after or CALLER in after else after

    def initial(self, name: str) -> str:
        """Return the value after a start of Asterisk with an empty database."""
        function, _, key = name.partition("(")
        if function == "DEVICE_STATE":
            return "NOT_INUSE"
        return self._globals.get(key.rstrip(")"), "") if function == "GLOBAL" else ""

    def written(self, name: str) -> Option | None:
        """Return the line of `[globals]` that gives a global variable its first value."""
        return self._written.get(name.removeprefix("GLOBAL(").rstrip(")"))

    def matters(self, name: str) -> bool:
        """Check whether any step asks for what a call carries by this name."""
        function = name.partition("(")[0]
        is_assumed = name.startswith(("not ", "include "))
        return function in self.read or function in _LASTING or is_assumed

    def fill(self, text: str, call: Call) -> tuple[str, list[Option]]:
        """Fill in the text with all that is known; return also the lines of `[globals]` for it.

        Raises Undecided.
        """
        used: list[Option] = []
        try:
            found = fill(text, partial(self._value, call, used), self._expression)
        except NotFollowed:
            return text, used
        return found, used

    def _value(self, call: Call, used: list[Option], inside: str) -> str:
        """Return what `${…}` gives; itself where it cannot be known."""
        unknown = f"${{{inside}}}"
        if "${" in inside or "$[" in inside:
            return unknown
        name, begin, length = name_and_cut(inside)
        function, bracket, arguments = name.partition("(")
        if bracket:
            value = self._function(function, arguments.removesuffix(")"), call, used)
        else:
            value = self._variable(name, call, used)
        if value is None or (begin, length) == (0, None):
            return unknown if value is None else value
        is_cut_open = value.endswith(MORE) and (begin < 0 or length is not None)
        if is_unknown(value) or is_cut_open:
            return unknown
        return substring(value, begin, length)

    def _expression(self, inside: str) -> str:
        """Return what `$[…]` gives; itself where it cannot be known.

        The caller's number, and what callers enter, may be compared with others: it is unequal.
        """
        unknown = f"$[{inside}]"
        if "${" in inside or "$[" in inside or OTHER in inside or is_open(inside):
            return unknown
        if CALLER in inside or _ENTERED in inside:
            parts = [part for part in re.split(r"[&|]", inside) if is_unknown(part)]
            if not all(map(_COMPARES.fullmatch, parts)):
                return unknown
            for part in parts:
                self._note_compared(part)
        try:
            return evaluate(inside)
        except NotFollowed:
            return unknown

    def _note_compared(self, part: str) -> None:
        """Note with what a condition compares the caller's number, or what callers entered."""
        variable = _MARKED.search(part)
        noted = self.entered.setdefault(variable[1], {}) if variable else self.callers
        noted.update(dict.fromkeys(compared(part)))

    def _variable(self, name: str, call: Call, used: list[Option]) -> str | None:
        for frame in reversed(call.frames):
            if name in frame.variables:
                return frame.variables[name]
        if name in call.variables:
            self.asked.add(call.variables.get(f"{name} of", ""))
            return call.variables[name]
        if name in ("EXTEN", "CONTEXT"):
            return call.exten if name == "EXTEN" else call.context
        if f"GLOBAL({name})" in call.variables:
            return call.variables[f"GLOBAL({name})"]
        if f"GLOBAL({name})" in self.changed:
            raise Undecided(f"GLOBAL({name})")
        if name in self._globals and name in self._written:
            used.append(self._written[name])
            return self._globals[name]
        return None if name in SET_BY_ASTERISK else ""

    def _function(
        self, function: str, arguments: str, call: Call, used: list[Option]
    ) -> str | None:
        name = f"{function}({arguments})"
        if name in call.variables:
            return call.variables[name]
        if name in _CALLER_NUMBERS:
            return call.variables.get("CALLERID(num)", CALLER)
        if function == "GLOBAL":
            return self._variable(arguments, call, used)
        if function == "DB":
            raise Undecided(name)
        if function == "DB_EXISTS":
            return str(int(bool(self._function("DB", arguments, call, used))))
        if function == "DEVICE_STATE" and arguments.lower().startswith("custom:"):
            raise Undecided(name)
        if function not in PURE or is_unknown(arguments):
            return None
        if is_open(arguments) and (function != "LEN" or arguments.endswith(MORE)):
            return None
        value = PURE[function](arguments)
        return None if OPAQUE in value else value


def compared(text: str) -> list[str]:
    """Return what a condition compares something with, in order, once each."""
    empty = [""] if re.search(r'=\s*""', text) else []
    return list(dict.fromkeys([*filter(None, _COMPARED.findall(text)), *empty]))


MOST_KEPT = 200_000
"""Answers that are remembered."""

Closed: TypeAlias = frozenset[tuple[str, int]]
"""File and line of each timed include that does not count; all others do."""


class Candidate(NamedTuple):
    """An extension that might answer, and the `include` lines that lead to it."""

    context: str
    exten: str
    includes: tuple[Option, ...]


class Resolver:
    """The answers for one dialplan, each remembered."""

    def __init__(self, plan: Dialplan) -> None:
        self._plan = plan
        self.lookup = Lookup(plan)
        self._answers: dict[tuple[str, str, Closed], Answer | None] = {}
        self._steps = {name: context.extens() for name, context in plan.contexts.items()}

    def candidates(self, context: str) -> Iterator[Candidate]:
        """Return every extension that can be dialled in a context, in the order that counts."""
        for answer in self.lookup.extensions(context):
            if not answer[0].caller:
                yield _candidate(answer)

    def answer(self, context: str, dialled: str, closed: Closed = frozenset()) -> Candidate | None:
        """Return the first extension that matches whatever the open places may be."""
        found = self._first_answer(context, dialled, closed)
        return _candidate(found) if found else None

    def _first_answer(self, context: str, dialled: str, closed: Closed) -> Answer | None:
        key = (context, dialled, closed)
        if key not in self._answers:
            if len(self._answers) > MOST_KEPT:
                self._answers.clear()
            answers = self.lookup.answering(context, dialled, None, _leads_on(closed))
            self._answers[key] = next(answers, None)
        return self._answers[key]

    def carved(self, context: str, dialled: str) -> Iterator[tuple[str, Candidate]]:
        """Return what others answer first: the part of what is dialled, and who answers that.

        The part is "" where there are too many ways of saying it.
        """
        if not is_open(dialled):
            return
        for candidate in self.candidates(context):
            if matches(candidate.exten, dialled):
                return
            parts = common(candidate.exten, dialled)
            for part in [""] if parts is None else parts:
                yield part, candidate

    def extension(self, at: At) -> bool:
        """Check whether anything answers there."""
        return self._first_answer(at.context, at.exten, at.closed) is not None

    def step(self, at: At) -> Found | None:
        """Return the step of a call, and the includes that lead there."""
        first = self._first_answer(at.context, at.exten, at.closed)
        if first and at.priority in first[0].steps:
            return Found(first[0].steps[at.priority], first[1])
        return first and self.lookup.step(*at[:3], None, _leads_on(at.closed))

    def line(self, candidate: Candidate) -> Option:
        """Return the line of the first step."""
        return self.steps(candidate)[0].option

    def steps(self, candidate: Candidate) -> list[DialplanStep]:
        return self._steps[candidate.context][candidate.exten, ""]

    def label(self, at: At, label: str) -> int | None:
        """Return the priority that has a label; None where there is none."""
        return self.lookup.label(at.context, at.exten, label, None, _leads_on(at.closed))


def _candidate(answer: Answer) -> Candidate:
    extension, includes = answer
    return Candidate(extension.context, extension.name, includes)


def _leads_on(closed: Closed) -> LeadsOn:
    return lambda line: (line.file, line.line) not in closed
