"""Keys that callers press in a menu, and what a menu of one key at a time does not do."""

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.outcomes import Menu
from ccstate.adapters.asterisk.importing.patterns import pattern

KEYS = "0123456789*#"


def tell_longer(work: Work, outcome: Menu) -> None:
    """Tells what else can be dialled in a menu, for which Asterisk waits after the first key."""
    longer = sorted(
        {
            candidate.exten
            for candidate in work.follower.resolver.candidates(outcome.context)
            if (said := pattern(candidate.exten)).places
            and len(said.places) + bool(said.end) > 1
            and all(place & set(KEYS) for place in said.places)
        }
    )
    if longer:
        told = f"differs: callers may dial {', '.join(longer[:8])} in [{outcome.context}]; "
        work.ledger.leave(outcome.wait, f"{told}a menu of ccstate takes one key, at once")


def tell_other_keys(work: Work, outcome: Menu, address: str, looked_up: str) -> None:
    """Tells where a menu leads elsewhere because it is entered from another context."""
    resolver = work.follower.resolver
    for key in (*KEYS, "t", "i"):
        here = resolver.answer(outcome.context, key)
        there = resolver.answer(looked_up, key)
        if (here and here[:2]) != (there and there[:2]):
            told = f"differs: from [{outcome.context}] key {key} of {address} leads elsewhere"
            work.ledger.leave(outcome.trail.lines[-1], told)
