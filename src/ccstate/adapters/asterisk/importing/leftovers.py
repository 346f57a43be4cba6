"""What nobody has spoken for once all objects are made: lines without effect, and why others stay."""

from ccstate.adapters.asterisk.conf.dialplan import HINT, DialplanContext, DialplanStep
from ccstate.adapters.asterisk.conf.patterns import matches, opened
from ccstate.adapters.asterisk.importing.destinations import FORWARDS, UNSAID, Known
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.following import RECORDING
from ccstate.adapters.asterisk.importing.ledger import DEFAULT, NOTHING
from ccstate.adapters.asterisk.importing.outcomes import At, below, unclear
from ccstate.adapters.asterisk.interpreter.applications import Effect, effect


def leftovers(work: Work, known: Known) -> None:
    """Goes through the dialplan once more."""
    for outcome, reason in work.unsaid:
        for each in below(outcome):
            for option in each.trail.lines:
                if work.ledger.is_open(option):
                    work.ledger.leave(option, reason)
    for option in work.plan.settings:
        work.ledger.leave(option, "stays by hand: ccstate writes nothing into [general]")
    for context in work.plan.contexts.values():
        _hints(work, known, context)
        _steps(work, context)
        for include in context.includes:
            _include(work, include.value, context, include)
        for option in context.switches:
            work.ledger.leave(option, "ccstate looks nowhere else for what was dialled")
        for option in context.others:
            work.ledger.leave(option, f"ccstate writes no {option.key}")


def _include(work: Work, value: str, context: DialplanContext, include: object) -> None:
    for option in context.includes:
        if option is not include or not work.ledger.is_open(option):
            continue
        name = value.partition(",")[0].strip()
        target = work.plan.contexts.get(name)
        if target is None:
            work.ledger.take([option], f"there is no context {name}")
        elif all(step.priority == HINT for step in target.steps) and not target.includes:
            work.ledger.take([option], DEFAULT)
        else:
            work.ledger.leave(option, f"nothing of [{name}] that is dialled here became an object")


def _hints(work: Work, known: Known, context: DialplanContext) -> None:
    """Lamps: ccstate has one for every extension that has a phone."""
    for step in context.steps:
        if step.priority != HINT:
            continue
        watched = step.app.replace("${EXTEN}", "")
        phones = [e for e in known.phones if matches(step.exten, e)]
        same = step.app in ("PJSIP/${EXTEN}", f"PJSIP/{step.exten}")
        if same and phones and watched.startswith("PJSIP/"):
            work.ledger.take([step.option], "the lamps of extensions")
        else:
            reason = "ccstate has a lamp for each extension's phone, and no others"
            work.ledger.leave(step.option, reason)


def _steps(work: Work, context: DialplanContext) -> None:
    """Steps that no object came to: why not."""
    for (exten, _), steps in context.extens().items():
        still = [step for step in steps if work.ledger.is_open(step.option)]
        if not still:
            continue
        if exten == "h" and all(_is_quiet(s) or s.app.strip().lower() == "hangup" for s in steps):
            work.ledger.take([step.option for step in still], NOTHING)
            continue
        reason = "no call that became an object comes to this line"
        if len(still) == len(steps):
            reason = _why(work, steps)
        for step in still:
            if step.app.strip().lower() in RECORDING:
                work.ledger.leave(step.option, UNSAID)
            elif _is_quiet(step) and len(still) < len(steps):
                work.ledger.take([step.option], NOTHING)
            else:
                work.ledger.leave(step.option, reason)


def _is_quiet(step: DialplanStep) -> bool:
    return effect(step.app) is Effect.NOTHING


def _why(work: Work, steps: list[DialplanStep]) -> str:
    """Why no object came to an extension."""
    first = steps[0]
    reason = f"nothing that became an object leads to {first.exten} of [{first.context}]"
    if first.caller:
        return f"ccstate does not tell callers apart by their number ({first.caller})"
    if any(f"{family}/" in step.data for step in steps for family in work.forwarding):
        return f"no code was made of this, which forwards calls: {FORWARDS}"
    dialled = opened(first.exten)
    if dialled is None:
        return reason
    why = unclear(work.follower.follow(At(first.context, dialled)))
    return f"{reason}: {why.reason}" if why else reason
