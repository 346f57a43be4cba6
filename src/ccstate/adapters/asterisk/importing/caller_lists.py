"""Callers whom a dialplan tells apart by their numbers → caller lists."""

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.outcomes import Callers, Outcome, same
from ccstate.dialling.international import international
from ccstate.model import Json


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
