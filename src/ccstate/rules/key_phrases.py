"""The keys that a prompt tells callers to press, found by the words of each language for it."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple
from unicodedata import normalize


class KeyPhrases(NamedTuple):
    """The key phrases of one language, as patterns for lower and upper case."""

    names: Mapping[str, str]
    """The spoken names of keys."""
    lead: str
    """What stands before the keys: "press the"."""
    thing: str = ""
    """What may be joined to a key: " key", "-Taste"."""
    guard: str = ""
    """What shows that it was no key after all: " digits", " days"."""
    either: str = "or"
    """Joins the last keys of a list; the first alternative leaves a choice."""
    reach: str = "to"
    """Joins the ends of a range."""
    article: str = ""
    """What may stand before a further key: "the "."""
    purpose: str = ""
    """Begins what a key is for; "" where keys are never announced without the verb."""
    later: str = ""
    """The verb behind the keys, where a language puts it there."""
    named_after: str = ""
    """What must stand before the name of a key, where the word means other things, too."""
    every: str = ""
    """Says that any key will do."""
    idle: str = ""
    """Words that tell nothing about what a key is for."""
    spaced: bool = True
    """False where the language puts no spaces between words."""


def _names(digits: str, star: str, square: str) -> dict[str, str]:
    """Return the spoken names of 0 to 9, in order, of * and of #: a pattern each."""
    return {**dict(zip("0123456789", digits.split(), strict=True)), "*": star, "#": square}


_ENGLISH = KeyPhrases(
    _names(
        r"zero|nought|oh one(?!\s+(?:key|button|number|option|of|more|at|by)\b) two three four five"
        " six seven eight nine",
        "star|asterisk",
        "hash|pound|square",
    ),
    lead=r"(?<!not )(?<!n't )(?<!n’t )\b(?:"
    r"(?:press|push|dial|key in)(?:ing)?\s+(?:(?:or|and)\s+say\s+)?(?:please\s+)?(?:either\s+)?"
    r"(?:the\s+)?(?:(?:number|key|digit|option|button)\s+)?"
    # "Choose two products" asks for no key; "choose 2" and "choose option two" do.
    r"|(?:select|choose|enter|touch|tap|hit)\s+"
    r"(?:(?:the\s+)?(?:number|key|option|button)\s+|(?=[\d*#\"'“‘])))",
    thing=r"\s+(?:key|button|sign)",
    guard=r"[\s-]*(?:digits?|numbers?|characters?|times|minutes?|seconds?|hours?|days?|weeks?"
    r"|months?|years?|o'clock|[ap]\.?m)\b|\s+(?:of|more)\b",
    either="or|and",
    reach="to|through|-|–",
    article=r"(?:the\s+)?(?:(?:number|key|option)\s+)?",
    purpose="for|to|if|when",
    every=r"\bany (?:other )?(?:key|digit|button|number)\b",
    idle="again once more please simply just or and to for the if you your at any time is this"
    " option number key button now a an can could may also otherwise either then it we",
)

_GERMAN = KeyPhrases(
    _names(
        "null eins zwei|zwo drei vier fünf sechs sieben acht neun",
        "stern(?:chen)?",
        "raute",
    ),
    lead=r"(?<!nicht )\b(?:drücken|wählen|tippen)\s+(?:sie\s+)?(?:bitte\s+)?(?:auf\s+)?"
    r"(?:entweder\s+)?(?:die\s+)?(?:(?:taste|ziffer|zahl|nummer)\s+)?",
    thing=r"\s*-?taste",
    guard=r"[\s-]*(?:mal|stellen|stellig\w*|ziffern|uhr|stunden?|minuten?|tagen?|der|von)\b",
    either="oder|und",
    reach="bis|-|–",
    article=r"(?:die\s+)?(?:(?:taste|ziffer)\s+)?",
    purpose="für|um|wenn|falls",
    later=r"\s+(?:drücken|wählen)\b",
    every=r"\bbeliebigen? taste\b",
    idle="für die der das den um zu wenn sie bitte oder und noch einmal nochmals erneut mit in können auch ein eine",
)

_SPANISH = KeyPhrases(
    _names(
        "cero uno dos tres cuatro cinco seis siete ocho nueve",
        "asterisco|estrella",
        "almohadilla|numeral|gato",
    ),
    lead=r"(?<!no )\b(?:marque|marca|pulse|pulsa|presione|presiona|oprima|oprime|digite)\s+"
    r"(?:en\s+)?(?:el\s+|la\s+)?(?:(?:número|tecla|opción|dígito|botón|signo)\s+)?(?:de\s+)?",
    guard=r"\s+(?:veces|dígitos|números|cifras|horas|días|minutos|de|o más)\b",
    either="o|u|y",
    reach="al?|-|–",
    article=r"(?:el\s+|la\s+)?(?:tecla\s+)?",
    purpose="para|si",
    every=r"\bcualquier (?:tecla|número)\b",
    idle="para de del la el los las un una si usted con o y por favor otra vez nuevamente puede también",
)

_FRENCH = KeyPhrases(
    _names(
        # "un" is "a" as well: "tapez un code".
        r"zéro un(?=\s*(?:[,.;]|$|pour\b|ou\b)) deux trois quatre cinq six sept huit neuf",
        "étoile|astérisque",
        "dièse|carré",
    ),
    lead=r"(?<!pas )\b(?:appuyez|tapez|faites|composez|pressez|sélectionnez)\s+(?:sur\s+)?"
    r"(?:la\s+|le\s+|l['’]\s*)?(?:(?:touche|chiffre|numéro|option)\s+)?(?:le\s+)?",
    guard=r"\s+(?:fois|chiffres|numéros|heures|minutes|jours|ou plus|des|de)\b",
    either="ou|et",
    reach="à|-|–",
    article=r"(?:la\s+|le\s+|l['’]\s*)?(?:touche\s+)?",
    purpose="pour|si",
    every="n['’]importe quelle touche",
    idle="pour le la les un une de du des si vous et ou à nouveau encore pouvez aussi",
)

_ITALIAN = KeyPhrases(
    _names(
        "zero uno due tre quattro cinque sei sette otto nove",
        "asterisco|stella",
        "cancelletto",
    ),
    lead=r"(?<!non )\b(?:premere|prema|premi|digitare|digiti|digita|selezionare|selezioni)\s+"
    r"(?:il\s+|la\s+|lo\s+|l['’]\s*)?(?:(?:tasto|numero|opzione|cifra)\s+)?",
    guard=r"\s+(?:volte|cifre|numeri|ore|minuti|giorni|dei|degli|delle|o più)\b",
    either="o|e",
    reach="a|-|–",
    article=r"(?:il\s+|la\s+|l['’]\s*)?(?:tasto\s+)?",
    purpose="per|se",
    every=r"\b(?:qualsiasi|qualunque) tasto\b",
    idle="per il la lo i gli le un una di del se o e di nuovo ancora può anche",
)

_VIETNAMESE = KeyPhrases(
    _names(
        "không một hai ba bốn năm sáu bảy tám chín",
        "sao",
        "thăng",
    ),
    lead=r"(?<!không )(?<!đừng )\b(?:bấm|nhấn|ấn|chọn|quay)\s+(?:vào\s+)?(?:phím\s+)?(?:số\s+)?"
    r"(?:dấu\s+)?",
    guard=r"\s+(?:lần|chữ số|số|giờ|ngày|phút)\b",
    either="hoặc|hay",
    reach="đến|-|–",
    article=r"(?:phím\s+)?(?:số\s+)?(?:dấu\s+)?",
    purpose="để|nếu",
    # không: not; năm: year; ba: father
    named_after=r"(?:(?<=phím )|(?<=số )|(?<=dấu ))",
    every="phím bất kỳ|bất kỳ phím",
    idle="để quý vị xin vui lòng nếu hoặc muốn lại một lần nữa",
)

_CHINESE = KeyPhrases(
    _names(
        "零|〇 一 二|两|兩 三 四 五 六 七 八 九",
        "星|米字",
        "井字|井",
    ),
    lead=r"(?<![不勿])(?:按下|按|拨|撥|选择|選擇)\s*(?:数字|數字|号码|號碼)?\s*[键鍵]?\s*",
    thing=r"\s*(?:[号號字]\s*)?[键鍵]",
    guard=r"\s*(?:[下次位个個直按十百千年月日点點时時分]|小时|小時)",
    either="或者?|和|及",
    reach="至|到|-|–",
    every="任意[键鍵]|任何[键鍵]",
    idle="请 請 或 者 如 果 您 要 需 想 再 次 重 键 鍵 号 號 的 了",
    spaced=False,
)

KEY_PHRASES: Mapping[str, KeyPhrases] = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "es": _SPANISH,
    "fr": _FRENCH,
    "it": _ITALIAN,
    "vi": _VIETNAMESE,
    "zh": _CHINESE,
    "cmn": _CHINESE,
    "yue": _CHINESE,
}
"""By the language of a tag such as `en-AU`: its first part."""


class SpokenKey(NamedTuple):
    """One key that a text announces, with the words around it.

    `about` holds the words of the excerpt that say what the key is for; it may be empty.
    """

    key: str
    excerpt: str
    about: frozenset[str] = frozenset()


def is_readable(language: str) -> bool:
    """Check whether we know how a language announces keys: `en-AU` yes, `el` no."""
    return language.partition("-")[0] in KEY_PHRASES


def spoken_keys(text: str, language: str) -> list[SpokenKey]:
    """List the announcements of keys in a text, in order; [] in a language that is not readable.

    Only keys that the prompt asks the caller to press: "press 2", "press two", "dial 0", "press star",
    "press 1 or 2", "press 1 for sales, 2 for billing". Numbers of several digits are no keys.
    """
    phrases = KEY_PHRASES.get(language.partition("-")[0])
    if phrases is None:
        return []
    grammar = _grammar(language.partition("-")[0])
    found: list[SpokenKey] = []
    for sentence in _SENTENCE.split(_one_line(text)):
        mentions = sorted(_mentions(grammar, sentence))
        rest = _blank_mentions(sentence, mentions)
        for mention, (start, end) in zip(mentions, _parts(grammar, rest, mentions), strict=True):
            about = _about(grammar, rest[start:end])
            excerpt = grammar.joint.sub("", sentence[start:end].strip(" ,;:-–"))
            found += [SpokenKey(key, excerpt, about) for key in mention.keys]
    return found


def may_announce(text: str, language: str, key: str) -> bool:
    """Check whether a text could announce the key in words that `spoken_keys` does not understand.

    True where the key occurs anywhere, as sign or as word, where any key will do, and in a
    language that is not readable.
    """
    grammar = _grammar(language.partition("-")[0]) if is_readable(language) else None
    if grammar is None:
        return True
    plain = _one_line(text)
    return bool(grammar.every.search(plain) or grammar.loose[key].search(plain))


class _Mention(NamedTuple):
    """The part of a sentence that asks for a key, verb included, and the keys."""

    start: int
    end: int
    keys: tuple[str, ...]


class _Grammar(NamedTuple):
    """The patterns of one language, made once."""

    announced: tuple[re.Pattern[str], ...]
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


def _one_line(text: str) -> str:
    """Put the text on one line, full-width digits and signs as ordinary ones."""
    return " ".join(normalize("NFKC", text).split())


@cache
def _grammar(language: str) -> _Grammar:
    phrases = KEY_PHRASES[language]
    words = rf"{phrases.named_after}(?:{'|'.join(phrases.names.values())})"
    # Neither 1.5, 1:30, 1,000, 1-800 nor 1 800.
    digit = r"\d(?!\d|[.:]\d|,\d{3}|\s*[-–]\s*\d\d|\s+\d)"
    thing = f"(?:{phrases.thing})?" if phrases.thing else ""
    behind = r"(?!\w)" if phrases.spaced else "(?![0-9A-Za-z])"
    one = rf"{_OPENING}(?:[*#]|(?:{digit}|{words})){_CLOSING}{thing}{behind}"
    several = rf"{one}(?:\s*,\s*{one})*\s*,?\s*(?:{phrases.either}|/)\s*{phrases.article}{one}"
    reach = rf"{one}\s*(?:{phrases.reach})\s*{one}"
    guard = f"(?!{phrases.guard})" if phrases.guard else ""
    keys = (
        rf"(?:(?P<reach>{reach})|(?P<keys>{several}|{one})(?!\s*(?:{phrases.reach})\s*\d)){guard}"
    )
    announced = [f"{phrases.lead}{keys}"]
    if phrases.later:
        announced.append(rf"\b(?=\D){phrases.article}{keys}{phrases.later}")
    return _Grammar(
        tuple(_pattern(pattern) for pattern in announced),
        tuple(_pattern(pattern) for pattern in _verbless_patterns(phrases, one)),
        _pattern("|".join([rf"(?P<{_GROUPS[k]}>{_sign(phrases, k)})" for k in _GROUPS])),
        {k: _pattern(_sign(phrases, k, "")) for k in _GROUPS},
        _pattern(phrases.every),
        _pattern(rf"[\s,;]+(?:{phrases.either})$"),
        re.compile(r"\w+" if phrases.spaced else r"\w"),
        frozenset(phrases.idle.split()),
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _sign(phrases: KeyPhrases, key: str, named_after: str | None = None) -> str:
    """Return a pattern of one key, as sign or as word."""
    before = phrases.named_after if named_after is None else named_after
    edge = r"\b" if phrases.spaced and not before else ""
    sign = re.escape(key) if key in "*#" else rf"(?<!\d){key}(?!\d)"
    return rf"{sign}|{before}{edge}(?:{phrases.names[key]})"


def _verbless_patterns(phrases: KeyPhrases, one: str) -> Iterator[str]:
    """Yield patterns of keys without the verb: "press 1 for sales, 2 for billing"."""
    if not phrases.purpose:
        return
    choice = phrases.either.partition("|")[0]
    joint = rf"(?:[,;]\s*(?:(?:{phrases.either})\s+)?|\b{choice}\s+)"
    keys = rf"{phrases.article}(?P<keys>{one})"
    yield rf"{joint}{keys}\s+(?:{phrases.purpose})\b(?!\s*\d)"
    what = rf"\b(?:{phrases.purpose})\b[^,.;:]{{1,80}},\s*"
    yield rf"{what}{keys}(?=\s*(?:[,.;]|$|(?:{phrases.either})\b))"


def _mentions(grammar: _Grammar, sentence: str) -> Iterator[_Mention]:
    taken = [
        mention
        for pattern in grammar.announced
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
    """Return from where to where a sentence speaks of each mention; `rest` is it without them.

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


def _blank_mentions(sentence: str, mentions: list[_Mention]) -> str:
    """Return the sentence with blanks in place of the mentions."""
    for mention in mentions:
        blank = " " * (mention.end - mention.start)
        sentence = sentence[: mention.start] + blank + sentence[mention.end :]
    return sentence


def _about(grammar: _Grammar, part: str) -> frozenset[str]:
    return frozenset(grammar.word.findall(part.casefold())) - grammar.idle
