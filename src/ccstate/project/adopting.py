"""Objects that were made by hand, declared as they are."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ccstate import codes
from ccstate.checkout import display_path
from ccstate.errors import InvalidInput
from ccstate.model import Address
from ccstate.project.addresses import address_in
from ccstate.project.targets import declarable
from ccstate.render.receipt import Adopted

if TYPE_CHECKING:
    from ccstate.project import Project


def adopt(
    project: "Project", addresses: Iterable[Address | str] | None, target: str, path: Path
) -> Adopted:
    """Declare objects of a target that were made by hand in a file, all where None."""
    unmanaged = project.unmanaged(target)
    chosen = list(unmanaged) if addresses is None else [address_in(each) for each in addresses]
    if problems := [codes.NOT_UNMANAGED(address=a) for a in chosen if a not in unmanaged]:
        raise InvalidInput(problems)
    if not chosen:
        return Adopted(None)
    defaults: set[str] = set()
    for kind, name in chosen:
        declared = project.settings.defaults.get(kind, {}).keys()
        defaults |= {
            f"{kind} {field}" for field in declared - unmanaged[Address(kind, name)].keys()
        }
    found = {address: declarable(address, unmanaged[address]) for address in chosen}
    project.declare(path, {address: fields for address, (fields, _) in found.items()})
    left_out = sum(secrets for _, secrets in found.values())
    return Adopted(display_path(path), chosen, defaults, left_out)
