"""Follows a call through the dialplan, step by step, until something happens that callers notice."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, DialplanStep
from ccstate.adapters.asterisk.conf.patterns import is_open
from ccstate.adapters.asterisk.importing.applications import QUIET, TOO_OFTEN, run
from ccstate.adapters.asterisk.importing.outcomes import (
    At,
    Call,
    Callers,
    Forks,
    Hangs,
    Menu,
    Outcome,
    Reads,
    Switched,
    Timed,
    Trail,
    Unclear,
    same,
)
from ccstate.adapters.asterisk.importing.values import (
    OTHER,
    Resolver,
    Undecided,
    Values,
    entered_in,
    is_unknown,
)
from ccstate.adapters.asterisk.interpreter.text import is_true

MOST_STEPS = 150
"""Steps of one way of a call."""
MOST_FORKS = 200
MOST_KEPT = 50_000
"""Calls whose outcome is remembered."""


class Follower:
    """Follows calls through one dialplan."""

    def __init__(self, plan: Dialplan) -> None:
        self.resolver = Resolver(plan)
        self.values = Values(plan)
        self._forks = 0
        self._followed: dict[At, Outcome] = {}
        self.carried: dict[frozenset[tuple[str, str]], int] = {frozenset(): 0}

    def follow(self, at: At) -> Outcome:
        """What becomes of a call that is there."""
        if at not in self._followed:
            if len(self._followed) > MOST_KEPT:
                self._followed.clear()
            self._forks = 0
            self._followed[at] = self.go_on(Call(at))
        return self._followed[at]

    # Menus

    def pressed(self, menu: Menu, key: str) -> Outcome | None:
        """What becomes of a caller who presses this key; None where nothing answers it."""
        at = menu.call.at.to(menu.context, key)
        if not self.resolver.extension(at):
            return None
        self._forks = 0
        call = menu.call.having(INVALID_EXTEN=OTHER) if key == "i" else menu.call
        return self.go_on(replace(call, at=at, seen=frozenset()))

    def special(self, menu: Menu, exten: str) -> Outcome:
        """What becomes of a caller by `i` or `t`, or `e` in its place; hung up without them."""
        found = self.pressed(menu, exten) or self.pressed(menu, "e")
        return found or Hangs(Trail())

    def silence(self, menu: Menu) -> Outcome:
        """What becomes of a caller who presses nothing.

        The next step runs where there is one, and only otherwise `t` (pbx_builtin_waitexten,
        main/pbx_builtins.c; 16.28 and 22.10, seen).
        """
        behind = menu.call.onwards()
        if menu.seconds and self.resolver.step(behind.at) is None:
            return self.special(menu, "t")
        self._forks = 0
        return self.go_on(replace(behind, seen=frozenset()))

    def entered(self, reads: Reads, keys: str) -> Outcome:
        """What becomes of a caller who has entered these keys at a Read()."""
        self._forks = 0
        call = reads.call.assuming(reads.variable, keys).onwards()
        return self.go_on(replace(call, seen=frozenset()))

    def others_entered(self, reads: Reads) -> tuple[Outcome, list[str]]:
        """What becomes of a caller who has entered anything, but for what steps compare it with."""
        self.values.entered.pop(reads.variable, None)
        outcome = self.entered(reads, entered_in(reads.variable))
        return outcome, self.compared_with(reads.variable)

    def compared_with(self, variable: str) -> list[str]:
        """Digits with which steps that were followed compare what was entered."""
        return sorted(filter(str.isdigit, self.values.entered.get(variable, ())))

    # Steps

    def go_on(self, call: Call) -> Outcome:
        """One step after the other, until something ends or divides the call."""
        while True:
            where = (call.at, len(call.frames), hash(frozenset(call.variables.items())))
            if where in call.seen or len(call.seen) > MOST_STEPS:
                return Unclear("the call goes round", None, call.trail)
            call = replace(call, seen=call.seen | {where})
            found = self.resolver.step(call.at)
            if found is None:
                ended = self.nowhere(call)
                if not isinstance(ended, Call):
                    return ended
                call = ended
                continue
            step, includes = found
            asked = next((i for i in includes if _is_unasked(i, call)), None)
            if asked:
                return self._timed(asked, call)
            try:
                result = self._take(step, call.ran(*includes))
            except Undecided as changed:
                return self._switched(changed.name, step, call.ran(*includes))
            if not isinstance(result, Call):
                return result
            call = result

    def _take(self, step: DialplanStep, call: Call) -> "Call | Outcome":
        if step.app.strip().lower() in QUIET:
            return call.ran(step.option).onwards()
        self.values.callers.clear()
        data, used = self.values.filled(step.data, call)
        apart = [number for number in self.values.callers if f"not {number}" not in call.variables]
        if apart:
            return self._callers(apart, step, call)
        return run(self, step, data, call.ran(*used))

    def nowhere(self, call: Call) -> "Call | Outcome":
        """A step that is not there: the end of an extension, or one that was never written."""
        if call.at.priority > 1 and self.resolver.extension(call.at):
            if call.frames and call.frames[-1].macro == call.at.context:
                return call.returned()
            return Hangs(call.trail)
        for name in ("i", "e"):
            if call.at.exten != name and self.resolver.step(call.at.to(call.at.context, name)):
                call = call.having(INVALID_EXTEN=call.at.exten)
                return replace(call, at=call.at.to(call.at.context, name))
        return Hangs(call.trail)

    # What divides a call

    def divides(self) -> bool:
        self._forks += 1
        return self._forks <= MOST_FORKS

    def _timed(self, include: Option, call: Call) -> Outcome:
        """The ways of a call while a timed include counts, and while it does not."""
        times = tuple(part.strip() for part in include.value.split(",")[1:])
        if not (self.divides() and self.divides()):
            return Unclear(TOO_OFTEN, include, call.trail)
        call = call.ran(include)
        opened = call.afresh().assuming(_hours_of(include), "open")
        closed = call.at.closed | {(include.file, include.line)}
        shut = replace(call.afresh(), at=call.at._replace(closed=closed))
        # The step that was looked for is the next one in either way.
        return Timed(times, self.go_on(opened), self.go_on(shut), call.trail)

    def _switched(self, name: str, step: DialplanStep, call: Call) -> Outcome:
        """The ways of a call by each value that something lasting can have."""
        values = self.values.candidates(name, step.data)
        if len(values) == 1:
            values.append(OTHER)
        ways: dict[str, Outcome] = {}
        for value in values:
            if not self.divides():
                return Unclear(TOO_OFTEN, step.option, call.trail)
            ways[value] = self.go_on(call.afresh().assuming(name, value))
        initial = ways[values[0]]
        if all(same(initial, way) for way in ways.values()):
            return _only(call, initial, ways)
        return Switched(name, step.option, values[0], ways, call.trail)

    def _callers(self, numbers: list[str], step: DialplanStep, call: Call) -> Outcome:
        """The ways of callers from these numbers, and of the others."""
        ways: dict[str, Outcome] = {}
        others = call.afresh()
        for number in numbers:
            if not self.divides():
                return Unclear(TOO_OFTEN, step.option, call.trail)
            ways[number] = self.go_on(call.afresh().assuming("CALLERID(num)", number))
            others = others.assuming(f"not {number}", "")
        usual = self.go_on(others)
        if all(same(usual, way) for way in ways.values()):
            return _only(call, usual, ways)
        ways = {number: way for number, way in ways.items() if not same(usual, way)}
        return Callers(step.option, ways, usual, call.trail)

    def statuses(self, call: Call, name: str, statuses: tuple[str, ...]) -> dict[str, Outcome]:
        """What follows for each value of DIALSTATUS or QUEUESTATUS; once where nothing asks."""
        mark = f"{name} of {call.at} {self._forks}"
        after: dict[str, Outcome] = {}
        for status in statuses:
            if not self.divides():
                after[status] = Unclear(TOO_OFTEN, None, Trail())
                continue
            bound = call.afresh().onwards().having(**{name: status}).assuming(f"{name} of", mark)
            after[status] = self.go_on(bound)
            if mark not in self.values.asked:
                return dict.fromkeys(statuses, after[status])
        return after

    def decided(
        self,
        condition: str,
        step: DialplanStep,
        call: Call,
        yes: Callable[[Call], "Call | Outcome"],
        no: Callable[[Call], "Call | Outcome"],
    ) -> "Call | Outcome":
        """The way that a condition leads, or both where nothing here decides it."""
        if not is_unknown(condition) and not is_open(condition):
            return yes(call) if is_true(condition) else no(call)
        call = call.ran(step.option)
        ways: list[Outcome] = []
        for way in (yes, no):
            if not self.divides():
                return Unclear(TOO_OFTEN, step.option, call.trail)
            found = way(call.afresh())
            ways.append(self.go_on(found) if isinstance(found, Call) else found)
        return Forks(condition, ways[0], ways[1], call.trail)


def _is_unasked(include: Option, call: Call) -> bool:
    """Whether an include has hours that nothing was assumed about yet."""
    return "," in include.value and _hours_of(include) not in call.variables


def _hours_of(include: Option) -> str:
    """What a call carries that has been told the hours of a timed include."""
    return f"include {include.file}:{include.line}"


def _only(call: Call, outcome: Outcome, ways: Mapping[str, Outcome]) -> Outcome:
    """An outcome that is the same in all ways, with the lines that lead to it in each of them."""
    trails = [way.trail for way in ways.values() if way is not outcome]
    return replace(outcome, trail=sum(trails, call.trail) + outcome.trail)
