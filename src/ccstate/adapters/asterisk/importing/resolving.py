"""Which extension answers what is dialled in a context, through all that it includes."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, Step
from ccstate.adapters.asterisk.importing.patterns import common, covers, in_order, is_open, pattern

DEEPEST = 30


Closed: TypeAlias = frozenset[tuple[str, int]]
"""File and line of each timed include that does not count; all others do."""


class Place(Protocol):
    """What was dialled in which context, and the step that comes next."""

    @property
    def context(self) -> str: ...
    @property
    def exten(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def closed(self) -> Closed: ...


class Candidate(NamedTuple):
    """An extension that might answer, and the `include` lines that lead to it."""

    context: str
    exten: str
    includes: tuple[Option, ...]


class Resolver:
    """Answers for one dialplan, and remembers what it has answered."""

    def __init__(self, plan: Dialplan) -> None:
        self._steps: dict[str, dict[str, list[Step]]] = {}
        self._order: dict[str, list[str]] = {}
        self._patterns: dict[str, list[str]] = {}
        """The extensions of each context that are patterns, in the order in which they are tried."""
        self._includes: dict[str, list[Option]] = {}
        for name, context in plan.contexts.items():
            extens = {
                exten: steps for (exten, caller), steps in context.extens().items() if not caller
            }
            self._steps[name] = extens
            self._order[name] = in_order(extens)
            self._patterns[name] = [exten for exten in self._order[name] if exten[:1] == "_"]
            self._includes[name] = context.includes
        self._answers: dict[tuple[str, str, Closed], Candidate | None] = {}

    def candidates(
        self, context: str, path: tuple[Option, ...] = (), names: frozenset[str] = frozenset()
    ) -> Iterator[Candidate]:
        """Every extension that can be dialled in a context, in the order in which they count."""
        if context in names or len(names) > DEEPEST:
            return
        for exten in self._order.get(context, ()):
            yield Candidate(context, exten, path)
        for include in self._includes.get(context, ()):
            name = include.value.partition(",")[0].strip()
            yield from self.candidates(name, (*path, include), names | {context})

    def answer(self, context: str, dialled: str, closed: Closed = frozenset()) -> Candidate | None:
        """The first extension that matches whatever the open places may be."""
        key = (context, dialled, closed)
        if key not in self._answers:
            if len(self._answers) > 200_000:
                self._answers.clear()
            self._answers[key] = next(self._matching(context, dialled, closed), None)
        return self._answers[key]

    def _matching(
        self,
        context: str,
        dialled: str,
        closed: Closed,
        path: tuple[Option, ...] = (),
        names: frozenset[str] = frozenset(),
    ) -> Iterator[Candidate]:
        """Every extension that matches, in order; written ones are found without trying all."""
        if context in names or len(names) > DEEPEST:
            return
        if dialled in self._steps.get(context, {}) and dialled[:1] != "_":
            yield Candidate(context, dialled, path)
        for exten in self._patterns.get(context, ()):
            if covers(pattern(exten), dialled):
                yield Candidate(context, exten, path)
        for include in self._includes.get(context, ()):
            if (include.file, include.line) not in closed:
                name = include.value.partition(",")[0].strip()
                below = (*path, include), names | {context}
                yield from self._matching(name, dialled, closed, *below)

    def carved(self, context: str, dialled: str) -> Iterator[tuple[str, Candidate]]:
        """What others answer first: the part of what is dialled, and who answers that.

        The part is "" where there are too many ways of saying it.
        """
        if not is_open(dialled):
            return
        for candidate in self.candidates(context):
            said = pattern(candidate.exten)
            if covers(said, dialled):
                return
            parts = common(said, dialled)
            for part in [""] if parts is None else parts:
                yield part, candidate

    def extension(self, at: Place) -> bool:
        """Whether anything answers there."""
        return self.answer(at.context, at.exten, at.closed) is not None

    def step(self, at: Place) -> tuple[Step, tuple[Option, ...]] | None:
        """The step of a call, and the includes that lead there.

        Where the extension ends, another one that matches and is longer goes on: Asterisk looks
        for number and priority together (pbx_find_extension).
        """
        found = self.answer(at.context, at.exten, at.closed)
        if found is None:
            return None
        others = self._matching(at.context, at.exten, at.closed)
        for candidate in (found, *(others if not self._has(found, at.priority) else ())):
            for step in self.steps(candidate):
                if step.priority == at.priority:
                    return step, candidate.includes
        return None

    def _has(self, candidate: Candidate, priority: int) -> bool:
        return any(step.priority == priority for step in self.steps(candidate))

    def steps(self, candidate: Candidate) -> list[Step]:
        return self._steps[candidate.context][candidate.exten]

    def priority(self, at: Place, named: str) -> int | None:
        """The step that a number or a label names; None where there is none."""
        found = self.answer(at.context, at.exten, at.closed)
        if found is None:
            return None
        for step in self.steps(found):
            if named in (str(step.priority), step.label):
                return step.priority
        return None
