"""The files of a configuration on this machine: those that are read, and those that are not."""

import glob
import gzip
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from ccstate.adapters.asterisk import codes, conf
from ccstate.adapters.asterisk.conf import MOST_BYTES, Conf, Glob, Read, Section
from ccstate.adapters.asterisk.handwritten import OWN
from ccstate.adapters.asterisk.importing.ledger import Ledger
from ccstate.adapters.asterisk.in_call import CODES
from ccstate.errors import Diagnostic, Span, Unreadable

OPTIONAL = ("confbridge.conf", "res_parking.conf", "followme.conf")
"""Files that many servers do not have."""
FILES = ("pjsip.conf", "voicemail.conf", "queues.conf", "extensions.conf", *OPTIONAL)
"""The files whose contents objects can say."""


LONGEST_PROMPT = 2_000
"""Characters of the words of a prompt."""
MOST_WORDS = 8 * 1024 * 1024


def words(listed: bytes) -> dict[str, str]:
    """Read words by the name of the recording, from a list such as core-sounds-en.txt.

    Each line is `name: words`; `;` begins a comment. Source: asterisk-core-sounds-en 1.6.1,
    usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz.
    """
    found: dict[str, str] = {}
    for line in listed[:MOST_WORDS].decode(errors="replace").splitlines():
        name, colon, spoken = line.partition(":")
        text = " ".join(spoken.split())
        is_speech = colon and text and not line.startswith(";") and text[:1] not in "[(<"
        if is_speech and len(text) <= LONGEST_PROMPT and text.isprintable():
            found.setdefault(name.strip(), text)
    return found


def read_confs(read: Read, glob: Glob, files: Iterable[str] = FILES) -> dict[str, Conf]:
    """Read configurations by their main files; those that are optional, where there are such."""
    there = (file for file in files if file not in OPTIONAL or read(file) is not None)
    return {file: conf.read(read, glob, file) for file in there}


USUAL = PurePosixPath("/etc/asterisk")
"""Where Debian's Asterisk has its configuration: what is included from there is in the folder."""
WORDS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt"
"""The words of the recordings as Debian's asterisk-core-sounds-en has them, packed or not."""


class Folder:
    """A reader of files for `import_estate`, by names as includes give them; nothing outside of it.

    Links are followed, for several distributions link their files there from elsewhere. What
    ccstate has written itself is empty here.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        """Read the bytes of a file, None where there is none; Unreadable where it is forbidden."""
        inside = self._inside(name)
        if inside is None:
            return None
        if inside in OWN:
            return b""
        path = self._root / inside
        try:
            return _bytes(path, MOST_BYTES) if path.is_file() else None
        except OSError as error:
            raise Unreadable(_unreadable(path, error)) from None

    def matching(self, pattern: str) -> Iterator[str]:
        """Return the names that an include's pattern stands for, as it would name them."""
        inside = self._inside(pattern)
        if inside is not None:
            above = pattern.removesuffix(inside)
            # Not Path.glob: `**` is nothing but `*` to Asterisk, and Path refuses `a**.conf`.
            for name in sorted(glob.glob(inside, root_dir=self._root)):  # noqa: PTH207 - above
                yield above + name

    def _inside(self, name: str) -> str | None:
        """Return the name from the folder on; None for what is outside, or could be."""
        path = PurePosixPath(name)
        if "\0" in name or ".." in path.parts:
            return None
        if not path.is_absolute():
            return name
        for root in (PurePosixPath(self._root.absolute()), USUAL):
            if path.is_relative_to(root):
                return str(path.relative_to(root))
        return None


def recorded_words(root: Path) -> Path | None:
    """Find the list of words of a configuration folder: below one of the folders above it.

    So the machine's own, and that of a system which was unpacked into a folder.
    """
    for above in root.resolve().parents:
        for name in (WORDS, f"{WORDS}.gz"):
            if (above / name).is_file():
                return above / name
    return None


def listed_words(path: Path) -> bytes:
    """Read such a list, unpacked; Unreadable where it cannot be read."""
    try:
        if path.suffix != ".gz":
            return _bytes(path, MOST_WORDS)
        with gzip.open(path) as packed:
            return packed.read(MOST_WORDS)
    except (OSError, EOFError) as error:
        raise Unreadable(_unreadable(path, error)) from None


def _bytes(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _unreadable(path: Path, error: Exception) -> Diagnostic:
    why = getattr(error, "strerror", None) or str(error)
    return codes.FOLDER_UNREADABLE(Span(str(path)), path=path, why=why)


DATABASE = """\
{what} come from a database here (realtime), and are not read: export them to {file}, and import again"""
UNREAD: Mapping[str, str] = {
    # contrib/scripts/sip_to_pjsip of Asterisk's source, up to 20; 21 has no chan_sip.
    "sip.conf": "{count} of chan_sip are not read: Asterisk's sip_to_pjsip.py makes pjsip.conf of "
    "them, then import again; members and Dial() of SIP/… become PJSIP/…",
    # res_pjsip_config_wizard.
    "pjsip_wizard.conf": "{count} of the wizard are not read: on the server, `asterisk -rx 'pjsip "
    "export config_wizard primitives to FILE'` writes them as sections of pjsip.conf",
    "users.conf": "{count} of users.conf are not read: write each person's phone into pjsip.conf, "
    "and the mailbox into voicemail.conf",
    "iax.conf": "{count} of IAX2 are not read: ccstate has SIP phones and SIP trunks only",
    "chan_dahdi.conf": "{count} of DAHDI are not read: ccstate has SIP phones and SIP trunks only",
    "skinny.conf": "{count} of Skinny are not read: ccstate has SIP phones only",
    "sccp.conf": "{count} of SCCP are not read: ccstate has SIP phones only",
    "extensions.ael": "the dialplan in AEL is not read: `aelparse -w` makes extensions.conf of it",
    "extensions.lua": "the dialplan in Lua is not read, and what is dialled there is in no object",
    "agents.conf": "{count} of AgentLogin() are not read: agents of a queue log in to it",
    "queuerules.conf": "{count} of penalties that change while callers wait are not read",
    "meetme.conf": "{count} of conferences are not read",
    "features.conf": "{count} of features in a call are not read: ccstate sets codes of its own, "
    + ", ".join(f"{name} => {code}" for name, code in CODES.items()),
    "minivm.conf": "{count} of MiniVM are not read",
    "dundi.conf": "{count} of DUNDi are not read: ccstate looks nowhere else for what was dialled",
    "sla.conf": "{count} of shared lines are not read",
}
"""Files by name, and the note on each. `{count}` is its number of sections."""
_TABLES = {
    "sipusers": ("phones", "pjsip.conf"),
    "sippeers": ("phones", "pjsip.conf"),
    "ps_endpoints": ("endpoints", "pjsip.conf"),
    "ps_auths": ("accounts of phones", "pjsip.conf"),
    "ps_aors": ("addresses of phones", "pjsip.conf"),
    "ps_registrations": ("registrations at carriers", "pjsip.conf"),
    "ps_endpoint_id_ips": ("addresses of carriers", "pjsip.conf"),
    "queues": ("queues", "queues.conf"),
    "queue_members": ("members of queues", "queues.conf"),
    "queue_rules": ("rules of penalties", "queuerules.conf"),
    "voicemail": ("mailboxes", "voicemail.conf"),
    "extensions": ("extensions of the dialplan", "extensions.conf"),
    "musiconhold": ("classes of music", "musiconhold.conf"),
}
"""Families of extconfig.conf (extconfig.conf.sample of Asterisk 22) that ccstate would read from files."""
_SORCERY = {
    "endpoint": "ps_endpoints",
    "auth": "ps_auths",
    "aor": "ps_aors",
    "registration": "ps_registrations",
    "identify": "ps_endpoint_id_ips",
}
_PROGRAMS = ("extensions.ael", "extensions.lua")
_GENERAL = frozenset({"general", "globals", "settings", "channels", "zonemessages"})


def list_unread(ledger: Ledger, read: Read, glob: Glob) -> None:
    """List each of these files that says anything, at its first section."""
    for file, reason in UNREAD.items():
        if file in _PROGRAMS:
            if line := _first_line(read(file) or b"", b"//" if file.endswith("ael") else b"--"):
                ledger.note((file, line), file, reason)
        elif sections := _saying(read, glob, file):
            count = f"{len(sections)} section{'s' * (len(sections) > 1)}"
            first = sections[0]
            place = (first.file, first.line)
            ledger.note(place, f"[{first.name}]", reason.format(count=count))
    for section in _sections(read, glob, "extconfig.conf"):
        for option in section.options:
            _table(ledger, option.key.lower(), option.value, (option.file, option.line))
    for section in _sections(read, glob, "sorcery.conf"):
        for option in section.options:
            family = _SORCERY.get(option.key.lower().partition("/")[0], "")
            if option.value.strip().startswith("realtime"):
                _table(ledger, family, option.value, (option.file, option.line))


def _table(ledger: Ledger, family: str, value: str, place: tuple[str, int]) -> None:
    if family in _TABLES:
        what, file = _TABLES[family]
        ledger.note(place, f"{family} => {value[:60]}", DATABASE.format(what=what, file=file))


def _saying(read: Read, glob: Glob, file: str) -> list[Section]:
    """Return the sections of a file that are more than settings."""
    return [
        section
        for section in _sections(read, glob, file)
        if section.name.lower() not in _GENERAL and section.options
    ]


def _sections(read: Read, glob: Glob, file: str) -> Iterator[Section]:
    if read(file) is not None:
        yield from conf.resolved(conf.read(read, glob, file))


def _first_line(text: bytes, comment: bytes) -> int:
    """Return the first line that says anything, from 1 on; 0 where there is none."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.strip().startswith((comment, b"/*", b"*", b";")):
            return number
    return 0
