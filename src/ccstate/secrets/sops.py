"""Files that sops encrypted for keys of age: what they say of their keys, and what is in them.

A file in git is edited by branches. What it says of keys makes sops ask services in the network (KMS,
Vault, key services) and start programs (gpg, plugins of age), so age's own keys alone are let through.
sops gets the values as ccstate read them, and nothing of the environment but the key.
Why: docs/adr/0044-bundles-of-secrets.md. Seen with sops 3.11.
"""

import re
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from ccstate.machine import program
from ccstate.secrets import codes
from ccstate.secrets.allowed import AGE_KEY, AGE_KEY_FILE, BundleUnusable, Unresolvable

KEY = "sops"
"""Under which a file says how it is encrypted."""
ENCRYPTED = "ENC[AES256_GCM,"
NO_KEY = "is in a bundle encrypted by sops, and no key of age is here"

# Source: sops 3.11, stores/stores.go, `Metadata`. What is not named here asks a service, starts a
# program, splits the key, or came later.
_SAID = frozenset(
    {
        "age",
        "lastmodified",
        "mac",
        "version",
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "mac_only_encrypted",
    }
)
_RECIPIENT = re.compile(r"age1(?:pq1)?[02-9ac-hj-np-z]+")
"""Of age itself, classical or hybrid; that of a plugin names it before another 1, SSH keys look otherwise."""
_SECONDS = 300
"""For 100,000 secrets sops 3.11 takes a minute of a processor, and four of one that is busy."""
_STATUS = {
    128: ("cannot be decrypted by the key of age that is here", "add its recipient: `sops rotate`"),
    51: ("was changed by something else than sops", "restore it from git, and change it by sops"),
    25: ("was changed by something else than sops", "restore it from git, and change it by sops"),
}
"""What exit codes of sops mean. Source: sops 3.11, cmd/sops/codes/codes.go; 25 and 51 seen."""


def keys(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the variables that give sops its keys of age. Raises Unresolvable where there are none."""
    found = [(name, environment[name]) for name in (AGE_KEY, AGE_KEY_FILE) if environment.get(name)]
    if not found:
        # Source: sops, README, "Encrypting using age": keys.txt in the user's configuration.
        settings = environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME', '')}/.config"
        own = Path(settings, "sops/age/keys.txt")
        if not own.is_absolute() or not own.exists():
            raise Unresolvable(NO_KEY)
        found = [(AGE_KEY_FILE, str(own))]
    return tuple(found)


def decrypted(
    values: Mapping[str, Any], place: str, environment: tuple[tuple[str, str], ...]
) -> Mapping[str, Any]:
    """Return the values that sops encrypted, decrypted; what it left in clear is no secret.

    Raises BundleUnusable.
    """
    _refuse_foreign(values[KEY], place)
    secrets = {name: value for name, value in values.items() if name != KEY}
    wrong = sorted(name for name, value in secrets.items() if not isinstance(value, str))
    if wrong:
        # A number is another text in JSON than in YAML, and the MAC is made over the text.
        fault = f'has a value that is no text, at "{wrong[0]}"'
        raise _unusable(place, fault, "write names with their secrets, nothing deeper, in quotes")
    said = {name: value for name, value in values[KEY].items() if value and name in _SAID}
    found = _decrypted(orjson.dumps({**secrets, KEY: said}), place, environment)
    return {name: found[name] for name, value in secrets.items() if value.startswith(ENCRYPTED)}


@lru_cache(maxsize=1)
def _decrypted(
    document: bytes, place: str, environment: tuple[tuple[str, str], ...]
) -> Mapping[str, Any]:
    sops = program("sops")
    if sops is None:
        hint = (
            "install sops where ccstate runs: getsops.io; the PATH's relative folders do not count"
        )
        raise _unusable(place, "is encrypted, and sops is not on this machine", hint)
    form = ("--input-type", "json", "--output-type", "json")
    try:
        done = subprocess.run(  # noqa: S603 - no shell; all arguments are ours
            [sops, "decrypt", *form, "/dev/stdin"],
            input=document,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            cwd="/",  # where no branch keeps a .sops.yaml
            env={"PATH": "", **dict(environment)},
            start_new_session=True,  # no terminal to ask for a passphrase
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        fault = f"is encrypted, and sops does not answer ({type(error).__name__})"
        raise _unusable(place, fault, "run `sops decrypt` on it by hand") from None
    if done.returncode:
        fault, hint = _STATUS.get(
            done.returncode,
            (f"is refused by sops (exit code {done.returncode})", "`sops decrypt` says why"),
        )
        raise _unusable(place, fault, hint)
    try:
        values = orjson.loads(done.stdout)
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise _unusable(
            place, "is decrypted to something else than names", "`sops decrypt` shows it"
        )
    return values


def _refuse_foreign(said: object, place: str) -> None:
    """Refuse all keys but those of age. Raises BundleUnusable."""
    if not isinstance(said, dict):
        raise _unusable(
            place, 'has a "sops" that sops did not write', "encrypt it by `sops encrypt`"
        )
    foreign = sorted(name for name, value in said.items() if value and not _is_said(name, value))
    recipients = said.get("age")
    if not isinstance(recipients, list) or not all(map(_is_of_age, recipients)):
        foreign.append("age, by other recipients than age1…")
    if foreign:
        listed = ", ".join(name[:40] for name in foreign[:3])
        raise BundleUnusable(codes.BUNDLE_FOREIGN_KEYS(bundle=place, keys=listed))


def _is_said(name: str, value: object) -> bool:
    return name in _SAID and (name == "age" or isinstance(value, str | bool))


def _is_of_age(recipient: object) -> bool:
    return (
        isinstance(recipient, dict)
        and recipient.keys() == {"recipient", "enc"}
        and all(isinstance(value, str) for value in recipient.values())
        and _RECIPIENT.fullmatch(recipient["recipient"]) is not None
    )


def _unusable(place: str, fault: str, hint: str) -> BundleUnusable:
    return BundleUnusable(codes.BUNDLE_UNUSABLE(bundle=place, fault=fault, hint=hint))
