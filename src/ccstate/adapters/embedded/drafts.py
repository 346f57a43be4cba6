"""What each change would make of its object, before anything is written."""

from dataclasses import dataclass

from ccstate import kinds
from ccstate.drafts import CHANGED, Refused, Secrets, after, sealed
from ccstate.model import Action, Address, Change, Fields, fingerprint


@dataclass(frozen=True, slots=True)
class Draft:
    """One change, carried out in thought; fields hold real secrets, None is no object."""

    address: Address
    before: Fields | None
    after: Fields | None
    ledger: Fields | None
    names: frozenset[Address]
    """What the object names afterwards; empty where its fields stay as they are."""

    @property
    def touches(self) -> bool:
        """Whether the object differs afterwards, and not only the ledger."""
        return self.before != self.after


def draft(change: Change, live: Fields | None, secrets: Secrets) -> Draft:
    """The change carried out on the live fields; Refused where it cannot be."""
    kind = change.address.kind
    if kind not in kinds.KINDS:
        raise Refused(f'this platform does not know the kind "{kind}"')
    shown = None if live is None else sealed(secrets.key, kind, live)
    if fingerprint(shown) != change.basis:
        raise Refused(CHANGED)
    then = after(change, live, secrets)
    keeps = change.action not in (Action.DELETE, Action.RELEASE)
    return Draft(
        address=change.address,
        before=live,
        after=then,
        ledger=change.ledger if keeps else None,
        names=frozenset(mention.target for mention in kinds.references(kind, then))
        if then is not None and then != live
        else frozenset(),
    )
