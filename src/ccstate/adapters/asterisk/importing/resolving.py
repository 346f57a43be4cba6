"""Which extension answers what is dialled in a context, as far as that does not depend on the caller."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, Step
from ccstate.adapters.asterisk.conf.patterns import common, is_open, matches
from ccstate.adapters.asterisk.importing.calling import At
from ccstate.adapters.asterisk.interpreter.lookup import Answer, Found, LeadsOn, Lookup

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
    """Answers for one dialplan, and remembers what it has answered."""

    def __init__(self, plan: Dialplan) -> None:
        self._plan = plan
        self._lookup = Lookup(plan)
        self._answers: dict[tuple[str, str, Closed], Answer | None] = {}
        self._steps = {name: context.extens() for name, context in plan.contexts.items()}

    def candidates(self, context: str) -> Iterator[Candidate]:
        """Every extension that can be dialled in a context, in the order in which they count."""
        for answer in self._lookup.extensions(context):
            if not answer[0].caller:
                yield _candidate(answer)

    def answer(self, context: str, dialled: str, closed: Closed = frozenset()) -> Candidate | None:
        """The first extension that matches whatever the open places may be."""
        found = self._first(context, dialled, closed)
        return _candidate(found) if found else None

    def _first(self, context: str, dialled: str, closed: Closed) -> Answer | None:
        key = (context, dialled, closed)
        if key not in self._answers:
            if len(self._answers) > MOST_KEPT:
                self._answers.clear()
            answers = self._lookup.answering(context, dialled, None, _leads_on(closed))
            self._answers[key] = next(answers, None)
        return self._answers[key]

    def carved(self, context: str, dialled: str) -> Iterator[tuple[str, Candidate]]:
        """What others answer first: the part of what is dialled, and who answers that.

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
        """Whether anything answers there."""
        return self._first(at.context, at.exten, at.closed) is not None

    def step(self, at: At) -> Found | None:
        """The step of a call, and the includes that lead there."""
        first = self._first(at.context, at.exten, at.closed)
        if first and at.priority in first[0].steps:
            return Found(first[0].steps[at.priority], first[1])
        return first and self._lookup.step(*at[:3], None, _leads_on(at.closed))

    def steps(self, candidate: Candidate) -> list[Step]:
        return self._steps[candidate.context][candidate.exten, ""]

    def priority(self, at: At, named: str) -> int | None:
        """The step that a number or a label names; None where there is none."""
        if named.isdigit():
            return int(named[:9]) if self.step(at._replace(priority=int(named[:9]))) else None
        leads_on = _leads_on(at.closed)
        return self._lookup.label(at.context, at.exten, named, None, leads_on)


def _candidate(answer: Answer) -> Candidate:
    extension, includes = answer
    return Candidate(extension.context, extension.name, includes)


def _leads_on(closed: Closed) -> LeadsOn:
    return lambda line: (line.file, line.line) not in closed
