"""Secrets in clear in the project file: a password in a connection is in git for ever."""

from collections.abc import Iterator, Mapping

from ccstate.desired.findings import Finding, repr_
from ccstate.kinds import Path
from ccstate.model import Json

_NAMES = ("password", "passwd", "secret", "token", "pin", "key")
_REFERENCES = ("env:", "file:")


def plain_secrets(connection: Mapping[str, Json], file: str, root: Path) -> Iterator[Finding]:
    """Fields of a connection which, by their name, hold a secret, and hold it in clear.

    An adapter's fields are its own: only their names tell what they hold.
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
                "Whoever can read this file can use it, and git keeps it for ever.",
                f"replace it by env:{_variable(name)}, set that variable, and change the secret",
            )


def _is_reference(value: Json) -> bool:
    return isinstance(value, str) and (not value or value.startswith(_REFERENCES))


def _variable(name: str) -> str:
    """A name for the variable: `AMI_PASSWORD` for `ami-password`."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
