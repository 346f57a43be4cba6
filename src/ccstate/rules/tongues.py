"""How languages tell a caller to press a key: verbs, names of keys, and the words around them."""

from collections.abc import Mapping
from typing import NamedTuple


class Tongue(NamedTuple):
    """The words of one language, as patterns for lower and upper case."""

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
    """Begins what a key is for; "" where keys are never told without the verb."""
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
    """The spoken names of 0 to 9, in order, of * and of #: a pattern each."""
    return {**dict(zip("0123456789", digits.split(), strict=True)), "*": star, "#": square}


_ENGLISH = Tongue(
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

_GERMAN = Tongue(
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

_SPANISH = Tongue(
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

_FRENCH = Tongue(
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

_ITALIAN = Tongue(
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

_VIETNAMESE = Tongue(
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

_CHINESE = Tongue(
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

TONGUES: Mapping[str, Tongue] = {
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
