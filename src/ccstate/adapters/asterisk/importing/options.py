"""Options of a section → fields of an object, by the rows of its kind (rows.py)."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.rows import (
    UNCLEAR,
    Path,
    Row,
    at,
    decoded,
    encode,
    means_same,
    put,
)
from ccstate.kinds import KINDS
from ccstate.model import Address, Json


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one type of section, by the names that hand-written files have for options."""

    noun: str
    """What people call the object: `queue`, `phone`."""
    rows: Mapping[str, Row]
    fixed: Mapping[str, str]
    """Options that are the same for all objects: what ccstate writes, else Asterisk's default."""


def table(noun: str, rows: Iterable[Row], alike: Mapping[str, Any] | None = None) -> Table:
    """The table of these rows, of which later ones go before; `alike`: fields that all objects have."""
    known, same = {name: row for row in rows for name in row.names}, alike or {}
    fixed = {row.option: row.default for row in known.values() if not row.field}
    for row, text in encode(known.values(), same):
        if not row.field or at(same, row.path) is not None:
            fixed[row.option] = text
    return Table(noun, known, fixed)


def lines_of(section: Section, *keys: str) -> list[Option]:
    """The lines of these options; of one that stands there twice the last counts."""
    return [option for option in section.options if option.key.lower() in keys]


def read_section(
    work: Work,
    table: Table,
    address: Address,
    section: Section,
    *,
    said: Container[str] = (),
    judged: Container[str] = (),
) -> None:
    """The options of a section by their rows; `said` by its own existence, `judged` by the caller."""
    tell_defaults(work, table, section)
    for option in section.options:
        key = option.key.lower()
        if key in said:
            work.ledger.take([option], address)
        elif key not in judged:
            read_option(work, table, address, option)


def read_option(work: Work, table: Table, address: Address, option: Option) -> None:
    """Fills in the field that an option says; the ledger has the reason where none says it."""
    if found := read_value(work, table, address, option):
        work.objects[address] = put(work.objects[address], *found)


def read_value(
    work: Work, table: Table, address: Address, option: Option
) -> tuple[Path, Json] | None:
    """The field of an object that an option says, and its value; None where it says no field."""
    key, value, ledger = option.key.lower(), option.value.strip(), work.ledger
    row = table.rows.get(key)
    told: str | None
    if row is None:
        ledger.leave(option, f"ccstate sets no {key} for a {table.noun}")
    elif row.option in table.fixed:
        fixed = table.fixed[row.option]
        if means_same(row.codec, value, fixed):
            ledger.take([option], DEFAULT)
        elif row.effect:
            ledger.leave(option, f"differs: {row.effect}; here {key} is {value[:60]}")
        else:
            told = f"differs: ccstate's {table.noun}s have {key}={fixed or 'nothing'}"
            ledger.leave(option, told)
    elif row.unset is not None and means_same(row.codec, value, row.unset):
        ledger.take([option], DEFAULT)
    else:
        read = decoded(row.codec, value)
        if read is not UNCLEAR and fits(address.kind, row.path, read):
            ledger.take([option], address)
            if told := dict(row.nearly).get(value.lower()):
                ledger.leave(option, f"differs: {told}")
            return row.path, read
        ledger.leave(option, f"no field of a {table.noun} says {key}={value[:60]}")
    return None


def tell_defaults(work: Work, table: Table, section: Section) -> None:
    """Tells at the header where a section leaves out an option, and Asterisk's default is noticed."""
    for name, row in table.rows.items():
        if not row.effect or name != row.option or section.get(name) is not None:
            continue
        if not means_same(row.codec, row.default, table.fixed[name]):
            told = f"differs: {row.effect}; here {name} is {row.default}"
            work.ledger.leave_header(section, told)


def fits(kind: str, path: Path, value: Json) -> bool:
    """Whether a field takes a value, by the type that its kind gives it."""
    try:
        KINDS[kind].model.model_validate(put({}, path, value))
    except ValidationError as wrong:
        return not any(error["loc"][: len(path)] == path for error in wrong.errors())
    return True
