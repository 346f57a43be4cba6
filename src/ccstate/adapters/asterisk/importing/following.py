"""Follows a call through the dialplan, step by step, until something happens that callers notice."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, Step
from ccstate.adapters.asterisk.importing.calling import At, Call, Variables, shorn
from ccstate.adapters.asterisk.importing.outcomes import (
    STATUSES,
    Forks,
    Hangs,
    Leaves,
    Menu,
    Message,
    Outcome,
    Plays,
    Queues,
    Rings,
    Timed,
    Unclear,
)
from ccstate.adapters.asterisk.importing.resolving import Resolver

MOST_STEPS = 100
"""Steps of one call, forks counted by each way."""
MOST_FORKS = 200
QUIET = frozenset({"noop", "verbose", "log", "answer", "progress", "proceeding", "userevent"})
NOT_THERE = {
    "voicemailmain": "with ccstate phones dial *97 for their own mailbox, and nothing else",
    "confbridge": "ccstate has no conferences",
    "meetme": "ccstate has no conferences",
    "directory": "ccstate has no directory of names",
    "park": "ccstate has no parking",
    "parkedcall": "ccstate has no parking",
    "page": "ccstate has no paging",
    "agi": "ccstate runs no programs",
    "system": "ccstate runs no programs",
}
"""What is told of applications that no object has."""
_EQUAL = re.compile(r'\$\[\s*"?([^"=${}]*?)"?\s*=\s*"?([^"=${}]*?)"?\s*\]')


class Follower:
    """Follows calls through one dialplan."""

    def __init__(self, plan: Dialplan) -> None:
        self.resolver = Resolver(plan)
        self._variables = Variables(plan)
        self._forks = 0

    def follow(self, at: At) -> Outcome:
        """What becomes of a call that is there."""
        self._forks = 0
        return self._follow(Call(at))

    def _follow(self, call: Call) -> Outcome:
        """One step after the other, until something ends or divides the call."""
        while True:
            if call.at in call.seen or len(call.seen) > MOST_STEPS:
                return Unclear("the call goes round", None, call.trail)
            call = replace(call, seen=call.seen | {call.at})
            found = self.resolver.step(call.at)
            if found is None:
                return self._nowhere(call)
            step, includes = found
            data, used = self._variables.filled(step.data, call)
            call = call.ran(*includes, *used)
            result = self._run(step, data, call)
            if not isinstance(result, Call):
                return result
            call = result

    def _nowhere(self, call: Call) -> Outcome:
        """A step that is not there: the end of an extension, or one that was never written."""
        if call.at.priority > 1 and self.resolver.extension(call.at):
            return Hangs(call.trail)
        invalid = At(call.at.context, "i")
        if call.at.exten != "i" and self.resolver.step(invalid):
            return self._follow(replace(call, at=invalid))
        return Hangs(call.trail)

    def _run(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        app = step.app.strip().lower()
        if app in QUIET:
            return call.ran(step.option).onwards()
        if handle := _APPS.get(app):
            return handle(self, step, data, call)
        reason = NOT_THERE.get(app, f"ccstate has no {step.app[:60]}()")
        return Unclear(reason, step.option, call.trail)

    # Applications

    def _set(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        name, equals, value = data.partition("=")
        name = name.strip().lstrip("_")
        variables = {**call.variables, name: value}
        if name.upper().startswith("CALLERID(NUM"):
            variables["CALLERID(num)"] = value
            note = ""
        elif "(" in name or not equals:
            note = f"differs: ccstate does not set {name}"
        else:
            note = ""
        return replace(call.ran(step.option, note=note), variables=variables).onwards()

    def _goto(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        return self._jump(step, data, call.ran(step.option))

    def _jump(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        parts = [part.strip() for part in data.split(",")]
        priority = parts[-1]
        exten = parts[-2] if len(parts) > 1 else call.at.exten
        context = parts[-3] if len(parts) > 2 else call.at.context
        if "${" in data or "$[" in data:
            return Unclear(f"Goto({data}) depends on what happens", step.option, call.trail)
        number = self.resolver.priority(At(context, exten), priority)
        if number is None:
            target = At(context, exten)
            if not self.resolver.extension(target):
                note = f"there is no {shorn(exten)} in [{shorn(context)}], so the call ends here"
                if self.resolver.step(At(context, "i")):
                    note = f"there is no {shorn(exten)} in [{shorn(context)}], so i takes the call"
                return self._nowhere(replace(call.ran(step.option, note=note), at=target))
            return Unclear(f"there is no step {priority!r} to go to", step.option, call.trail)
        return replace(call, at=At(context, exten, number))

    def _goto_if(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        condition, _, targets = data.partition("?")
        yes, _, no = targets.partition(":")
        call = call.ran(step.option)
        decided = _EQUAL.fullmatch(condition.strip())
        if decided:
            return self._branch(step, yes if decided[1] == decided[2] else no, call)
        if not self._divides():
            return Unclear("the call divides too often to be followed", step.option, call.trail)
        ways = (self._way(step, yes, call), self._way(step, no, call))
        return Forks(condition.strip(), *ways, call.trail)

    def _goto_if_time(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        times, _, targets = data.partition("?")
        yes, _, no = targets.partition(":")
        call = call.ran(step.option)
        if not self._divides():
            return Unclear("the call divides too often to be followed", step.option, call.trail)
        parts = tuple(part.strip() for part in times.split(","))
        return Timed(parts, self._way(step, yes, call), self._way(step, no, call), call.trail)

    def _divides(self) -> bool:
        self._forks += 1
        return self._forks <= MOST_FORKS

    def _way(self, step: Step, target: str, call: Call) -> Outcome:
        found = self._branch(step, target, call.afresh())
        return self._follow(found) if isinstance(found, Call) else found

    def _branch(self, step: Step, target: str, call: Call) -> "Call | Outcome":
        return self._jump(step, target, call) if target.strip() else call.onwards()

    def _dial(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        device, seconds, options = (*data.split(",", 2), "", "")[:3]
        call = call.ran(step.option)
        technology, _, peer = device.partition("/")
        if technology.upper() != "PJSIP" or not peer or set(peer) & set("&/$ "):
            return Unclear(f"Dial({shorn(device)}) is not one phone", step.option, call.trail)
        if seconds and not seconds.strip().isdigit():
            return Unclear(f"{seconds!r} is no number of seconds", step.option, call.trail)
        rings = int(seconds) if seconds.strip() else None
        after: dict[str, Outcome] = {}
        for status in STATUSES:
            if not self._divides():
                return Unclear("the call divides too often", step.option, call.trail)
            bound = {**call.variables, "DIALSTATUS": status}
            after[status] = self._follow(replace(call.afresh().onwards(), variables=bound))
        number, at, endpoint = peer.partition("@")
        if not at:
            return Rings(peer, rings, options, after, call.trail)
        shown = call.variables.get("CALLERID(num)", "")
        places = frozenset((at.context, at.exten) for at in call.seen)
        return Leaves(endpoint, number, rings, options, shown, after, places, call.trail)

    def _queue(self, step: Step, data: str, call: Call) -> Outcome:
        name, *arguments = data.split(",")
        call = call.ran(step.option)
        then = self._follow(call.afresh().onwards())
        return Queues(name.strip(), tuple(arguments), then, call.trail)

    def _voicemail(self, step: Step, data: str, call: Call) -> Outcome:
        box, _, flags = data.partition(",")
        mailbox, _, context = box.partition("@")
        call = call.ran(step.option)
        if "&" in box or "$" in box:
            return Unclear("VoiceMail() names more than a mailbox", step.option, call.trail)
        then = self._follow(call.afresh().onwards())
        return Message(mailbox, context or "default", flags, then, call.trail)

    def _hangup(self, step: Step, data: str, call: Call) -> Outcome:
        return Hangs(call.ran(step.option).trail)

    def _playback(self, step: Step, data: str, call: Call) -> Outcome:
        call = call.ran(step.option)
        return Plays(data, self._follow(call.afresh().onwards()), call.trail)

    def _wait(self, step: Step, data: str, call: Call) -> "Call | Outcome":
        note = f"differs: ccstate makes no pause of {data} seconds"
        return call.ran(step.option, note=note).onwards()

    def _background(self, step: Step, data: str, call: Call) -> Outcome:
        start = call.at
        sounds: list[tuple[Option, str]] = []
        while found := self.resolver.step(call.at):
            asked, includes = found
            call = call.ran(*includes, asked.option)
            app = asked.app.strip().lower()
            if app == "background":
                played, used = self._variables.filled(asked.data, call)
                call = call.ran(*used)
                sounds.append((asked.option, played.partition(",")[0]))
            elif app == "waitexten":
                seconds, _, _ = self._variables.filled(asked.data, call)[0].partition(",")
                if not seconds.strip().isdigit():
                    break
                place = (start.context, start.exten, start.priority)
                wait = int(seconds)
                return Menu(start.context, place, tuple(sounds), asked.option, wait, call.trail)
            elif app not in QUIET:
                break
            call = call.onwards()
        return Unclear("Background() without WaitExten(seconds)", step.option, call.trail)

    def _subroutine(self, step: Step, data: str, call: Call) -> Outcome:
        return Unclear(f"{step.app}() is not followed", step.option, call.trail)


_APPS: Mapping[str, Callable[[Follower, Step, str, Call], Call | Outcome]] = {
    app: getattr(Follower, f"_{name}")
    for app, name in (
        ("set", "set"),
        ("goto", "goto"),
        ("gotoif", "goto_if"),
        ("gotoiftime", "goto_if_time"),
        ("dial", "dial"),
        ("queue", "queue"),
        ("voicemail", "voicemail"),
        ("hangup", "hangup"),
        ("playback", "playback"),
        ("wait", "wait"),
        ("background", "background"),
        ("gosub", "subroutine"),
        ("macro", "subroutine"),
    )
}
