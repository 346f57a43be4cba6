"""Which step of a dialplan answers what was dialled: patterns, callers, includes, longer matches.

Source: `pbx_find_extension`, `ext_cmp`, `_extension_match_core` in main/pbx.c of Asterisk 18, as
it searches without `extenpatternmatchnew`.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, Step, without_hyphens
from ccstate.adapters.asterisk.conf.patterns import Pattern, parsed
from ccstate.adapters.asterisk.interpreter.faults import NotFollowed

DEEPEST = 60
"""Contexts included by contexts; `AST_PBX_MAX_STACK` is 128."""


class Extension(NamedTuple):
    """An extension of a context: its name or pattern, the callers it is for, and its steps."""

    name: str
    caller: str
    steps: Mapping[int, Step]
    labels: Mapping[str, int]


class Found(NamedTuple):
    """A step, and the `include` lines by which it was found."""

    step: Step
    includes: tuple[Option, ...]


IsOpen = Callable[[str], bool]
"""Whether the times of an include hold now."""


class _Context:
    """The extensions of one context: names, which count first, and patterns in their order."""

    def __init__(self, extensions: list[Extension]) -> None:
        self.ordered = sorted(extensions, key=_rank)
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
        """The extensions that stand for what was dialled, whoever calls, in their order."""
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
                    exten,
                    caller,
                    {step.priority: step for step in steps},
                    {step.label: step.priority for step in reversed(steps) if step.label},
                )
                for (exten, caller), steps in context.extens().items()
            ]
            self._contexts[name] = _Context(found)

    def extensions(self, context: str) -> Iterator[tuple[Extension, tuple[Option, ...]]]:
        """Every extension of a context and of all that it includes, whatever the time."""
        for found, path in self._searched(context, lambda _: True):
            yield from ((extension, path) for extension in found.ordered)

    def _searched(
        self,
        context: str,
        is_open: IsOpen,
        names: frozenset[str] = frozenset(),
        path: tuple[Option, ...] = (),
    ) -> Iterator[tuple[_Context, tuple[Option, ...]]]:
        """A context and all that it includes, in the order in which they are searched."""
        if context in names or context not in self._contexts:
            return
        if len(names) > DEEPEST:
            raise NotFollowed("contexts include each other too deeply")
        yield self._contexts[context], path
        here = self._plan.contexts[context]
        if here.switches:
            line = here.switches[0]
            raise NotFollowed(f"{line.key} => {line.value[:60]} asks another place", line)
        for include in here.includes:
            name, comma, times = include.value.partition(",")
            if not comma or is_open(times):
                below = (*path, include)
                yield from self._searched(name.strip(), is_open, names | {context}, below)

    def step(
        self, context: str, exten: str, priority: int, caller: Callable[[], str], is_open: IsOpen
    ) -> Found | None:
        """The step that a call takes there; None where there is none."""
        for extension, path in self._answering(context, exten, caller, is_open):
            if step := extension.steps.get(priority):
                return Found(step, path)
        return None

    def label(
        self, context: str, exten: str, label: str, caller: Callable[[], str], is_open: IsOpen
    ) -> int | None:
        """The priority that has a label there; None where there is none."""
        for extension, _ in self._answering(context, exten, caller, is_open):
            if label in extension.labels:
                return extension.labels[label]
        return None

    def _answering(
        self, context: str, exten: str, caller: Callable[[], str], is_open: IsOpen
    ) -> Iterator[tuple[Extension, tuple[Option, ...]]]:
        for found, path in self._searched(context, is_open):
            for extension in found.matching(exten):
                if not extension.caller or matches(extension.caller, caller()):
                    yield extension, path

    def may_grow(
        self, context: str, exten: str, caller: Callable[[], str], is_open: IsOpen
    ) -> bool:
        """Whether more digits could still reach an extension: `ast_matchmore_extension`."""
        for found, _ in self._searched(context, is_open):
            if exten in found.beginnings and self._may_name(found, exten, caller):
                return True
            for extension in found.patterns:
                more = grows(extension.name, exten)
                if more and extension.caller and not matches(extension.caller, caller()):
                    continue
                if more:
                    return more != _EARLY
        return False

    @staticmethod
    def _may_name(found: _Context, exten: str, caller: Callable[[], str]) -> bool:
        """Whether one of the names that begin so is for this caller."""
        begun = (
            extension
            for name, extensions in found.by_name.items()
            if len(name) > len(exten) and name.startswith(exten)
            for extension in extensions
        )
        return any(not e.caller or matches(e.caller, caller()) for e in begun)


_EARLY = 2


@lru_cache(maxsize=20_000)
def pattern(name: str) -> Pattern:
    """A set of characters for each place, and `.` or `!` where the end is open."""
    return parsed(without_hyphens(name))


def matches(name: str, dialled: str) -> bool:
    """Whether an extension, or a pattern, stands for what was dialled."""
    if not name.startswith("_"):
        return without_hyphens(name) == without_hyphens(dialled)
    dialled = without_hyphens(dialled)
    places, end = pattern(name)
    if len(dialled) < len(places) + (end == "."):
        return False
    if not end and len(dialled) != len(places):
        return False
    return all(char in place for char, place in zip(dialled, places, strict=False))


def grows(name: str, dialled: str) -> int:
    """Whether more digits could make it match: 1; 2 where `!` says that it is enough; else 0."""
    places, end = pattern(name)
    if not all(char in place for char, place in zip(dialled, places, strict=False)):
        return 0
    if len(dialled) < len(places):
        return 1
    if end == ".":
        return 1
    return _EARLY if end == "!" else 0


def _rank(extension: Extension) -> tuple[object, ...]:
    """Names before patterns; of patterns the one whose first place is narrower; for a caller first."""
    name = extension.name
    caller = (not extension.caller, _order(extension.caller))
    return (*_order(name), caller)


def _order(name: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    if not name.startswith("_"):
        return 0, ((0, name),)
    places, end = pattern(name)
    said = [(len(place), "".join(sorted(place))) for place in places]
    return 1, (*said, ({".": 500, "!": 600, "": 700}[end], ""))
