"""res_parking.conf → parking lots; where calls go that nobody takes is in the dialplan."""

from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Section
from ccstate.adapters.asterisk.importing.calling import At
from ccstate.adapters.asterisk.importing.destinations import Nowhere, lose
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.options import fits, lines_of, read_section, table
from ccstate.adapters.asterisk.importing.trees import Ways
from ccstate.adapters.asterisk.kinds.parking_lot import ROWS
from ccstate.adapters.asterisk.rows import SWITCH, decoded, unwritten
from ccstate.model import Address

# Defaults: res_parking.c, `load_module`, of Asterisk 13 and later.
_LOT = table(
    "parking lot",
    (
        *unwritten(
            {
                "comebackdialtime": "30",
                "courtesytone": "",
                "findslot": "first",
                "parkedcallhangup": "no",
                "parkedcallrecording": "no",
                "parkedcallreparking": "no",
                "parkedcalltransfers": "no",
                "parkedplay": "caller",
                "parkinghints": "no",
            }
        ),
        *ROWS,
    ),
)
_COMES_BACK = ("comebacktoorigin", "comebackcontext")


class Lot(NamedTuple):
    """A parking lot, its section, and the context in which Asterisk makes its numbers."""

    address: Address
    section: Section
    context: str


def parking_lots(work: Work) -> list[Lot]:
    """The lots that a number parks calls in."""
    found: list[Lot] = []
    for section in work.sections("res_parking.conf"):
        if section.name.lower() == "general":
            reason = "stays by hand: ccstate writes nothing into [general]"
        elif not work.setting.holds("parking_lot"):
            reason = "parking is not imported: the platform has no parking lots"
        elif not fits("parking_lot", ("extension",), section.get("parkext") or ""):
            reason = "a parking lot has a number that parks calls (parkext); this one has none"
        else:
            found.append(Lot(_lot(work, section), section, _said(section, "context")))
            continue
        work.ledger.leave_all(section.options, reason)
    return found


def _said(section: Section, option: str) -> str:
    """What an option says, or what holds where nobody writes it."""
    return section.get(option) or _LOT.rows[option].default


def _lot(work: Work, section: Section) -> Address:
    address = Address("parking_lot", work.names.free("parking_lot", name_of(section.name)))
    # Said although it is a default of Asterisk: without slots there is no lot.
    work.objects[address] = {"slots": _LOT.rows["parkpos"].default}
    work.ledger.take_header(section, address)
    if address.name != section.name:
        told = f"differs: Park() and phones have to call the lot {address.name}"
        work.ledger.leave_header(section, told)
    read_section(work, _LOT, address, section, said=("context",), judged=_COMES_BACK)
    return address


def timeouts(work: Work, ways: Ways, lots: list[Lot]) -> None:
    """Where calls of each lot go that nobody takes, if not back to the phone that parked them.

    The extension that is called by that phone, such as `PJSIP_2001`, is not asked for.
    """
    for lot, section, _ in lots:
        lines = lines_of(section, *_COMES_BACK)
        if decoded(SWITCH, _said(section, "comebacktoorigin")) is not False:
            work.ledger.take(lines, DEFAULT)
            continue
        reached = work.follower.follow(At(_said(section, "comebackcontext"), "s"))
        try:
            work.objects[lot]["on_timeout"] = ways.destination(reached, lot, f"{lot.name}-timeout")
            work.ledger.take(lines, lot)
        except Nowhere as why:
            told = f"differs: a call that nobody takes goes back to the phone that parked it: {why}"
            lose(work, reached, f"{lot}, where nobody takes the call: {why}")
            work.ledger.leave_all(lines, told)


def include_lots(work: Work, lots: list[Lot]) -> None:
    """The lines by which phones may dial the numbers of a lot; all may, with ccstate."""
    contexts: dict[str, list[Address]] = {}
    for lot in lots:
        contexts.setdefault(lot.context, []).append(lot.address)
    for context in work.plan.contexts.values():
        for option in context.includes:
            for address in contexts.get(option.value.partition(",")[0].strip(), ()):
                work.ledger.take([option], address)
