"""ccstate's include files: written from entries, and read back as entries.

Text is never code: what people write reaches only values of pjsip.conf and voicemail.conf, where
`;` alone means something, and comments, where nothing does.

A file that is byte for byte what its objects compile to needs no parsing: that is nearly always
so. Any other is read as Asterisk reads it, and compared with what its objects say, entry by entry.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from ccstate.adapters.asterisk import records as record_files
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.compiling import compile_objects
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
    MAILBOXES,
    MEMBER,
    PARKING,
    PJSIP,
    QUEUES,
    SECRET_FILES,
    VARIABLE,
    VOICEMAIL,
    Compiled,
    Entries,
    Key,
    Step,
    file_of_type,
    is_pjsip,
    member_value,
    used_files,
)
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.records import Records
from ccstate.adapters.asterisk.storage import Storage, read_permitted
from ccstate.errors import Diagnostic, Unreadable

HEADER = """; Written by ccstate from the desired state; a change made here shows as drift.
"""
HOLDS_SECRETS = "; It holds secrets: whoever may read it may make calls.\n"
SENTINEL = "ccstate-rev"
ACCOUNTS_SENTINEL = f"{SENTINEL}-accounts"
GLOBAL = "CC_REV"
PARKING_SENTINEL = f"{SENTINEL}-parking"
"""The context of a lot that marks the end of its file; the number that parks there is the revision."""
MAILBOX_PARTS = ("pin", "name", "email", "pager", "options")
LONGEST_REVISION = 16

Notes: TypeAlias = Mapping[tuple[str, str], str]


def serialize(compiled: Compiled, present: Collection[str] = ()) -> dict[str, bytes]:
    """Return the content of each include file, by its path; the revision of each is last in it.

    An optional file that would be empty is left out unless it is among those that are `there`.
    """
    if compiled.texts is None:
        by_file: dict[str, Entries] = {file: {} for file in FILES}
        for key, entry in compiled.entries.items():
            by_file[key.file][key] = entry
        compiled.texts = {
            FILES[file]: _file(file, entries, compiled.notes) for file, entries in by_file.items()
        }
    used = {FILES[file] for file in used_files(compiled.entries)}
    return {path: text for path, text in compiled.texts.items() if path in used or path in present}


def revision(content: bytes) -> str:
    """Return the revision that a file names at its end: a digest of all before."""
    return hashlib.sha256(content).hexdigest()[:LONGEST_REVISION]


_ACCOUNT = "[{}]\ntype=auth\nauth_type=userpass\nusername=<revision>\npassword=<revision>\n"
_SENTINELS = {
    ACCOUNTS: _ACCOUNT.format(ACCOUNTS_SENTINEL),
    PJSIP: _ACCOUNT.format(SENTINEL),
    QUEUES: f"[{SENTINEL}-<revision>]\n",
    VOICEMAIL: f"{SENTINEL} => <revision>,<revision>\n",
    DIALPLAN: f"[globals]\n{GLOBAL}=<revision>\n",
    PARKING: f"[{SENTINEL}]\ncontext={PARKING_SENTINEL}\nparkext=<revision>\nparkpos=1-1\n",
}
"""What stands last in each file, so that it shows at run time that all of it was read."""


def _revision_pattern(text: str) -> re.Pattern[bytes]:
    """Find the revision in what stands last in a file, to the end of its line."""
    before, _, behind = text.partition("<revision>")
    rest = re.escape(behind.partition("\n")[0]).replace("<revision>", "[0-9a-f]+")
    return re.compile(f"\n{re.escape(before)}([0-9a-f]+){rest}\n".encode())


_PATTERNS = {file: _revision_pattern(text) for file, text in _SENTINELS.items()}


def revision_in(file: str, content: bytes) -> str:
    """Return the revision that a file names; "" where it has lost that."""
    found = _PATTERNS[file].search(content)
    return found[1].decode() if found else ""


def _file(file: str, entries: Entries, notes: Notes) -> bytes:
    lines = _mailbox_lines(entries) if file == VOICEMAIL else _section_lines(file, entries, notes)
    if file == PJSIP:
        # Asterisk reads the name from its configuration folder, wherever this file lies (16.28,
        # 22.10).
        lines = chain((f"#tryinclude {FILES[ACCOUNTS]}", ""), lines)
    header = HEADER + (HOLDS_SECRETS if file in SECRET_FILES else "")
    text = "\n".join(lines)
    body = f"{header}\n{text}\n".encode()
    return body + _SENTINELS[file].replace("<revision>", revision(body)).encode()


def sections_text(file: str, entries: Entries) -> str:
    """Return sections as a file of their own, without a revision."""
    return "\n".join([HEADER, *_section_lines(file, entries, {})])


def escaped(text: str) -> str:
    """Text inside of a line: a semicolon would begin a comment."""
    return text.replace(";", "\\;")


def option_line(name: str, text: str) -> str:
    """A line that says an option; a value that begins with > must not make `=>` of its `=`."""
    return f"{name}={' ' if text.startswith('>') else ''}{escaped(text)}"


def comment(text: str) -> str:
    """Text behind a semicolon: what could end the comment, or begin another, is taken out."""
    return " ".join(text.replace(";", ",").split())


def _section_lines(file: str, entries: Entries, notes: Notes) -> Iterator[str]:
    """Yield the sections of a file; each stands where its first entry does."""
    groups: dict[tuple[str, str], list[str]] = {}
    for key, entry in entries.items():
        named = (key.item, key.section) if is_pjsip(file) else (key.section, "")
        groups.setdefault(named, []).append(_line(key, entry.value))
    # All that belongs to one endpoint stands together, as its author wrote it.
    last = ""
    for (name, kind), lines in groups.items():
        note = notes.get((PJSIP if is_pjsip(file) else file, name)) if name != last else ""
        last = name
        if note:
            yield f"; {comment(note)}"
        yield f"[{name}]"
        if is_pjsip(file):
            yield f"type={kind}"
        yield from lines
        yield ""


def _line(key: Key, text: str) -> str:
    match key.file:
        case "extensions" if key.item == INCLUDE:
            return f"include => {key.part}"
        case "extensions" if key.part == HINT:
            return f"exten => {key.item},hint,{text}"
        case "extensions":
            return _priority(key, text)
        case "queues" if key.item == MEMBER:
            device, penalty, state, *_ = text.split(",")
            return f"member => {device},{penalty},{key.part},{state}"
        case "queues" | "res_parking":
            return option_line(key.item, text)
        case _ if key.part.startswith(VARIABLE):
            return option_line("set_var", f"{key.part.removeprefix(VARIABLE)}={text}")
        case _:
            return option_line(key.part, text)


def _mailbox_lines(entries: Entries) -> Iterator[str]:
    mailboxes: dict[tuple[str, str], dict[str, str]] = {}
    for key, entry in entries.items():
        mailboxes.setdefault((key.section, key.item), {})[key.part] = entry.value
    yield f"[{MAILBOXES}]"
    for (_context, mailbox), parts in mailboxes.items():
        texts = ",".join(escaped(parts.get(part, "")) for part in MAILBOX_PARTS)
        yield f"{mailbox} => {texts}"
    yield ""


def _priority(key: Key, text: str) -> str:
    label, step = "", text
    if text.startswith("("):
        label, _, step = text[1:].partition(")")
        label = f"({label})"
    if key.part == "1":
        return f"exten => {key.item},1{label},{step}"
    return f" same => n{label},{step}"


OURS = frozenset(FILES.values())


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
        """Whether no file was changed by hand, and ccstate would write one otherwise by now."""
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
        return (record_files.digest(content) if content is not None else None) != written


def read_stored(storage: Storage, *, is_test_site: bool) -> Stored:
    """Read the records, the include files, and what they say.

    Unreadable where the records are damaged, or lost while there are include files; and
    NotPermitted where the records themselves may not be read.
    """
    paths = [*transaction.RECORDS, transaction.NOTE, *FILES.values()]
    read, closed = read_permitted(storage, paths)
    if record_files.PATH in closed:
        storage.read([record_files.PATH])
    found = {path: content for path, content in read.items() if path in OURS}
    known = transaction.read_records(read, storage.place, closed)
    if found and known is None and not {transaction.NOTE} & {*read, *closed}:
        raise Unreadable(record_files.lost(storage.place, min(found)))
    records = known or record_files.new_records()
    setting = Setting(records.key, is_test_site)
    compiled = compile_objects(records.objects, setting)
    texts = serialize(compiled, found)
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
            for key, value, option in _READERS[name](conf):
                values[key] = value
                places[key] = f"{option.file}:{option.line}"
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


Reading: TypeAlias = Iterator[tuple[Key, str, Option]]
"""Entries of a file with their values, and the options where they stand."""


def _read_pjsip(conf: Conf) -> Reading:
    for section in resolved(conf):
        kind = section.get("type") or ""
        is_own = section.name in {SENTINEL, ACCOUNTS_SENTINEL}
        for option in () if is_own else section.options:
            if option.key == "set_var":
                name, _, value = option.value.partition("=")
                yield Key(PJSIP, kind, section.name, f"{VARIABLE}{name}"), value, option
            elif option.key != "type":
                key = Key(file_of_type(kind), kind, section.name, option.key)
                yield key, option.value, option


def _read_queues(conf: Conf) -> Reading:
    for section in resolved(conf):
        rank, step = 0, int(section.get("strategy") == LINEAR)
        for option in () if section.name.startswith(SENTINEL) else section.options:
            if option.key == "member":
                device, penalty, name, state = [*option.value.split(","), "", "", "", ""][:4]
                rank += step
                value = member_value(device, _penalty(penalty), state or device, rank)
                yield Key(QUEUES, section.name, MEMBER, name or device), value, option
            else:
                yield Key(QUEUES, section.name, option.key, ""), option.value, option


def _read_parking(conf: Conf) -> Reading:
    for section in resolved(conf):
        for option in section.options if section.name != SENTINEL else ():
            yield Key(PARKING, section.name, option.key, ""), option.value, option


def _penalty(text: str) -> str:
    """Read a penalty as app_queue does: the digits at the beginning, or else 0 (16.28 and 22.10, seen)."""
    found = re.match(r"\s*\+?([0-9]{1,9})", text)
    return str(int(found[1])) if found else "0"


def _read_voicemail(conf: Conf) -> Reading:
    for section in resolved(conf):
        for option in section.options:
            texts = option.value.split(",", len(MAILBOX_PARTS) - 1)
            for part, text in zip(MAILBOX_PARTS, texts, strict=False):
                if option.key != SENTINEL and (part != "pager" or text):
                    yield Key(VOICEMAIL, section.name, option.key, part), text, option


def _read_dialplan(conf: Conf) -> Reading:
    read = dialplan(conf)
    for name, context in read.contexts.items():
        for include in context.includes:
            yield Key(DIALPLAN, name, INCLUDE, include.value), "", include
        for step in context.steps:
            if step.priority == HINT_PRIORITY:
                yield Key(DIALPLAN, name, step.exten, HINT), step.app, step.option
            else:
                text = str(Step(step.app, step.data, label=step.label))
                yield Key(DIALPLAN, name, step.exten, str(step.priority)), text, step.option
        for other in (*context.switches, *context.others):
            text = f"{other.key} => {other.value}"
            yield Key(DIALPLAN, name, other.key, other.value), text, other
    for option in read.variables:
        if option.key != GLOBAL:
            yield Key(DIALPLAN, "globals", option.key, ""), option.value, option


_READERS = {
    ACCOUNTS: _read_pjsip,
    PJSIP: _read_pjsip,
    QUEUES: _read_queues,
    VOICEMAIL: _read_voicemail,
    DIALPLAN: _read_dialplan,
    PARKING: _read_parking,
}
