"""Text that stays text: nothing in it that a reader could not see, and nothing that Markdown brings to life."""

import re

# Written out, not taken from `unicodedata`: the same in every version of Python. Controls, soft
# hyphen, bidi marks and overrides, characters without width, fillers, surrogates, noncharacters,
# tags and the selectors that can hide text.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(chr(plane << 16 | end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF))
    + "]|#(?=#[A-Za-z]*\\[)"  # how commands to build servers begin: see `inert`
)
_SPELLED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
# U+FFFD stands for what could not be decoded, and is harmless.
_KEPT = "\ufffd"


def safe(text: str) -> str:
    r"""Escape everything in the text that a reader could not see: `\x1b`, `\u202e`."""
    return _UNSAFE.sub(spelled, text)


def spelled(match: re.Match[str]) -> str:
    """Spell one character that a reader could not see."""
    character = match[0]
    if character == _KEPT:
        return character
    if character in _SPELLED:
        return _SPELLED[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def code_span(inner: str) -> str:
    """Write text, made `safe`, as a code span: no link, image, mention or tag in it comes alive.

    Its fence is longer than any run of backticks inside, so that nothing in it can end it.
    Source: CommonMark 0.31, "Code spans".
    """
    if not inner.strip(" "):
        return '`""`'
    longest = max((len(run) for run in re.findall("`+", inner)), default=0)
    fence = "`" * (longest + 1)
    # One space on either side is taken off again, and keeps backticks and spaces apart from it.
    pad = " " if inner[0] in "` " or inner[-1] in "` " else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


JOINER = "\N{WORD JOINER}"
"""Without width and without a break: it keeps apart what means something together."""

# What Markdown or HTML takes for a sign: CommonMark 0.31, "Backslash escapes"; `|` and `~` of GFM 0.29;
# `$` of formulas on GitHub and GitLab.
_SIGN = re.compile(r"[\\`*_{}\[\]<>#|~$&!^]")
# What begins a list or a heading where text begins a line or an item.
_BEGINS_BLOCK = re.compile(r"\A(?:([-+=])|([0-9]{1,9})([.)]))")
# Signs before a word that refer to people, issues, labels and more: docs.github.com, "Autolinked
# references and URLs"; GitLab 17, "GitLab-specific references". Hosts look for them in the text after
# Markdown was read, where a backslash no longer counts; so they are kept apart from the word.
_REFERS = re.compile(r"(?<=[@#!~%&$^])(?=[^\s@#!~%&$^\\])|(?<=GH)(?=-[0-9])|(?<=\[)(?=[a-z]+:)")
# Addresses that become links by themselves: GFM 0.29, "Autolinks (extension)"; `:name:` is an emoji.
_LINKS = re.compile(
    r"(?<=[A-Za-z]:)(?=//)|(?<=www)(?=\.)|(?<=:)(?=(?:[0-9_+-]*[a-z][a-z0-9_+-]*|100|1234|[+-]1):)",
    re.I,
)


def sentence_words(text: str) -> str:
    """Write text, made `safe`, as words of a sentence, in which nothing comes alive."""
    apart = kept_apart(text.strip(" "))
    if not apart:
        return "“”"
    escaped = _SIGN.sub(lambda sign: f"\\{sign[0]}", apart)
    return _BEGINS_BLOCK.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", escaped)


def kept_apart(text: str) -> str:
    """Keep signs apart from the words behind them, where a host would look for people and issues."""
    return _LINKS.sub(JOINER, _REFERS.sub(JOINER, text))
