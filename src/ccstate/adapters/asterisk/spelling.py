"""Entries → the text of include files, which people can read and Asterisk takes as it is meant.

Text is never code: what people write reaches only values of pjsip.conf and voicemail.conf, where
`;` alone means something, and comments, where nothing does.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator

from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    FILES,
    HINT,
    INCLUDE,
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
    is_pjsip,
    used_files,
)

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


def spell(compiled: Compiled, there: Collection[str] = ()) -> dict[str, bytes]:
    """The content of each include file, by its path; the revision of each is last in it.

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
    return {path: text for path, text in compiled.texts.items() if path in used or path in there}


def revision(content: bytes) -> str:
    """The revision that a file names at its end: a digest of all before."""
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
    """The revision that a file names; "" where it has lost that."""
    found = _PATTERNS[file].search(content)
    return found[1].decode() if found else ""


def _file(file: str, entries: Entries, notes: dict[tuple[str, str], str]) -> bytes:
    lines = "\n".join(_SPELLED[file](entries, notes))
    header = HEADER + (HOLDS_SECRETS if file in SECRET_FILES else "")
    body = f"{header}\n{lines}\n".encode()
    return body + _SENTINELS[file].replace("<revision>", revision(body)).encode()


def escaped(text: str) -> str:
    """Text inside of a line: a semicolon would begin a comment."""
    return text.replace(";", "\\;")


def option(name: str, text: str) -> str:
    """A line that says an option; a value that begins with > must not make `=>` of its `=`."""
    return f"{name}={' ' if text.startswith('>') else ''}{escaped(text)}"


def comment(text: str) -> str:
    """Text behind a semicolon: what could end the comment, or begin another, is taken out."""
    return " ".join(text.replace(";", ",").split())


def _grouped(entries: Entries) -> Iterator[tuple[str, str, list[tuple[Key, str]]]]:
    """Entries by section; a section stands where its first entry does."""
    groups: dict[tuple[str, str], list[tuple[Key, str]]] = {}
    for key, entry in entries.items():
        named = (key.section, key.item if is_pjsip(key.file) else "")
        groups.setdefault(named, []).append((key, entry.value))
    for (section, item), found in groups.items():
        yield section, item, found


def _pjsip(entries: Entries, notes: dict[tuple[str, str], str]) -> Iterator[str]:
    # Asterisk reads the name from its configuration folder, wherever this file lies (16.28, 22.10).
    yield f"#tryinclude {FILES[ACCOUNTS]}"
    yield ""
    yield from _objects(entries, notes)


def _objects(entries: Entries, notes: dict[tuple[str, str], str]) -> Iterator[str]:
    last = ""
    # All that belongs to one endpoint stands together, as its author wrote it.
    for kind, name, found in _grouped(entries):
        if name != last and (note := notes.get((PJSIP, name))):
            yield f"; {comment(note)}"
        last = name
        yield f"[{name}]"
        yield f"type={kind}"
        for key, text in found:
            if key.part.startswith(VARIABLE):
                yield option("set_var", f"{key.part.removeprefix(VARIABLE)}={text}")
            else:
                yield option(key.part, text)
        yield ""


def _queues(entries: Entries, notes: dict[tuple[str, str], str]) -> Iterator[str]:
    for name, _, found in _grouped(entries):
        if note := notes.get((QUEUES, name)):
            yield f"; {comment(note)}"
        yield f"[{name}]"
        for key, text in found:
            if key.item == MEMBER:
                device, penalty, state, *_ = text.split(",")
                yield f"member => {device},{penalty},{key.part},{state}"
            else:
                yield option(key.item, text)
        yield ""


def _parking(entries: Entries, notes: dict[tuple[str, str], str]) -> Iterator[str]:
    for name, _, found in _grouped(entries):
        if note := notes.get((PARKING, name)):
            yield f"; {comment(note)}"
        yield f"[{name}]"
        for key, text in found:
            yield option(key.item, text)
        yield ""


def _voicemail(entries: Entries, _notes: dict[tuple[str, str], str]) -> Iterator[str]:
    mailboxes: dict[tuple[str, str], dict[str, str]] = {}
    for key, entry in entries.items():
        mailboxes.setdefault((key.section, key.item), {})[key.part] = entry.value
    yield f"[{MAILBOXES}]"
    for (_context, mailbox), parts in mailboxes.items():
        said = ",".join(escaped(parts.get(part, "")) for part in MAILBOX_PARTS)
        yield f"{mailbox} => {said}"
    yield ""


def _dialplan(entries: Entries, notes: dict[tuple[str, str], str]) -> Iterator[str]:
    for name, _, found in _grouped(entries):
        if note := notes.get((DIALPLAN, name)):
            yield f"; {comment(note)}"
        yield f"[{name}]"
        yield from _extensions(found)
        yield ""


def _extensions(found: Iterable[tuple[Key, str]]) -> Iterator[str]:
    for key, text in found:
        if key.item == INCLUDE:
            yield f"include => {key.part}"
        elif key.part == HINT:
            yield f"exten => {key.item},hint,{text}"
        else:
            yield _priority(key, text)


def _priority(key: Key, text: str) -> str:
    label, step = "", text
    if text.startswith("("):
        label, _, step = text[1:].partition(")")
        label = f"({label})"
    if key.part == "1":
        return f"exten => {key.item},1{label},{step}"
    return f" same => n{label},{step}"


_SPELLED = {
    ACCOUNTS: _objects,
    PJSIP: _pjsip,
    QUEUES: _queues,
    VOICEMAIL: _voicemail,
    DIALPLAN: _dialplan,
    PARKING: _parking,
}
