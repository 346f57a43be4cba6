"""followme.conf → the phones that ring after an extension's own."""

from collections.abc import Mapping

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.calling import At
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.options import fits, lines_of
from ccstate.adapters.asterisk.importing.outcomes import Follows, Rings, Trail
from ccstate.adapters.asterisk.importing.phones import Phone
from ccstate.adapters.asterisk.rows import SECONDS, UNCLEAR, decoded
from ccstate.dialling.international import international
from ccstate.model import Json

RINGS_FOR = "25"
"""Seconds that a number is called where it does not say how long (app_followme.c, 16 and 22)."""
ASKED = "differs: here callers hear music meanwhile, and whoever answers is asked to take the call by a key"


def followed(work: Work, phones: Mapping[str, Phone], outcome: Follows) -> tuple[list[Json], Trail]:
    """What `follow_me` of an extension says of a FollowMe(), and the lines that it says.

    Nothing where it cannot say all of it.
    """
    nothing: tuple[list[Json], Trail] = [], Trail()
    section = _sections(work).get(outcome.name)
    if section is None or not work.setting.holds("extension", "follow_me"):
        return nothing
    lines = sorted(lines_of(section, "number"), key=_order)
    found = [_follow(work, phones, section, line) for line in lines]
    follows: list[Json] = [follow for follow in found if follow]
    if not follows or len(follows) < len(lines) or not fits("extension", ("follow_me",), follows):
        return nothing
    said = (*lines, *lines_of(section, "context"))
    return follows, Trail(said, ((outcome.trail.lines[-1], ASKED),))


def _sections(work: Work) -> dict[str, Section]:
    sections = work.sections("followme.conf")
    return {section.name: section for section in sections if section.name.lower() != "general"}


def _order(line: Option) -> int:
    """The place that a line `number,seconds,order` gives itself; those without stay as they stand."""
    order = [*line.value.split(","), "", ""][2].strip()
    return int(order) if order.isascii() and order.isdigit() else 0


def _follow(
    work: Work, phones: Mapping[str, Phone], section: Section, line: Option
) -> dict[str, Json]:
    """One number that is called: a phone of the house, or an outside number."""
    number, rings, *_ = (part.strip() for part in f"{line.value},".split(","))
    ring_for = decoded(SECONDS, rings or RINGS_FOR)
    if ring_for is UNCLEAR or not number.isalnum():
        return {}
    reached = work.follower.follow(At(section.get("context") or "default", number))
    if isinstance(reached, Rings) and reached.device in phones:
        return {"extension": phones[reached.device].name, "ring_for": ring_for}
    outside = international(number, work.setting.prefix)
    return {"number": outside, "ring_for": ring_for} if outside else {}


def tell_follow_me(work: Work) -> None:
    """Lists the lines of followme.conf that no extension says."""
    for section in work.sections("followme.conf"):
        is_said = section.name in _sections(work)
        reason = "no extension goes on to this FollowMe(), or to numbers that it can call"
        if not is_said:
            reason = "stays by hand: ccstate writes nothing into [general]"
        for option in section.written:
            if work.ledger.is_open(option):
                is_prompt = option.key.lower() not in ("number", "context")
                told = "ccstate asks nobody whether to take a call" if is_prompt else reason
                work.ledger.leave(option, told if is_said else reason)
