"""Keys that callers press in a menu, and what a menu of one key at a time does not do."""

from ccstate.adapters.asterisk.conf.patterns import matches, pattern
from ccstate.adapters.asterisk.importing.calling import At
from ccstate.adapters.asterisk.importing.destinations import Known, ringing
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.outcomes import Menu

KEYS = "0123456789*#"


def dials_extensions(work: Work, known: Known, outcome: Menu) -> bool:
    """Whether callers can dial the number of every phone in a menu, and reach it as inside."""
    follower = work.follower
    phones = [phone for phone in known.phones.values() if phone.name in known.ringing]
    for phone in phones:
        at = At(outcome.context, phone.number)
        found = (
            ringing(work, known, follower.follow(at)) if follower.resolver.extension(at) else None
        )
        if found is None or found.endpoint != phone.endpoint.name:
            return False
    return bool(phones)


def tell_longer(work: Work, outcome: Menu, numbers: frozenset[str] = frozenset()) -> None:
    """Tells what else can be dialled in a menu, for which Asterisk waits after the first key.

    `numbers` are those of extensions that the menu takes.
    """
    longer = sorted(
        {
            candidate.exten
            for candidate in work.follower.resolver.candidates(outcome.context)
            if (said := pattern(candidate.exten)).places
            and len(said.places) + bool(said.end) > 1
            and all(place & set(KEYS) for place in said.places)
            and not _only(candidate.exten, numbers)
        }
    )
    if longer:
        told = f"differs: callers may dial {', '.join(longer[:8])} in [{outcome.context}]; "
        work.ledger.leave(outcome.wait, f"{told}a menu of ccstate takes one key, at once")


def _only(exten: str, numbers: frozenset[str]) -> bool:
    """Whether an extension is the number of a phone, or a pattern for such numbers alone."""
    if not exten.startswith("_"):
        return exten in numbers
    said = pattern(exten)
    return not said.end and any(matches(exten, number) for number in numbers)


def tell_other_keys(work: Work, outcome: Menu, address: str, looked_up: str) -> None:
    """Tells where a menu leads elsewhere because it is entered from another context."""
    resolver = work.follower.resolver
    for key in (*KEYS, "t", "i"):
        here = resolver.answer(outcome.context, key)
        there = resolver.answer(looked_up, key)
        if (here and here[:2]) != (there and there[:2]):
            told = f"differs: from [{outcome.context}] key {key} of {address} leads elsewhere"
            work.ledger.leave(outcome.trail.lines[-1], told)
