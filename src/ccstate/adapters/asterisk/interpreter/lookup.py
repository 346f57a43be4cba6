"""The step of a dialplan that answers what was dialled: patterns, callers, includes, longer matches.

Source: `pbx_find_extension`, `ast_matchmore_extension` in main/pbx.c of Asterisk 18, as they search
without `extenpatternmatchnew`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, DialplanStep
from ccstate.adapters.asterisk.conf.patterns import grows, matches, rank, without_hyphens

DEEPEST = 128
"""Contexts included by contexts: `AST_PBX_MAX_STACK`, behind which Asterisk finds nothing."""


class Extension(NamedTuple):
    """An extension of a context: its name or pattern, the callers it is for, and its steps."""

    context: str
    name: str
    caller: str
    steps: Mapping[int, DialplanStep]
    labels: Mapping[str, int]


class Found(NamedTuple):
    """A step, and the `include` lines by which it was found."""

    step: DialplanStep
    includes: tuple[Option, ...]


Answer: TypeAlias = tuple[Extension, tuple[Option, ...]]
"""An extension, and the `include` lines that lead to it."""
LeadsOn: TypeAlias = Callable[[Option], bool]
"""Whether the search goes on by an `include` line with hours; called for `switch` lines, too."""
Caller: TypeAlias = Callable[[], str]
"""The caller's number, asked for where an extension is for some callers only."""


class _Context:
    """The extensions of one context: names, which count first, and patterns in their order."""

    def __init__(self, extensions: list[Extension]) -> None:
        self.ordered = sorted(
            extensions, key=lambda e: (rank(e.name), not e.caller, rank(e.caller))
        )
        self.patterns = [e for e in self.ordered if e.name.startswith("_")]
        self.by_name: dict[str, list[Extension]] = {}
        self.beginnings: set[str] = set()
        """What more digits can still make a name of."""
        for extension in self.ordered:
            if not extension.name.startswith("_"):
                name = without_hyphens(extension.name)
                self.by_name.setdefault(name, []).append(extension)
                self.beginnings.update(name[:length] for length in range(len(name)))

    def matching(self, exten: str) -> Iterator[Extension]:
        """Return the extensions that stand for what was dialled, for any caller, in their order."""
        yield from self.by_name.get(without_hyphens(exten), ())
        yield from (e for e in self.patterns if matches(e.name, exten))


class Lookup:
    """The extensions of a dialplan, each context in the order in which Asterisk tries them."""

    def __init__(self, plan: Dialplan) -> None:
        self._plan = plan
        self._contexts: dict[str, _Context] = {}
        for name, context in plan.contexts.items():
            found = [
                Extension(
                    name,
                    exten,
                    caller,
                    {step.priority: step for step in steps},
                    {step.label: step.priority for step in reversed(steps) if step.label},
                )
                for (exten, caller), steps in context.extens().items()
            ]
            self._contexts[name] = _Context(found)

    def extensions(self, context: str, leads_on: LeadsOn = lambda _: True) -> Iterator[Answer]:
        """Return every extension of a context and all its includes, in the order of the search."""
        for found, path in self._searched(context, leads_on):
            yield from ((extension, path) for extension in found.ordered)

    def _searched(
        self,
        context: str,
        leads_on: LeadsOn,
        names: frozenset[str] = frozenset(),
        path: tuple[Option, ...] = (),
    ) -> Iterator[tuple[_Context, tuple[Option, ...]]]:
        """Return a context and all that it includes, in the order in which they are searched."""
        if context in names or context not in self._contexts or len(names) >= DEEPEST:
            return
        yield self._contexts[context], path
        here = self._plan.contexts[context]
        for switch in here.switches:
            leads_on(switch)
        for include in here.includes:
            name, comma, _ = include.value.partition(",")
            if not comma or leads_on(include):
                below = (*path, include)
                yield from self._searched(name.strip(), leads_on, names | {context}, below)

    def step(
        self, context: str, exten: str, priority: int, caller: Caller | None, leads_on: LeadsOn
    ) -> Found | None:
        """Return the step that a call takes there; None where there is none.

        Where an extension has no such step, the next one that matches is asked: Asterisk looks for
        number and priority together.
        """
        for extension, path in self.answering(context, exten, caller, leads_on):
            if step := extension.steps.get(priority):
                return Found(step, path)
        return None

    def label(
        self, context: str, exten: str, label: str, caller: Caller | None, leads_on: LeadsOn
    ) -> int | None:
        """Return the priority that has a label there; None where there is none."""
        for extension, _ in self.answering(context, exten, caller, leads_on):
            if label in extension.labels:
                return extension.labels[label]
        return None

    def answering(
        self, context: str, exten: str, caller: Caller | None, leads_on: LeadsOn
    ) -> Iterator[Answer]:
        """Return the matching extensions, in order; those for some callers only for a given one."""
        for found, path in self._searched(context, leads_on):
            for extension in found.matching(exten):
                if not extension.caller or (caller and matches(extension.caller, caller())):
                    yield extension, path

    def may_grow(self, context: str, exten: str, caller: Caller, leads_on: LeadsOn) -> bool:
        """Check whether more digits could still reach an extension: `ast_matchmore_extension`."""
        for found, _ in self._searched(context, leads_on):
            if exten in found.beginnings and self._may_name(found, exten, caller):
                return True
            for extension in found.patterns:
                more = grows(extension.name, exten)
                if more is False or (extension.caller and not matches(extension.caller, caller())):
                    continue
                return more is True
        return False

    @staticmethod
    def _may_name(found: _Context, exten: str, caller: Caller) -> bool:
        """Check whether one of the names that begin so is for this caller."""
        begun = (
            extension
            for name, extensions in found.by_name.items()
            if len(name) > len(exten) and name.startswith(exten)
            for extension in extensions
        )
        return any(not e.caller or matches(e.caller, caller()) for e in begun)
