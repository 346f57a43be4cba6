"""Addresses as people write them, `queue/sales`, and what is said where one names nothing."""

from collections.abc import Iterable

from ccstate import codes
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.model import Address, parse_address


def address_of(text: str) -> Address:
    """Read the address in a text such as `queue/sales`; InvalidInput where it is none."""
    from ccstate.desired.findings import did_you_mean
    from ccstate.kinds import KINDS, PLURALS

    try:
        address = parse_address(text)
    except ValueError as error:
        raise InvalidInput(codes.NO_ADDRESS(fault=error)) from None
    if address.kind in KINDS:
        return address
    if address.kind == "voicemail":  # where a call goes; the mailbox is its extension's
        return Address("extension", address.name)
    if address.kind in PLURALS:
        return Address(PLURALS[address.kind].name, address.name)
    hint = did_you_mean(address.kind, KINDS) or f"kinds: {', '.join(KINDS)}"
    raise InvalidInput(codes.KIND_OF_ADDRESS_UNKNOWN(kind=address.kind, hint=hint))


def address_in(given: Address | str) -> Address:
    """Return the address that is given, or that a text writes."""
    return given if isinstance(given, Address) else address_of(given)


def nowhere(address: Address, known: Iterable[Address]) -> Diagnostic:
    """Say that an object is neither declared nor on a platform."""
    from ccstate.desired.findings import did_you_mean

    hint = did_you_mean(str(address), map(str, known)) or "`ccstate plan` lists what there is"
    return codes.NOT_DECLARED_NOR_LIVE(address=address, hint=hint)
