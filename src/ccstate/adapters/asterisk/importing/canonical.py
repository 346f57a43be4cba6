"""Objects in the form in which everything else compares them."""

from pydantic import ValidationError

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields


def canonical_objects(work: Work) -> dict[Address, Fields]:
    """The objects, canonical and in order.

    An object that its kind refuses is left out, and said: that would be a fault of the import.
    """
    found: dict[Address, Fields] = {}
    for address in sorted(work.objects):
        fields = work.objects[address]
        try:
            model = KINDS[address.kind].model.model_validate(fields)
        except ValidationError as wrong:
            where = ", ".join(".".join(map(str, error["loc"])) for error in wrong.errors())
            work.ledger.lose(("", 0), f"{address} was not made: its fields do not fit ({where})")
            continue
        found[address] = model.model_dump(mode="json", exclude_unset=True)
    return found
