"""A player of calls, step by step, as the loop of `__ast_pbx_run` in main/pbx.c does it.

Source: main/pbx.c and main/pbx_builtins.c of Asterisk 18; tried on 16.28 and 22.10.
"""

from collections.abc import Mapping
from dataclasses import replace

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan
from ccstate.adapters.asterisk.interpreter.applications import APPLICATIONS
from ccstate.adapters.asterisk.interpreter.call import (
    ENDLESS,
    HANGUP,
    NO_WAY,
    Call,
    Clock,
    Decides,
    Ended,
    Keys,
    Mailbox,
    NotFollowed,
    Rings,
    Stop,
    Undecided,
    UndecidedTime,
    Waits,
)
from ccstate.adapters.asterisk.interpreter.facts import Moments, Survey
from ccstate.adapters.asterisk.interpreter.jumps import NOWHERE
from ccstate.adapters.asterisk.interpreter.lookup import Lookup
from ccstate.adapters.asterisk.interpreter.values import Play, Scene

MOST_STEPS = 3_000
SUSPICIOUS = 150
"""Steps after which a call is watched for going round."""


class _Played(Play):
    """A call that is played step by step."""

    def until_stop(self, watched: int = SUSPICIOUS) -> Stop:
        """Play until something stops the call; from that step on it is watched for rounds."""
        begun, seen = self.call, set[tuple[object, ...]]()
        for count in range(MOST_STEPS):
            before, heard = self.call, len(self.heard)
            if count >= watched:
                if before.key() in seen and watched:
                    # Once more, so that each round is heard once.
                    self.call = begun
                    self.heard.clear()
                    return self.until_stop(watched=0)
                if before.key() in seen:
                    return Ended(before, tuple(self.heard), self.line, ENDLESS)
                seen.add(before.key())
            try:
                stop = self._next_stop()
            except Undecided as open_fact:
                asked = (open_fact.fact, open_fact.values)
                return Decides(before, tuple(self.heard[:heard]), self.line, *asked)
            except UndecidedTime as clock:
                return Clock(before, tuple(self.heard[:heard]), self.line, clock.holds)
            except NotFollowed as why:
                raise why.at(self.line) from None
            if isinstance(stop, Ended) and stop.call.legs and not stop.call.is_answered:
                self._behind_leg(stop)
                stop = None
            if stop is not None:
                return stop
        raise NotFollowed(f"the call takes more than {MOST_STEPS:,} steps", self.line)

    def _next_stop(self) -> Stop | None:
        call = self.call
        if call.pending:
            return self._pressed(call)
        found = self.find(call.context, call.exten, call.priority)
        if found is None:
            return self._beyond(call)
        self.line = found.step.option
        self.here = (call.context, call.exten, call.priority)
        self.call = replace(call, priority=call.priority + 1)
        return self._run_application(self.fill(found.step.app), found.step.data)

    def _run_application(self, app: str, data: str) -> Stop | None:
        known = APPLICATIONS.get(app.strip().lower())
        if known is None or known.play is None:
            raise NotFollowed(f"{app.strip()[:40]}() is not interpreted")
        return known.play(self, data)

    def execute(self, name: str, data: str) -> Stop | None:
        if "$" in data:
            raise NotFollowed(f"what {name[:40]}() is given holds a $ once it is filled in")
        return self._run_application(name, data)

    def _behind_leg(self, stop: Ended) -> None:
        """Go on behind the Dial() of a Local channel that ended before it was answered.

        Source: `HANDLE_CAUSE` in apps/app_dial.c; 22.10 and 16.28, seen.
        """
        dialled = stop.call.variables.get("DIALSTATUS", "")
        if stop.end == HANGUP and not stop.at:
            status: str | None = dialled or "NOANSWER"
        else:
            status = _UNANSWERED.get(f"{stop.end} {stop.at}".strip())
        if status is None:
            raise NotFollowed("what Dial() says of a Local channel that ends so is not followed")
        self.call = left_leg(stop.call, status)

    def _beyond(self, call: Call) -> Stop | None:
        """Go on where there is no such step: a macro ends, `i` takes the call, or it ends."""
        if call.frames and call.frames[-1].macro:
            self.leave_frame()
            return None
        if not self.exists(call.context, call.exten):
            return self._invalid(call, call.exten)
        if any(
            option.key.lower() == "autofallthrough" and option.value.lower() in ("no", "false", "0")
            for option in self.plan.settings
        ):
            raise NotFollowed("autofallthrough=no lets callers wait where the steps end")
        status = call.variables.get("DIALSTATUS", "")
        tone = {"BUSY": "busy", "CONGESTION": "congestion", "CHANUNAVAIL": "congestion"}
        return self.ended(NO_WAY, tone.get(status, ""))

    def _invalid(self, call: Call, exten: str) -> Stop | None:
        if self.line is NOWHERE:
            # No call comes in there: `get_destination` of res_pjsip_session.c answers 404.
            return self.ended(NO_WAY)
        if not self.exists(call.context, "i"):
            if self.exists(call.context, "e"):
                self.call = replace(call, exten="e", priority=1, pending="")
                return None
            return self.ended(NO_WAY)
        self.call = replace(call, exten="i", priority=1, pending="")
        self.keep("INVALID_EXTEN", exten)
        return None

    def _pressed(self, call: Call) -> Stop | None:
        """Go on after keys, or silence, at a wait for an extension."""
        kind, _, typed = call.pending.partition(" ")
        if call.frames and call.frames[-1].macro:
            raise NotFollowed("a macro asks for keys")
        if kind == "silence":
            return self._silence(call)
        is_more = self.lookup.may_grow(call.context, typed, self.caller, self.leads_on)
        if kind == "typed" and is_more:
            waiting = replace(call, pending="")
            return Keys(waiting, tuple(self.heard), self.line, call.digit, typed)
        if self.exists(call.context, typed):
            self.call = replace(call, exten=typed, priority=1, pending="")
            return None
        return self._invalid(call, typed)

    def _silence(self, call: Call) -> Stop | None:
        """End a WaitExten() in silence: on where there is a step, else `t`, else the end."""
        self.call = replace(call, pending="")
        if self.exists(call.context, call.exten, call.priority):
            return None
        if self.exists(call.context, "t"):
            self.call = replace(self.call, exten="t", priority=1)
            return None
        if self.exists(call.context, "e"):
            self.call = replace(self.call, exten="e", priority=1)
            return None
        return self.ended(NO_WAY)


_UNANSWERED = {
    "busy tone": "BUSY",
    "congestion tone": "CONGESTION",
    f"{HANGUP} cause 17": "BUSY",
    f"{HANGUP} cause 19": "NOANSWER",
    f"{HANGUP} cause 21": "CHANUNAVAIL",
    f"{HANGUP} cause 34": "CONGESTION",
    NO_WAY: "CHANUNAVAIL",
    f"{NO_WAY} busy": "BUSY",
    f"{NO_WAY} congestion": "CONGESTION",
}
"""DIALSTATUS by the end of a Local channel that was not answered; 22.10 and 16.28, seen.

Hangup() without a cause gives that of the last Dial(), or NOANSWER.
"""


def left_leg(call: Call, status: str) -> Call:
    """Return the call that waits in a Dial(), once the Local channel is gone that it rang."""
    waiting = call.legs[-1].call
    variables = {**waiting.variables, "DIALSTATUS": status}
    return replace(waiting, variables=variables, facts=call.facts, moments=call.moments)


class Interpreter:
    """A player of calls through one dialplan.

    `mailboxes` are those of voicemail.conf, `name@context`, and whether 0 leads to the operator
    from each; None where that is not known.
    """

    def __init__(
        self,
        plan: Dialplan,
        moments: Moments,
        survey: Survey,
        mailboxes: Mapping[str, bool] | None = None,
    ) -> None:
        self.plan = plan
        self.lookup = Lookup(plan)
        self.moments = moments
        self.survey = survey
        self._scene = Scene(plan, self.lookup, survey, moments, mailboxes)

    def begin(self, context: str, exten: str) -> Call:
        """Return a call that comes in there, at any moment."""
        return Call(context, exten, moments=self.moments.every)

    def run(self, call: Call, line: Option = NOWHERE) -> Stop:
        """Play a call until something outside of the dialplan decides; raises NotFollowed."""
        return _Played(self._scene, call, line).until_stop()

    # Answers to stops

    def pressed(self, stop: Keys, key: str) -> Stop:
        """Press a key as the caller."""
        if stop.read is None:
            return self.run(replace(stop.call, pending=f"typed {stop.typed}{key}"), stop.line)
        reading = stop.read
        if key == reading.ends:
            return self._again(stop) or self._read(stop, stop.typed, "OK")
        typed = stop.typed + key
        if len(typed) >= reading.most:
            return self._read(stop, typed, "OK")
        return stop._replace(typed=typed, heard=(), seconds=reading.each)

    def silent(self, stop: Keys) -> Stop:
        """Let the caller press nothing until the wait is over."""
        if stop.read is None:
            waited = "silence" if stop.seconds else ""
            pending = f"settle {stop.typed}" if stop.typed else waited
            return self.run(replace(stop.call, pending=pending), stop.line)
        return self._again(stop) or self._read(stop, stop.typed, "TIMEOUT")

    def _again(self, stop: Keys) -> Keys | None:
        """Ask once more by Read() where nothing was typed: after silence, and after `#` alone.

        Source: `read_exec`, app_read.c of Asterisk 22; 16.28 and 22.10, seen.
        """
        reading = stop.read
        if reading is None or stop.typed or reading.tries <= 1:
            return None
        again = reading._replace(tries=reading.tries - 1)
        return stop._replace(read=again, heard=reading.sounds, seconds=reading.first)

    def _read(self, stop: Keys, typed: str, status: str) -> Stop:
        if stop.read is None:
            raise ValueError("no Read() asks here")
        return self._run_with(stop, {stop.read.variable: typed, "READSTATUS": status})

    def rung(self, stop: Rings, status: str) -> Stop:
        """Go on with the DIALSTATUS that came of the phones that ring."""
        leg = stop.call.legs[-1] if stop.call.legs and not stop.call.is_answered else None
        if leg and leg.seconds is not None and status == "NOANSWER":
            left = leg.seconds - (stop.seconds or leg.seconds)
            if left <= 0:
                return self.run(left_leg(stop.call, status), stop.line)
            call = replace(stop.call, legs=(*stop.call.legs[:-1], leg._replace(seconds=left)))
            stop = stop._replace(call=call)
        return self._run_with(stop, {"DIALSTATUS": status})

    def left_queue(self, stop: Waits, status: str) -> Stop:
        """Let the caller leave the queue with a QUEUESTATUS."""
        return self._run_with(stop, {"QUEUESTATUS": status})

    def recorded(self, stop: Mailbox, status: str) -> Stop:
        """End VoiceMail() with a VMSTATUS, while the caller is still there."""
        return self._run_with(stop, {"VMSTATUS": status})

    def _run_with(self, stop: Keys | Rings | Waits | Mailbox, said: Mapping[str, str]) -> Stop:
        kept = {name: value for name, value in said.items() if self.survey.reads(name)}
        variables = {**stop.call.variables, **kept}
        return self.run(replace(stop.call, variables=variables), stop.line)

    def exists(self, call: Call, context: str, exten: str) -> bool:
        """Check whether a call finds an extension there, whatever its surroundings decide."""
        return _Played(self._scene, call).exists(context, exten)

    def moved(self, stop: Waits | Mailbox, context: str, exten: str) -> Stop:
        """Let the caller leave a queue or mailbox by a key."""
        return self.run(replace(stop.call, context=context, exten=exten, priority=1), stop.line)

    def decided(self, stop: Decides, value: str) -> Stop:
        """Give the fact this value."""
        facts = {**stop.call.facts, stop.fact: value}
        return self.run(replace(stop.call, facts=facts), stop.line)

    def at(self, stop: Clock, moments: int) -> Stop:
        """Limit the call to these moments."""
        return self.run(replace(stop.call, moments=moments), stop.line)
