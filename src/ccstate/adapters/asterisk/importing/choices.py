"""What divides calls: who calls → caller lists; values that people change → switches."""

import re

from ccstate.adapters.asterisk.importing.calling import shorn
from ccstate.adapters.asterisk.importing.estate import Positions, Work
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.outcomes import Callers, Outcome, Switched, same
from ccstate.adapters.asterisk.importing.values import OTHER
from ccstate.dialling.international import international
from ccstate.model import Address, Json

_KEY = re.compile(r"(?:GLOBAL|DB|DEVICE_STATE)\((?:Custom:)?(.*)\)", re.IGNORECASE)


def asked(work: Work, outcome: Switched) -> tuple[str, Outcome, Outcome] | None:
    """The name of a switch, and the ways of a call while it is on and off.

    Off is the position that holds after a start. None where there are more than two ways, or what
    decides cannot be a switch.
    """
    if not work.setting.holds("switch") or not work.setting.holds("ivr", "nodes.*.switch.switch"):
        return None
    off = outcome.ways[outcome.initial]
    others = {value: way for value, way in outcome.ways.items() if not same(off, way)}
    if not others or OTHER in others:
        return None
    on = next(iter(others.values()))
    if not all(same(on, way) for way in others.values()):
        return None
    switch = work.switches.get(outcome.name)
    values = frozenset(outcome.ways) - frozenset(others)
    if switch is None:
        key = _KEY.fullmatch(outcome.name)
        name = work.names.free("switch", name_of(key[1] if key else outcome.name))
        switch = Positions(Address("switch", name), values, frozenset(others))
        work.switches[outcome.name] = switch
        work.objects[switch.address] = {"default": "off"}
    elif (switch.on & values) or (switch.off & frozenset(others)):
        return None
    return switch.address.name, on, off


def changed_elsewhere(work: Work, outcome: Switched) -> str:
    """Where the value is changed, as places in files; "" where no step changes it."""
    steps = work.follower.values.changed.get(outcome.name, ())
    places = [f"{step.option.file}:{step.option.line}" for step, _ in steps]
    return ", ".join(dict.fromkeys(map(shorn, places[:4])))


def listed_callers(work: Work, outcome: Callers) -> list[tuple[dict[str, Json], Outcome]]:
    """The fields of a list for each way of callers, in order; nothing where a number is none.

    An empty number is that of callers who show none, and so is `anonymous` of SIP.
    """
    field = "nodes.*.callers.callers.*.list"
    if not work.setting.holds("caller_list") or not work.setting.holds("ivr", field):
        return []
    found: list[tuple[dict[str, Json], Outcome]] = []
    for written, way in outcome.ways.items():
        number = international(written, work.setting.prefix)
        is_withheld = written in ("", "anonymous")
        if not (is_withheld or number):
            return []
        fields = next((known for known, other in found if same(other, way)), None)
        if fields is None:
            fields = {}
            found.append((fields, way))
        if is_withheld:
            fields["withheld"] = True
            continue
        work.callers[written] = number, outcome.line
        numbers = fields.setdefault("numbers", [])
        if isinstance(numbers, list) and number not in numbers:
            numbers.append(number)
    return found


def list_name(work: Work, fields: dict[str, Json], near: str) -> str:
    """The list with these callers; it is made where there is none yet."""
    numbers = fields.get("numbers")
    if isinstance(numbers, list):
        fields["numbers"] = [*sorted(map(str, numbers))]
    return work.one("caller_list", f"{near}-callers", fields).name
