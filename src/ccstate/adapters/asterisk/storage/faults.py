"""What goes wrong with the folder of Asterisk's configuration: where, what, why, what to do next."""

import errno
from collections.abc import Sequence

from ccstate.adapters.asterisk.ami.message import shown
from ccstate.errors import Diagnostic, Span

LARGEST = 64 * 1024 * 1024

_HINTS = {
    errno.EACCES: "let the user who runs ccstate write there: owner, group and mode of the folder",
    errno.EPERM: "let the user who runs ccstate write there: owner, group and mode of the folder",
    errno.ENOSPC: "free space on that disk, then try again",
    errno.EDQUOT: "free space, or raise the user's quota, then try again",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`), then try again",
    errno.EROFS: "mount it writable, or name the folder that Asterisk really reads",
}


def path_refused(path: str, why: str) -> Diagnostic:
    return Diagnostic(
        "CC434",
        f"{shown(path)!r} is no path inside of the folder: {why}",
        cause="ccstate reads and writes nowhere but in the folder that ccstate.yaml names",
        hint="take a relative path without `..`",
    )


def leads_out(place: str, path: str) -> Diagnostic:
    return Diagnostic(
        "CC434",
        f"{path} in {place} is a link that leads out of that folder",
        span=Span(f"{place}/{path}"),
        cause="ccstate reads and writes nowhere but in the folder that ccstate.yaml names",
        hint="replace the link by what it leads to, or name the folder it leads to",
    )


def no_folder(place: str, why: str) -> Diagnostic:
    return Diagnostic(
        "CC433",
        f"there is no folder {place}: {why}",
        span=Span(place),
        cause="an empty folder would read as if everything had been deleted, so ccstate makes none",
        hint="check the folder under `connection` in ccstate.yaml; Asterisk calls it `astetcdir`",
    )


def unreadable(place: str, path: str, why: str) -> Diagnostic:
    return Diagnostic(
        "CC433",
        f"{path} in {place} cannot be read: {why}",
        span=Span(f"{place}/{path}"),
        cause="what is stored is not known, so nothing can be planned",
        hint="let the user who runs ccstate read it",
    )


def cut(place: str, why: str, hint: str) -> Diagnostic:
    return Diagnostic(
        "CC439",
        f"{place} could not be read: {why}",
        span=Span(place),
        cause="what is stored is not known, so nothing can be planned",
        hint=hint,
    )


def too_large(place: str, path: str) -> Diagnostic:
    return Diagnostic(
        "CC436",
        f"{path} in {place} has more than {LARGEST // 1024 // 1024} MB",
        span=Span(f"{place}/{path}"),
        cause="no configuration of one server is that large",
        hint="look at what it is",
    )


def not_staged(place: str, path: str, why: str, hint: str) -> Diagnostic:
    return Diagnostic(
        "CC435",
        f"{path} could not be written to {place}: {why}",
        span=Span(f"{place}/{path}"),
        cause="Asterisk keeps what it has: nothing was replaced",
        hint=hint,
    )


def not_changed(place: str, path: str, why: str, hint: str, done: Sequence[str]) -> Diagnostic:
    """A file could not be replaced or removed; `done` were, before it."""
    before = f"{', '.join(done)} had been done before" if done else "nothing was changed before"
    return Diagnostic(
        "CC435",
        f"{path} in {place} could not be replaced or removed: {why}",
        span=Span(f"{place}/{path}"),
        cause=f"each file is the old one or the new one, none is half of both; {before}",
        hint=hint or "plan again: it shows what is left to do",
    )


def hint_for(error: OSError) -> str:
    return _HINTS.get(error.errno or 0, "")


def reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
