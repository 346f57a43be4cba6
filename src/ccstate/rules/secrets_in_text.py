"""The rule about secrets that stand in plain text: in a label, a prompt, an account name."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

import orjson

from ccstate import kinds
from ccstate.errors import Severity
from ccstate.kinds import Path
from ccstate.kinds.shape import Leaf, walker
from ccstate.model import Resource
from ccstate.rules.rule import Breach, Estate, Reach, Rule

_NO_ROOM = re.compile(
    r"a name of|a number|an e-mail|a duration|a date|a span|an IANA|a language|a country|a moment"
    r"|a host|keys: |one key|a dialled|digits,|a count"
)
"""How fields are described whose form leaves no room for a word and its value.

They are passed over because that is faster; a field that is not known here is looked at.
"""


def _may_tell(leaf: Leaf) -> bool:
    return leaf.is_text and not (
        leaf.ref or leaf.destination or leaf.secret or _NO_ROOM.match(leaf.expected)
    )


# First glance, at everything that resources say: what no secret can do without. Most resources
# have none of it, and need not be taken apart. Names of fields, before a colon, are none of it.
# Letters that begin no hint make it fast; that is why two stand by themselves.
_HINTS = re.compile(
    (
        r"(?:pass|pwd|pin|secret|token|key|code|wort|contrase|senha|mật|密|口令|パス|暗証|비밀"
        r'|akia|gh[pousr]_|xox|k_live_)(?!":)'
    ).encode()
)
_SIGNS = [
    sign.encode()
    for sign in (
        *("pass", "pwd", "pin", "secret", "token", "key", "code", "wort", "contrase", "senha"),
        *("mật", "密", "口令", "パス", "暗証", "비밀", "akia", "gh", "xox", "k_live_"),
    )
]
_MORE_HINTS = (b"://", b'"username":')


AT_ONCE = 64
"""Resources that one glance takes in: it costs hardly more than a glance at one of them."""


@cache
def _telling(kind: str) -> list[str]:
    """List the fields of a kind that may tell, or hold some that do."""
    return [name for name, part in kinds.shape(kind).fields.items() if walker(part, _may_tell)]


def _suspicious(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Yield the resources that have something of what no secret can do without."""
    left = iter(resources)
    while some := list(islice(left, AT_ONCE)):
        if _may_hold_some(some):
            yield from (resource for resource in some if _may_hold_some([resource]))


def _may_hold_some(resources: Iterable[Resource]) -> bool:
    telling = [
        {name: r.fields[name] for name in _telling(r.address.kind) if name in r.fields}
        for r in resources
    ]
    said = orjson.dumps(telling).lower()
    return any(hint in said for hint in _MORE_HINTS) or (
        # Plain bytes first: the pattern alone takes ten times as long.
        any(sign in said for sign in _SIGNS) and bool(_HINTS.search(said))
    )


_WORDS = (
    r"pass[ -]?(?:word|code|phrase)|passwd|pwd|pin(?: code| number)?|passwort|kennwort"
    r"|mot de passe|contraseña|senha|wachtwoord|mật khẩu"
    r"|(?:access|door|entry|gate|alarm|unlock) code|(?:api|access|private|secret)[ _-]?key"
)
_VAGUE_WORDS = r"secret|(?:(?:api|access)[ _-]?)?token"
_UNSPACED_WORDS = "密码|密碼|口令|パスワード|暗証番号|비밀번호"
_NAMED = re.compile(
    rf"(?:(?<![\w-])(?:(?P<clear>{_WORDS})|(?P<vague>{_VAGUE_WORDS}))|(?P<sign>{_UNSPACED_WORDS}))"
    r"(?:"
    r"(?:\s\([^)]{1,40}\)|\s(?:for|of|to|on)(?:\s[^\s:=]+){1,3}?)?"  # for the front door
    r"(?:(?P<tight>=)(?=\S)|\s*(?:[:=：是为為は은는]|->|→)|\s+(?:is|was|ist|est|es|lautet|là|é)\b\s*:?)"
    r"|(?P<next>\s)"
    r")"
    r"\s*[\"'“‘(\[「]?(?P<value>[^\s\"'”’,;，；。)\]」]+)(?P<more>[ -][0-9])?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(19|20)[0-9]{2}")
_NO_SECRET = re.compile(
    r"env:|file:|bundle:|https?:|\$\{|<|\{"  # references and placeholders
    r"|[+0-9()./:-]+\Z"  # telephone numbers, dates, times
    r"|[0-9]+-?(digits?|characters?|letters?)\Z"
    r"|(ext|tel|x|room|level)[.:]?[0-9]+\Z"
    r"|(?-i:[A-Z]{2,10})-[0-9]+\Z"  # tickets
    r"|\S+@\S+\.\w+\Z"
    r"|1password",
    re.IGNORECASE,
)
_ODD = re.compile(r"[0-9@#$%^&*~]")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,9}://[^\s/:@]*:[^\s/@]+@", re.IGNORECASE)
_ACCOUNT = re.compile(r"(?!sips?:|tel:)[^\s:@/]+:[^\s@/:]{4,}(@\S+)?\Z", re.IGNORECASE)
_TOKEN = re.compile(
    # Forms that say whose they are: Amazon, GitHub, Slack, Stripe.
    r"AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|[sr]k_live_\w{10,}"
)
SHORTEST = 6
"""Signs of a word that counts as a password; PINs have 4 to 8 digits."""


def _evidence(text: str) -> str:
    """Explain how a secret in the text shows, without its value; "" where there is none."""
    for match in _NAMED.finditer(text):
        if _is_secret(match):
            return f'after "{match["clear"] or match["vague"] or match["sign"]}"'
    if _URL.search(text):
        return "as part of a URL"
    return "in the form of a token" if _TOKEN.search(text) else ""


def _is_secret(match: re.Match[str]) -> bool:
    value = match["value"].rstrip(".!?！？#*")
    if value.isdecimal():
        if match["next"] and (match["vague"] or _YEAR.fullmatch(value)):
            return False
        return 4 <= len(value) <= 8 and not match["more"]
    if match["next"] or len(value) < SHORTEST or _NO_SECRET.match(value):
        return False
    return bool(match["tight"] or _ODD.search(value))


_Walk: TypeAlias = Callable[[Any, Path], Iterator[tuple[Path, Leaf, str]]]


@cache
def _texts(kind: str) -> _Walk | None:
    return walker(kinds.shape(kind), _may_tell)


def _in_plain_text(estate: Estate) -> Iterator[Breach]:
    for resource in _suspicious(estate.state.values()):
        address = resource.address
        walk = _texts(address.kind)
        for path, _, text in walk(resource.fields, ()) if walk else ():
            if where := _secret_at(path, text):
                yield Breach(
                    address,
                    path,
                    f"{address} holds a secret in plain text, {where}",
                    "Everybody who may read the repository, a plan or a wallboard can use it, "
                    "and git keeps it.",
                    "change it where it is used, take it out here, and let the field that is made "
                    "for it name env:NAME, file:PATH or bundle:NAME",
                )


def _secret_at(path: Path, text: str) -> str:
    if path[-1] == "username" and _ACCOUNT.match(text):
        return "as part of the account name"
    # An Indian address has a PIN, its postal index number.
    return "" if "address" in path else _evidence(text)


RULES: tuple[Rule, ...] = (
    Rule(
        "CC260",
        "secret-in-plain-text",
        Severity.ERROR,
        "A label, a prompt or another text holds a password, a PIN or a token",
        _in_plain_text,
        Reach.OBJECT,
    ),
)
