"""Calls that a dialplan records → `recording` of the queues and extensions that they reach."""

import re
from dataclasses import replace

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.outcomes import Outcome, Plays, Queues, Rings, Trail
from ccstate.adapters.asterisk.importing.recordings import SPOKEN, prompt_of
from ccstate.adapters.asterisk.interpreter.text import letters
from ccstate.model import Address, Json

UNSAID = (
    "ccstate records the conversations of a queue or an extension, by its field `recording`; "
    "no call that is recorded here reaches one, or not in one way alone"
)
"""What is told of a line that records a call and that no field says."""
BOTH_WAYS = "differs: with ccstate the calls that this phone makes are recorded as well"
_TELLS = re.compile(r"record", re.IGNORECASE)


def with_notice(work: Work, outcome: Outcome) -> Outcome:
    """A call that is recorded, together with the announcement before it that says so."""
    if not isinstance(outcome, Plays) or not isinstance(outcome.then, Queues | Rings):
        return outcome
    then, recorded = outcome.then, outcome.then.recorded
    prompt = prompt_of(work, (outcome.sound,)) if recorded and _tells(work, outcome.sound) else ""
    if not recorded or not prompt:
        return outcome
    trail = outcome.trail + Trail(notes=((outcome.trail.lines[-1], SPOKEN),)) + then.trail
    return replace(then, recorded=recorded._replace(notice=prompt), trail=trail)


def _tells(work: Work, sound: str) -> bool:
    """Whether a recording says that calls are recorded, by its words or by its name."""
    name = sound.partition(",")[0].strip()
    return bool(_TELLS.search(f"{name} {work.setting.words.get(name, '')}"))


def say_recording(work: Work, address: Address, outcome: Queues | Rings, *, by_key: bool) -> None:
    """Says whether conversations at an address are recorded; the first way that leads there counts.

    `by_key`: whoever answers can start and stop it.
    """
    if not work.setting.holds(address.kind, "recording.when"):
        return
    recorded = outcome.recorded
    fields: dict[str, Json] = {"when": "on_demand"} if by_key else {}
    if recorded:
        fields = {"when": "always", "folder": recorded.folder, "notice": recorded.notice}
        fields = {name: value for name, value in fields.items() if value}
    first = work.recordings.setdefault(address, fields)
    if first != fields:
        told = f"differs: from here calls are {_spelled(fields)}; {address} says {_spelled(first)}"
        work.ledger.leave(outcome.trail.lines[-1], told)
    elif recorded:
        work.ledger.take([recorded.line], address)
        for note in recorded.notes:
            work.ledger.leave(recorded.line, note)
        if address.kind == "extension":
            work.ledger.leave(recorded.line, BOTH_WAYS)


def _spelled(fields: dict[str, Json]) -> str:
    when = {"always": "recorded", "on_demand": "recorded on demand", "": "not recorded"}
    more = [f"{name} {fields[name]}" for name in ("folder", "notice") if name in fields]
    return ", ".join([when[str(fields.get("when", ""))], *more])


def fill_recordings(work: Work) -> None:
    """Fills in `recording` of the queues and extensions whose calls are recorded."""
    for address, fields in work.recordings.items():
        if fields:
            work.objects[address]["recording"] = fields


def on_demand(work: Work, kind: str, options: str) -> tuple[bool, str]:
    """Whether options of Dial() or Queue() let those who answer record; and the other options."""
    flags = letters(options)
    if "x" not in flags or not work.setting.holds(kind, "recording.when"):
        return False, options
    return True, "".join(flag for flag in flags if flag not in ("x", "X"))
