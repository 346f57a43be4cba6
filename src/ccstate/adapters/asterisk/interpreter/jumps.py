"""A call on its way from step to step: where it goes on, and the applications that lead it elsewhere.

A player of dialplans and a reader of them move a call by these functions alone. Source: main/pbx.c,
main/pbx_builtins.c, apps/app_stack.c, app_macro.c and app_while.c of Asterisk 18 and 22.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.interpreter.call import NO_WAY, Call, Ended, Frame, NotFollowed, Stop
from ccstate.adapters.asterisk.interpreter.lookup import Found, Lookup
from ccstate.adapters.asterisk.interpreter.text import arguments, require_known, split_at_colon

NOWHERE = Option("", "", "", 0)
"""The line of a call that has not begun."""
DEEPEST = 60
"""Subroutines inside of subroutines."""


class Run(ABC):
    """A call at one step; `call` is where it goes on, `here` the step that is taken, on `line`."""

    def __init__(self, lookup: Lookup, call: Call, line: Option = NOWHERE) -> None:
        self.lookup, self.call, self.line = lookup, call, line
        self.here = (call.context, call.exten, call.priority)
        """Context, extension and priority of the step that is taken."""

    # What a player and a reader know in ways of their own

    @abstractmethod
    def fill(self, text: str) -> str:
        """Fill in the variables, functions and expressions of a text."""

    @abstractmethod
    def holds(self, condition: str) -> bool:
        """Check whether a condition holds that is filled in; raises where that is open."""

    @abstractmethod
    def is_open(self, times: str) -> bool:
        """Check whether a condition on the clock holds; raises where that is open."""

    @abstractmethod
    def execute(self, name: str, data: str) -> Stop | None:
        """Run an application that stands inside of another one, its arguments filled in."""

    @abstractmethod
    def find(self, context: str, exten: str, priority: int = 1) -> Found | None:
        """Find the step that a call takes there."""

    @abstractmethod
    def label(self, context: str, exten: str, label: str) -> int | None:
        """Find the priority that has a label there."""

    @abstractmethod
    def skip(self, what: str) -> None:
        """Go on behind a step that Asterisk passes over; `what` says why it does."""

    # What is the same for both

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        return self.find(context, exten, priority) is not None

    def go(self, context: str, exten: str, priority: int) -> None:
        """Let the call go on there; a macro ends where its context is left."""
        self.call = replace(self.call, context=context, exten=exten, priority=priority)
        frames = self.call.frames
        if frames and frames[-1].macro and context != frames[-1].macro:
            self.call = replace(self.call, frames=frames[:-1])

    def place(self, text: str) -> tuple[str, str, str]:
        """Split `[[context,]exten,]priority` into context, extension and number or label."""
        *where, priority = [require_known(part).strip() for part in text.split(",")]
        if len(where) > 2:
            raise NotFollowed(f"{text[:60]!r} names no step")
        context, exten, _ = self.here
        if where and where[-1]:
            exten = where[-1]
        if len(where) == 2 and where[0]:
            context = where[0]
        return context, exten, priority

    def target(self, text: str) -> tuple[str, str, int] | None:
        """Return the place that a text names; None where there is no such label.

        A number of a step that is not there is a place: the extension `i` may take the call.
        """
        context, exten, priority = self.place(text)
        if priority[:1] in ("+", "-") and priority[1:].isdigit():
            return context, exten, self.here[2] + int(priority)
        if priority.isdigit():
            return context, exten, int(priority[:9])
        labelled = self.label(context, exten, priority)
        return None if labelled is None else (context, exten, labelled)

    def keep(self, name: str, value: str) -> None:
        """Set a variable of the channel."""
        self.call = replace(self.call, variables={**self.call.variables, name: value})

    def set_variable(self, name: str, value: str) -> None:
        """Set a variable where it is known: in a subroutine that has it, else on the channel."""
        for depth, frame in reversed(list(enumerate(self.call.frames))):
            if name in frame.variables:
                self._set_in_frame(depth, name, value)
                return
        self.keep(name, value)

    def set_local(self, name: str, value: str) -> None:
        """Set a variable that ends with the subroutine which runs."""
        if self.call.frames:
            self._set_in_frame(len(self.call.frames) - 1, name, value)
        else:
            self.set_variable(name, value)

    def _set_in_frame(self, depth: int, name: str, value: str) -> None:
        frames = list(self.call.frames)
        frames[depth] = replace(frames[depth], variables={**frames[depth].variables, name: value})
        self.call = replace(self.call, frames=tuple(frames))

    def enter(self, given: list[str], macro: str = "") -> None:
        """Begin a subroutine with these arguments, which returns behind the step that is taken."""
        call = self.call
        if len(call.frames) >= DEEPEST:
            raise NotFollowed("subroutines call each other without end")
        variables = {f"ARG{number}": value for number, value in enumerate(given, 1)}
        # An argument that is not given hides that of the caller's.
        variables.update({f"ARG{n}": "" for n in range(len(given) + 1, 10)})
        variables["ARGC"] = str(len(given))
        if macro:
            context, exten, priority = self.here
            names = {"MACRO_CONTEXT": context, "MACRO_EXTEN": exten}
            variables.update({**names, "MACRO_PRIORITY": str(priority)})
        frame = Frame(variables, call.context, call.exten, call.priority, macro)
        self.call = replace(call, frames=(*call.frames, frame))

    def leave_frame(self) -> None:
        """Go on behind the Gosub() or Macro() that is done."""
        frame = self.call.frames[-1]
        self.call = replace(
            self.call,
            context=frame.context,
            exten=frame.exten,
            priority=frame.priority,
            frames=self.call.frames[:-1],
        )

    def ended(self, end: str, at: str = "") -> Ended:
        return Ended(self.call, (), self.line if self.line is not NOWHERE else None, end, at)


def _goto(run: Run, data: str) -> Stop | None:
    return _go_to(run, run.fill(data))


def _go_to(run: Run, text: str) -> Stop | None:
    place = run.target(text)
    if place is None:
        return run.ended(NO_WAY, no_step(*run.place(text)))
    run.go(*place)
    return None


def _go_if(run: Run, targets: str, *, is_met: bool) -> Stop | None:
    """Go to one of `yes:no`, or on where that one is empty."""
    yes, _, no = targets.partition(":")
    target = (yes if is_met else no).strip()
    return _go_to(run, target) if target else None


def _goto_if(run: Run, data: str) -> Stop | None:
    text = run.fill(data)
    condition, _, targets = text.partition("?")
    return _go_if(run, targets, is_met=run.holds(condition))


def _goto_if_time(run: Run, data: str) -> Stop | None:
    times, _, targets = run.fill(data).partition("?")
    return _go_if(run, targets, is_met=run.is_open(require_known(times)))


def _exec_if(run: Run, data: str) -> Stop | None:
    text = run.fill(data)
    condition, _, apps = text.partition("?")
    return _execute(run, split_at_colon(apps)[0 if run.holds(condition) else 1])


def _exec_if_time(run: Run, data: str) -> Stop | None:
    times, _, apps = run.fill(data).partition("?")
    return _execute(run, split_at_colon(apps)[0 if run.is_open(require_known(times)) else 1])


def _execute(run: Run, text: str) -> Stop | None:
    """Run `app(data)`, whose variables are filled in already."""
    app, _, data = text.strip().partition("(")
    name = app.strip()
    return run.execute(name, data.rpartition(")")[0] if ")" in data else data) if name else None


def _exec(run: Run, data: str) -> Stop | None:
    return _execute(run, run.fill(data))


def _gosub(run: Run, data: str) -> Stop | None:
    return _subroutine(run, run.fill(data))


def _gosub_if(run: Run, data: str) -> Stop | None:
    condition, _, targets = run.fill(data).partition("?")
    chosen = split_at_colon(targets)[0 if run.holds(condition) else 1]
    return _subroutine(run, chosen) if chosen.strip() else None


def _subroutine(run: Run, text: str) -> Stop | None:
    target, bracket, said = text.strip().partition("(")
    place = run.target(target)
    if place is None or not run.exists(*place):
        return run.ended(NO_WAY, f"there is no {target.strip()[:80]} to call")
    given = arguments(said.rpartition(")")[0]) if bracket else []
    run.enter(given)
    run.call = replace(run.call, context=place[0], exten=place[1], priority=place[2])
    return None


def _macro(run: Run, data: str) -> Stop | None:
    name, *given = arguments(run.fill(data), 1)
    context = f"macro-{require_known(name).strip()}"
    if not run.exists(context, "s"):
        run.skip(f"there is no s in [{context[:40]}]")
        return None
    run.enter(given, context)
    run.call = replace(run.call, context=context, exten="s", priority=1)
    return None


def _macro_exit(run: Run, _data: str) -> None:
    if run.call.frames and run.call.frames[-1].macro:
        run.leave_frame()


def _return(run: Run, data: str) -> Stop | None:
    value = run.fill(data)
    if not run.call.frames or run.call.frames[-1].macro:
        return run.ended(NO_WAY, "there is no subroutine to return from")
    run.leave_frame()
    run.call = replace(run.call, variables={**run.call.variables, "GOSUB_RETVAL": value})
    return None


def _stack_pop(run: Run, _data: str) -> None:
    if run.call.frames:
        run.call = replace(run.call, frames=run.call.frames[:-1])


def _while(run: Run, data: str) -> None:
    """Run a loop of one extension; `loops` holds the steps of those that are open."""
    priority = run.here[2]
    holds = run.holds(run.fill(data))
    loops = tuple(at for at in run.call.loops if at != priority)
    if holds:
        run.call = replace(run.call, loops=(*loops, priority))
        return
    after = _end_of_loop(run, priority)
    run.call = replace(run.call, loops=loops, priority=after + 1)


def _end_of_loop(run: Run, begin: int) -> int:
    context, exten, _ = run.here
    depth, at = 0, begin
    while found := run.find(context, exten, at):
        app = found.step.app.strip().lower()
        depth += (app == "while") - (app == "endwhile")
        if not depth:
            return at
        at += 1
    raise NotFollowed("While() has no EndWhile()")


def _end_while(run: Run, _data: str) -> None:
    if run.call.loops:
        run.call = replace(run.call, priority=run.call.loops[-1])


def _exit_while(run: Run, _data: str) -> None:
    if run.call.loops:
        *others, begin = run.call.loops
        after = _end_of_loop(run, begin) + 1
        run.call = replace(run.call, loops=tuple(others), priority=after)


def no_step(context: str, exten: str, priority: str) -> str:
    """Say that a target is not there."""
    return f"there is no step {priority[:80]} of {exten[:80]} in [{context[:80]}]"


Jump: TypeAlias = Callable[[Run, str], Stop | None]
JUMPS: Mapping[str, Jump] = {
    "endwhile": _end_while,
    "exec": _exec,
    "execif": _exec_if,
    "execiftime": _exec_if_time,
    "exitwhile": _exit_while,
    "gosub": _gosub,
    "gosubif": _gosub_if,
    "goto": _goto,
    "gotoif": _goto_if,
    "gotoiftime": _goto_if_time,
    "macro": _macro,
    "macroexit": _macro_exit,
    "return": _return,
    "stackpop": _stack_pop,
    "while": _while,
}
"""Applications that lead a call elsewhere, and of which callers notice nothing else."""
