"""References to secrets, `env:SIP_1101`, `file:secrets/sip-1101`, `bundle:sip-1101`: what they hold, and its seal.

Only adapters call this. A resolved secret goes to the platform and nowhere else; plans, logs,
ledgers and observations hold its seal.

A branch may write any reference, so what one may reach is said outside of the branch: variables
that begin with `CCSTATE_SECRET_` and files below the project that git does not have; more by
`CCSTATE_SECRET_NAMES` and `CCSTATE_SECRET_FILES`; where the bundle lies by `CCSTATE_SECRET_BUNDLE`.
Why: docs/adr/0018-what-a-branch-can-contain-is-not-trusted.md.
"""

import hmac
import os
import re
import shlex
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from ccstate import codes as core  # `codes` is the catalogue beside this module
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.model import SEAL
from ccstate.secrets import bundle
from ccstate.secrets.allowed import (
    BUNDLE,
    CLOSED,
    FILES,
    IN_GIT,
    LARGE,
    LINKED,
    MAYBE_IN_GIT,
    MISSING,
    NAMES,
    NO_FILE,
    NO_TEXT,
    NOT_ALLOWED,
    OF_GIT,
    OPENS_ALL,
    OUTSIDE,
    Allowed,
    Unresolvable,
    file_text,
    may_be_allowed,
    secret_text,
)

SHOWN = 3

ABSENT = frozenset(
    {
        "is not set",
        "is empty",
        MISSING,
        CLOSED,
        bundle.NOT_THERE,
        bundle.NONE,
        bundle.NO_KEY,
        bundle.NO_TOKEN,
    }
)
"""Causes for which a secret may be elsewhere all the same: with the job that applies, which needs it."""

_FORM = "is none of env:NAME, file:path and bundle:name"
_CAUSE = "Without the secret ccstate cannot see whether it changed, and nothing can set it."
_CAUSES = {
    NOT_ALLOWED: "A branch could name any variable of the job, so who runs ccstate says which.",
    OUTSIDE: "A branch could name any file of this machine, so who runs ccstate says which.",
    LINKED: "A branch can hold a link to any file of this machine.",
    IN_GIT: "Everybody who may read the repository knows it, and a branch can change it.",
    OF_GIT: "What git and ccstate keep for themselves is no secret of a phone.",
    OPENS_ALL: "A phone whose password it were would give all other secrets away.",
}
_HINTS = {
    "is not set": "export it where ccstate runs, or correct its name",
    "is empty": "an empty secret protects nothing: give it a value",
    MISSING: "write the file, or correct its path, which starts at the project's folder",
    NO_FILE: "name a file that holds the secret and nothing else",
    CLOSED: "let the user who runs ccstate read it",
    LARGE: "name a file that holds the secret and nothing else",
    NO_TEXT: "secrets are text; write binary keys in base64",
    _FORM: "write env:NAME, file:path or bundle:name",
    LINKED: "put the file itself there, or allow the folder that it is in: "
    f"export {FILES}=/the/folder",
    IN_GIT: "change the secret, `git rm --cached` the file, and name it in .gitignore",
    OF_GIT: "put the secret into a file of its own",
    MAYBE_IN_GIT: "see that git works here: `git status`",
    OPENS_ALL: "name the one secret that is meant: bundle:name",
}


class Unresolved(InvalidInput):
    """References that lead to no secret; `causes` says why, for each of them."""

    def __init__(self, causes: Mapping[str, str]) -> None:
        self.causes = dict(causes)
        super().__init__(diagnostics(causes))


def resolve(references: Collection[str], folder: Path) -> dict[str, str]:
    """Return the secret behind each reference; a relative path starts at the project's `folder`.

    Raises Unresolved with one diagnostic a cause, over all references.
    """
    found, causes = attempt(references, folder)
    if causes:
        raise Unresolved(causes)
    return found


def attempt(references: Collection[str], folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the secrets behind those references that lead to one; for the others the cause."""
    allowed = Allowed.by(os.environ, folder)
    is_asked = any(reference.startswith("bundle:") for reference in references)
    in_bundle = bundle.lookup(allowed) if is_asked else bundle.failing(_FORM)
    found: dict[str, str] = {}
    causes: dict[str, str] = {}
    for reference in references:
        try:
            found[reference] = _secret(reference, allowed, in_bundle)
        except Unresolvable as cause:
            causes[reference] = str(cause)
    return found, causes


def key_file(path: str, folder: Path) -> Path:
    """Return the file of a private key that a connection names, under the rule for secrets.

    Raises Unresolved.
    """
    return _checked(path, folder, Allowed.secret)


def public_file(path: str, folder: Path) -> Path:
    """Return the file of certificates or of hosts' keys that a connection names; git may have it.

    Raises Unresolved where it lies outside of the project and of the folders that are allowed.
    """
    return _checked(path, folder, Allowed.opened)


def bundle_in_project(folder: Path) -> str:
    """Return the path of the bundle from the project's folder, where a branch can change it; "" elsewhere."""
    place = os.environ.get(BUNDLE, "")
    path = folder.resolve() / place
    if (
        not place
        or "://" in place
        or ".." in path.parts
        or not path.is_relative_to(folder.resolve())
    ):
        return ""
    return str(path.relative_to(folder.resolve()))


def _checked(path: str, folder: Path, open_: "Callable[[Allowed, str], int]") -> Path:
    try:
        os.close(open_(Allowed.by(os.environ, folder), path))
    except Unresolvable as cause:
        raise Unresolved({f"file:{path}": str(cause)}) from None
    return folder / path


def diagnostics(
    causes: Mapping[str, str], places: Mapping[str, Span] | None = None
) -> list[Diagnostic]:
    """Make one diagnostic a cause, with the first references and how many there are in all.

    `places` says where references stand; that of the first is shown.
    """
    problems = []
    for fault, names in _by_cause(causes).items():
        code = core.SECRET_NOT_ALLOWED if fault in _CAUSES else core.SECRET_UNRESOLVED
        listed = _enumeration(names)
        secrets = listed if len(names) == 1 else f"{len(names)} secrets: {listed}: each"
        cause, hint = _CAUSES.get(fault, _CAUSE), _hint(fault, names)
        span = (places or {}).get(names[0])
        problems.append(code(span, secrets=secrets, fault=fault, cause=cause, hint=hint))
    return problems


def _hint(cause: str, references: list[str]) -> str:
    """Say what to do; where something has to be allowed, exactly that."""
    where = [reference.partition(":")[2] for reference in references]
    if cause == NOT_ALLOWED:
        words = dict.fromkeys([*os.environ.get(NAMES, "").split(), *_patterns(where)])
        return f"where ccstate runs: export {NAMES}={shlex.quote(' '.join(words))}"
    if cause == OUTSIDE:
        folders = dict.fromkeys(str(Path(path).parent) for path in where)
        if not all(may_be_allowed(name) for name in folders):
            return "put it into a file below the project that git ignores"
        words = dict.fromkeys([*os.environ.get(FILES, "").split(os.pathsep), *folders])
        allowed = os.pathsep.join(filter(None, words))
        return f"where ccstate runs: export {FILES}={shlex.quote(allowed)}"
    return bundle.hint(cause, os.environ.get(BUNDLE, "")) or _HINTS[cause]


def _patterns(names: list[str]) -> list[str]:
    """`SIP_*` for several names that begin so; one alone is allowed alone."""
    start = re.compile(r"[A-Za-z0-9]{2,}_")
    begun = [found[0] if (found := start.match(name)) else "" for name in names]
    return [
        f"{head}*" if head and begun.count(head) > 1 else name
        for name, head in zip(names, begun, strict=True)
    ]


def counted(causes: Mapping[str, str]) -> tuple[str, ...]:
    """Describe references that lead to no secret, a text a cause: how many, and the first of them."""
    return tuple(
        f"{_enumeration(names)}: {'each ' if len(names) > 1 else ''}{cause}"
        for cause, names in _by_cause(causes).items()
    )


def _by_cause(causes: Mapping[str, str]) -> dict[str, list[str]]:
    """Group references by their cause, in order."""
    found: dict[str, list[str]] = {}
    for reference in sorted(causes):
        found.setdefault(causes[reference], []).append(reference)
    return found


def _enumeration(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def seal(key: bytes, secret: str) -> str:
    """Return a keyed hash that shows whether a secret changed, and not what it is.

    Without the key, which stays on the platform, guessing a four-digit PIN gets nowhere.
    """
    return SEAL + hmac.digest(key, secret.encode(), "sha256").hex()[:16]


def is_seal(value: object) -> bool:
    """Whether a value is of the form that `seal` returns."""
    return isinstance(value, str) and value.startswith(SEAL)


def _secret(reference: str, allowed: Allowed, in_bundle: bundle.Lookup) -> str:
    scheme, _, where = reference.partition(":")
    if scheme == "env" and where:
        text = _environment(where, allowed)
    elif scheme == "file" and where and "\0" not in where:
        text = file_text(allowed.secret(where))
    elif scheme == "bundle" and bundle.NAME.fullmatch(where):
        text = in_bundle(where)
    else:
        raise Unresolvable(_FORM)
    if not text:
        raise Unresolvable("is empty")
    return text


def _environment(name: str, allowed: Allowed) -> str:
    if not allowed.names(name):
        raise Unresolvable(NOT_ALLOWED)
    value = os.environ.get(name)
    if value is None:
        raise Unresolvable("is not set")
    return secret_text(os.fsencode(value))  # bytes that are no UTF-8 arrive as lone surrogates
