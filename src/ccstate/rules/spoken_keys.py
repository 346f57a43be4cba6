"""Which keys a prompt tells the caller to press."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple
from unicodedata import normalize

from ccstate.rules.tongues import TONGUES, Tongue


class SpokenKey(NamedTuple):
    """One key that a text announces, with the words around it.

    `about` holds the words of the excerpt that say what the key is for; it may be empty.
    """

    key: str
    excerpt: str
    about: frozenset[str] = frozenset()


def is_readable(language: str) -> bool:
    """Whether we know how a language announces keys: `en-AU` yes, `el` no."""
    return language.partition("-")[0] in TONGUES


def spoken_keys(text: str, language: str) -> list[SpokenKey]:
    """Every announcement of a key in a text, in order; [] in a language that is not readable.

    Only keys that the caller is told to press: "press 2", "press two", "dial 0", "press star",
    "press 1 or 2", "press 1 for sales, 2 for billing". Numbers of several digits are no keys.
    """
    tongue = TONGUES.get(language.partition("-")[0])
    if tongue is None:
        return []
    grammar = _grammar(language.partition("-")[0])
    found: list[SpokenKey] = []
    for sentence in _SENTENCE.split(_plain(text)):
        mentions = sorted(_mentions(grammar, sentence))
        rest = _without(sentence, mentions)
        for mention, (start, end) in zip(mentions, _parts(grammar, rest, mentions), strict=True):
            about = _about(grammar, rest[start:end])
            excerpt = grammar.joint.sub("", sentence[start:end].strip(" ,;:-–"))
            found += [SpokenKey(key, excerpt, about) for key in mention.keys]
    return found


def may_announce(text: str, language: str, key: str) -> bool:
    """Whether a text could announce the key in words that `spoken_keys` does not understand.

    True where the key occurs anywhere, as sign or as word, where any key will do, and in a
    language that is not readable.
    """
    grammar = _grammar(language.partition("-")[0]) if is_readable(language) else None
    if grammar is None:
        return True
    plain = _plain(text)
    return bool(grammar.every.search(plain) or grammar.loose[key].search(plain))


class _Mention(NamedTuple):
    """Where a sentence tells a caller to press something, verb included, and what."""

    start: int
    end: int
    keys: tuple[str, ...]


class _Grammar(NamedTuple):
    """The patterns of one language, made once."""

    told: tuple[re.Pattern[str], ...]
    further: tuple[re.Pattern[str], ...]
    which: re.Pattern[str]
    loose: dict[str, re.Pattern[str]]
    every: re.Pattern[str]
    joint: re.Pattern[str]
    word: re.Pattern[str]
    idle: frozenset[str]


_SENTENCE = re.compile(r"[.!?](?=\s|$|[^\x00-\x7f])|。")
_OPENING, _CLOSING = "[\"'“‘„«(]?", "[\"'”’“»)]?"
_GROUPS = {key: f"k{place}" for place, key in enumerate("0123456789*#")}
_KEYS = {group: key for key, group in _GROUPS.items()}


def _plain(text: str) -> str:
    """The text on one line, full-width digits and signs as ordinary ones."""
    return " ".join(normalize("NFKC", text).split())


@cache
def _grammar(language: str) -> _Grammar:
    tongue = TONGUES[language]
    words = rf"{tongue.named_after}(?:{'|'.join(tongue.names.values())})"
    # Neither 1.5, 1:30, 1,000, 1-800 nor 1 800.
    digit = r"\d(?!\d|[.:]\d|,\d{3}|\s*[-–]\s*\d\d|\s+\d)"
    thing = f"(?:{tongue.thing})?" if tongue.thing else ""
    behind = r"(?!\w)" if tongue.spaced else "(?![0-9A-Za-z])"
    one = rf"{_OPENING}(?:[*#]|(?:{digit}|{words})){_CLOSING}{thing}{behind}"
    several = rf"{one}(?:\s*,\s*{one})*\s*,?\s*(?:{tongue.either}|/)\s*{tongue.article}{one}"
    reach = rf"{one}\s*(?:{tongue.reach})\s*{one}"
    guard = f"(?!{tongue.guard})" if tongue.guard else ""
    keys = rf"(?:(?P<reach>{reach})|(?P<keys>{several}|{one})(?!\s*(?:{tongue.reach})\s*\d)){guard}"
    told = [f"{tongue.lead}{keys}"]
    if tongue.later:
        told.append(rf"\b(?=\D){tongue.article}{keys}{tongue.later}")
    return _Grammar(
        tuple(_pattern(pattern) for pattern in told),
        tuple(_pattern(pattern) for pattern in _further(tongue, one)),
        _pattern("|".join([rf"(?P<{_GROUPS[k]}>{_sign(tongue, k)})" for k in _GROUPS])),
        {k: _pattern(_sign(tongue, k, "")) for k in _GROUPS},
        _pattern(tongue.every),
        _pattern(rf"[\s,;]+(?:{tongue.either})$"),
        re.compile(r"\w+" if tongue.spaced else r"\w"),
        frozenset(tongue.idle.split()),
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _sign(tongue: Tongue, key: str, named_after: str | None = None) -> str:
    """A pattern of one key, as sign or as word."""
    before = tongue.named_after if named_after is None else named_after
    edge = r"\b" if tongue.spaced and not before else ""
    sign = re.escape(key) if key in "*#" else rf"(?<!\d){key}(?!\d)"
    return rf"{sign}|{before}{edge}(?:{tongue.names[key]})"


def _further(tongue: Tongue, one: str) -> Iterator[str]:
    """Keys that follow without the verb: "press 1 for sales, 2 for billing"."""
    if not tongue.purpose:
        return
    choice = tongue.either.partition("|")[0]
    joint = rf"(?:[,;]\s*(?:(?:{tongue.either})\s+)?|\b{choice}\s+)"
    keys = rf"{tongue.article}(?P<keys>{one})"
    yield rf"{joint}{keys}\s+(?:{tongue.purpose})\b(?!\s*\d)"
    what = rf"\b(?:{tongue.purpose})\b[^,.;:]{{1,80}},\s*"
    yield rf"{what}{keys}(?=\s*(?:[,.;]|$|(?:{tongue.either})\b))"


def _mentions(grammar: _Grammar, sentence: str) -> Iterator[_Mention]:
    taken = [
        mention
        for pattern in grammar.told
        for match in pattern.finditer(sentence)
        if (mention := _mention(grammar, match, match.start(), match.end()))
    ]
    yield from taken
    if not taken:
        return
    first = min(mention.start for mention in taken)
    spans = [(mention.start, mention.end) for mention in taken]
    for pattern in grammar.further:
        for match in pattern.finditer(sentence, first):
            start, end = match.span("keys")
            is_new = all(end <= low or start >= high for low, high in spans)
            if is_new and (mention := _mention(grammar, match, start, end)):
                spans.append((start, end))
                yield mention


def _mention(grammar: _Grammar, match: re.Match[str], start: int, end: int) -> _Mention | None:
    groups = match.groupdict()
    group = "reach" if groups.get("reach") else "keys"
    low, high = match.span(group)
    signs = grammar.which.finditer(match.string, low, high)
    keys = [_KEYS[sign.lastgroup] for sign in signs if sign.lastgroup]
    if group == "reach":
        first, last = keys[0], keys[-1]
        if not (first + last).isdigit() or first >= last:
            return None
        keys = [str(number) for number in range(int(first), int(last) + 1)]
    return _Mention(start, end, tuple(dict.fromkeys(keys)))


def _parts(grammar: _Grammar, rest: str, mentions: list[_Mention]) -> list[tuple[int, int]]:
    """From where to where a sentence speaks of each mention; `rest` is it without them.

    "For sales, press 1" begins after the mention before; "press 1 for sales" ends where the next
    one begins.
    """
    if not mentions:
        return []
    ends = [0, *(mention.end for mention in mentions)]
    starts = [*(mention.start for mention in mentions), len(rest)]
    before = [(ends[place], mention.end) for place, mention in enumerate(mentions)]
    after = [(mention.start, starts[place + 1]) for place, mention in enumerate(mentions)]
    leads = bool(_about(grammar, rest[: ends[1]]))
    chosen, other = (before, after) if leads else (after, before)
    return [
        part if _about(grammar, rest[slice(*part)]) else spare
        for part, spare in zip(chosen, other, strict=True)
    ]


def _without(sentence: str, mentions: list[_Mention]) -> str:
    """The sentence with blanks in place of the mentions."""
    for mention in mentions:
        blank = " " * (mention.end - mention.start)
        sentence = sentence[: mention.start] + blank + sentence[mention.end :]
    return sentence


def _about(grammar: _Grammar, part: str) -> frozenset[str]:
    return frozenset(grammar.word.findall(part.casefold())) - grammar.idle
