"""The stored level: what stands in the include files, and where that is not what was written.

A file that is byte for byte what its objects compile to needs no parsing: that is nearly always
so. Any other is read as Asterisk reads it, and held against what its objects say, entry by entry.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ccstate.adapters.asterisk import records as kept
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.compiling import Setting, compile_objects
from ccstate.adapters.asterisk.conf import Conf, Option, parse, resolved
from ccstate.adapters.asterisk.conf.dialplan import HINT as HINT_PRIORITY
from ccstate.adapters.asterisk.conf.dialplan import dialplan
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    FILES,
    HINT,
    INCLUDE,
    LINEAR,
    MEMBER,
    PARKING,
    PJSIP,
    QUEUES,
    VARIABLE,
    VOICEMAIL,
    Compiled,
    Key,
    file_of_type,
    member_value,
)
from ccstate.adapters.asterisk.records import Records
from ccstate.adapters.asterisk.spelling import (
    ACCOUNTS_SENTINEL,
    GLOBAL,
    MAILBOX_PARTS,
    SENTINEL,
    spell,
)
from ccstate.adapters.asterisk.storage import Storage, read_permitted
from ccstate.errors import Diagnostic, Unreadable

OURS = frozenset(FILES.values())


@dataclass(frozen=True, slots=True)
class Found:
    """One entry as a file has it, and where: `queues.d/ccstate.conf:12`."""

    value: str
    place: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that was read from the folder.

    `contents` are the include files that are there, `values` what they say, `places` where a
    value that is not as compiled stands, and `problems` what Asterisk loses of them.
    """

    records: Records
    setting: Setting
    is_new: bool
    contents: Mapping[str, bytes]
    compiled: Compiled
    texts: Mapping[str, bytes]
    values: Mapping[Key, str]
    places: Mapping[Key, str]
    problems: tuple[Diagnostic, ...]
    closed: frozenset[str] = frozenset()
    """Files that may not be read; what they say is taken as it was written last."""

    @property
    def is_outdated(self) -> bool:
        """Whether nobody touched a file, and ccstate would write it otherwise by now."""
        return any(
            self.contents.get(path) != text and not self.is_touched(path)
            for path, text in self.texts.items()
            if path not in self.closed
        )

    def is_touched(self, path: str) -> bool:
        """Whether a file is not as ccstate wrote it, as far as it may be read."""
        if path in self.closed:
            return False
        content, written = self.contents.get(path), self.records.files.get(path)
        return (kept.digest(content) if content is not None else None) != written


def read_stored(storage: Storage, *, is_test_site: bool) -> Stored:
    """The records, the include files, and what they say.

    Unreadable where the records are damaged, or lost while there are include files; and
    NotPermitted where the records themselves may not be read.
    """
    paths = [*transaction.RECORDS, transaction.NOTE, *FILES.values()]
    read, closed = read_permitted(storage, paths)
    if kept.PATH in closed:
        storage.read([kept.PATH])
    found = {path: content for path, content in read.items() if path in OURS}
    known = transaction.read_records(read, storage.place, closed)
    if found and known is None and not {transaction.NOTE} & {*read, *closed}:
        raise Unreadable([kept.lost(storage.place, min(found))])
    records = known or kept.new_records()
    setting = Setting(records.key, is_test_site)
    compiled = compile_objects(records.objects, setting)
    texts = spell(compiled, found)
    whole = {
        name for name, path in FILES.items() if found.get(path) == texts.get(path) or path in closed
    }
    values = {k: v for k, v in compiled.values().items() if k.file in whole}
    places: dict[Key, str] = {}
    problems: list[Diagnostic] = []
    for name, path in FILES.items():
        if name not in whole and path in found:
            conf = parse(found[path], path)
            problems += conf.problems
            for key, said in _READERS[name](conf):
                values[key] = said.value
                places[key] = said.place
    return Stored(
        records,
        setting,
        known is None,
        found,
        compiled,
        texts,
        values,
        places,
        tuple(problems),
        closed,
    )


def _found(option: Option) -> Found:
    return Found(option.value, f"{option.file}:{option.line}")


def _pjsip(conf: Conf) -> Iterator[tuple[Key, Found]]:
    for section in resolved(conf):
        kind = section.get("type") or ""
        if section.name in {SENTINEL, ACCOUNTS_SENTINEL}:
            continue
        for option in section.options:
            name, _, value = option.value.partition("=")
            if option.key == "set_var":
                key = Key(PJSIP, kind, section.name, f"{VARIABLE}{name}")
                yield key, Found(value, _found(option).place)
            elif option.key != "type":
                yield Key(file_of_type(kind), kind, section.name, option.key), _found(option)


def _queues(conf: Conf) -> Iterator[tuple[Key, Found]]:
    for section in resolved(conf):
        if section.name.startswith(SENTINEL):
            continue
        rank, step = 0, int(section.get("strategy") == LINEAR)
        for option in section.options:
            if option.key == "member":
                device, penalty, name, state = [*option.value.split(","), "", "", "", ""][:4]
                rank += step
                value = member_value(device, _penalty(penalty), state or device, rank)
                key = Key(QUEUES, section.name, MEMBER, name or device)
                yield key, Found(value, _found(option).place)
            else:
                yield Key(QUEUES, section.name, option.key, ""), _found(option)


def _parking(conf: Conf) -> Iterator[tuple[Key, Found]]:
    for section in resolved(conf):
        for option in section.options if section.name != SENTINEL else ():
            yield Key(PARKING, section.name, option.key, ""), _found(option)


def _penalty(text: str) -> str:
    """As app_queue reads it: the digits at the beginning, or else 0 (16.28 and 22.10, seen)."""
    found = re.match(r"\s*\+?([0-9]{1,9})", text)
    return str(int(found[1])) if found else "0"


def _voicemail(conf: Conf) -> Iterator[tuple[Key, Found]]:
    for section in resolved(conf):
        for option in section.options:
            if option.key == SENTINEL:
                continue
            texts = option.value.split(",", len(MAILBOX_PARTS) - 1)
            for part, text in zip(MAILBOX_PARTS, texts, strict=False):
                if part != "pager" or text:
                    key = Key(VOICEMAIL, section.name, option.key, part)
                    yield key, Found(text, _found(option).place)


def _dialplan(conf: Conf) -> Iterator[tuple[Key, Found]]:
    read = dialplan(conf)
    for name, context in read.contexts.items():
        for include in context.includes:
            yield Key(DIALPLAN, name, INCLUDE, include.value), Found("", _found(include).place)
        for step in context.steps:
            place = _found(step.option).place
            if step.priority == HINT_PRIORITY:
                yield Key(DIALPLAN, name, step.exten, HINT), Found(step.app, place)
            else:
                label = f"({step.label})" if step.label else ""
                said = f"{label}{step.app}({step.data})"
                yield Key(DIALPLAN, name, step.exten, str(step.priority)), Found(said, place)
        for other in (*context.switches, *context.others):
            said = f"{other.key} => {other.value}"
            yield Key(DIALPLAN, name, other.key, other.value), Found(said, _found(other).place)
    for option in read.variables:
        if option.key != GLOBAL:
            yield Key(DIALPLAN, "globals", option.key, ""), _found(option)


_READERS = {
    ACCOUNTS: _pjsip,
    PJSIP: _pjsip,
    QUEUES: _queues,
    VOICEMAIL: _voicemail,
    DIALPLAN: _dialplan,
    PARKING: _parking,
}
