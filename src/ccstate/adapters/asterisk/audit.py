"""What Asterisk would refuse, or swallow without a word: told before anything is written."""

from collections.abc import Iterator, Sequence

from ccstate.adapters.asterisk.drafts import Draft
from ccstate.adapters.asterisk.entries import Compiled
from ccstate.adapters.asterisk.handwritten import Handwritten, conflicts, not_included
#R from ccstate.adapters.asterisk.refusals import refusals
from ccstate.errors import Diagnostic
from ccstate.model import Change


def audited(
    changes: Sequence[Change],
    drafted: Draft,
    compiled: Compiled,
    by_hand: Handwritten,
    place: str,
) -> list[Diagnostic]:
    """Every problem of these changes, with what to do about it."""
    if not changes:
        return []
    return [
        *not_included(by_hand, place),
        *conflicts(by_hand, compiled, place),
        *_elsewhere(drafted),
        #R *(refusal.problem for refusal in refusals(drafted.objects)),
    ]


def _elsewhere(drafted: Draft) -> Iterator[Diagnostic]:
    for address, why in drafted.refused.items():
        if address in drafted.elsewhere:
            yield Diagnostic(
                "CC414",
                why,
                cause="What is written by hand stays as it is.",
                hint=f"remove {address} from that file, or from the desired state",
            )
