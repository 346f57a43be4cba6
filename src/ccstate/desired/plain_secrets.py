"""Find secrets in clear in the project file: a password in a connection is in git for ever."""

import re
from collections.abc import Iterator, Mapping

from ccstate.desired.findings import Finding, repr_
from ccstate.kinds import Path
from ccstate.model import Json

_NAMES = ("password", "passwd", "secret", "token", "pin", "key")
_REFERENCES = ("env:", "file:")
_IN_ADDRESS = re.compile(r"(?<![^/\s])(?!(?:sips?|mailto):)[^\s/@:]*:[^\s/@]+@", re.IGNORECASE)
"""`user:password@` of an address, as in `postgresql://user:password@host/name`."""
_IN_OPTIONS = re.compile(
    rf"(?:^|[?&;\s])\w*(?:{'|'.join((*_NAMES, 'pwd'))})=(?!env:|file:)[^&;\s]", re.IGNORECASE
)
"""`?password=…` of an address, or `password=…` between blanks."""


def plain_secrets(connection: Mapping[str, Json], file: str, root: Path) -> Iterator[Finding]:
    """Find fields of a connection that hold a secret in clear, by their name or in an address.

    An adapter's fields are its own: only names and forms show what they hold. No message quotes a value.
    """
    for name, value in connection.items():
        yield from _below(name, value, file, (*root, name))


def _below(name: str, value: Json, file: str, path: Path) -> Iterator[Finding]:
    match value:
        case dict():
            yield from plain_secrets(value, file, path)
        case list():
            for place, item in enumerate(value):
                yield from _below(name, item, file, (*path, place))
        case bool() | None:
            pass
        case _ if name.lower().endswith(_NAMES) and not _is_reference(value):
            yield Finding(
                file,
                path,
                "CC116",
                f"{repr_(name)} holds a secret in clear",
                "Everyone who can read this file can use it, and git keeps it for ever.",
                f"replace it by env:{_variable(name)}, set that variable, and change the secret",
            )
        case str() if not _is_reference(value) and _holds_a_password(value):
            yield Finding(
                file,
                path,
                "CC116",
                f"{repr_(name)} holds a secret in clear, inside of an address",
                "Everyone who can read this file can use it, and git keeps it for ever.",
                "take it out of the address, and change it; the adapter's page says where secrets go",
            )


def _holds_a_password(text: str) -> bool:
    return bool(_IN_ADDRESS.search(text) or _IN_OPTIONS.search(text))


def _is_reference(value: Json) -> bool:
    return isinstance(value, str) and (not value or value.startswith(_REFERENCES))


def _variable(name: str) -> str:
    """Suggest a name for the variable: `AMI_PASSWORD` for `ami-password`."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
