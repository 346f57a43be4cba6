"""Texts of a dialplan: arguments split, variables filled in, expressions computed.

Source: `ast_str_substitute_variables_full` in main/pbx_variables.c, `__ast_app_separate_args` in
main/app.c, main/ast_expr2.y and ast_expr2.fl of Asterisk 18. In expressions, texts in quotes are
texts: `"10" > "9"` compares letters, `10 > 9` numbers. What has no such form is a syntax error,
which is not followed, but for a first operand that is missing.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.interpreter.call import NotFollowed

OPAQUE = "\ue0ff"
"""Stands around the name of a value that cannot be known: an identifier, a time in seconds."""


def opaque(name: str) -> str:
    """Mark a value that cannot be known; conditions on it are not followed."""
    return f"{OPAQUE}{name.replace(OPAQUE, '')[:60]}{OPAQUE}"


def require_known(text: str) -> str:
    """Return the text, where no value in it is one that cannot be known."""
    if OPAQUE in text:
        name = text.partition(OPAQUE)[2].partition(OPAQUE)[0]
        raise NotFollowed(f"it depends on {name or 'a value'}, which cannot be known beforehand")
    return text


LONGEST = 8_192
"""Characters of a text with its variables filled in; Asterisk has 4,096 bytes."""
MOST_INSIDE = 40
"""Variables inside of variables."""


def fill(
    text: str, value: Callable[[str], str], expression: Callable[[str], str], deep: int = 0
) -> str:
    """Fill in `${…}` and `$[…]` in the text, innermost first, each once."""
    if deep > MOST_INSIDE:
        raise NotFollowed("variables stand inside of variables too deeply")
    found: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        found.append(text[at:dollar])
        kind = text[dollar + 1 : dollar + 2]
        if kind not in ("{", "["):
            found.append("$")
            at = dollar + 1
            continue
        close = closing(text, dollar + 1)
        inside = text[dollar + 2 : close]
        if "${" in inside or "$[" in inside:
            inside = fill(inside, value, expression, deep + 1)
        found.append(value(inside) if kind == "{" else expression(inside))
        at = close + 1
        if sum(map(len, found)) > LONGEST:
            raise NotFollowed("a value is too long")
    found.append(text[at:])
    return "".join(found)


@lru_cache(maxsize=4_096)  # a call goes through the same steps again and again
def closing(text: str, at: int) -> int:
    """Find where the bracket at that place is closed; only brackets of its kind count."""
    opened, closed = text[at], {"{": "}", "[": "]"}[text[at]]
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == opened) - (text[place] == closed)
        if not depth:
            return place
    raise NotFollowed(f"{opened} is not closed")


def name_and_cut(inside: str) -> tuple[str, int, int | None]:
    """Split `NAME:offset:length`; colons in brackets belong to the name."""
    depth = 0
    for at, char in enumerate(inside):
        depth += (char == "(") - (char == ")")
        if char == ":" and not depth:
            offset, colon, length = inside[at + 1 :].partition(":")
            return inside[:at], _whole_number(offset), _whole_number(length) if colon else None
    return inside, 0, None


def _whole_number(text: str) -> int:
    text = text.strip()
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        raise NotFollowed(f"{text[:20]!r} is no offset")
    return int(text[:10])


def substring(value: str, offset: int, length: int | None) -> str:
    """Cut out a part of a value; negative numbers count from its end (`substring`, pbx_variables.c)."""
    if offset < 0:
        offset = max(len(value) + offset, 0)
    rest = value[offset:]
    if length is None:
        return rest
    if length >= 0:
        return rest[:length]
    return rest[:length] if len(rest) > -length else ""


def arguments(text: str, fewest: int = 0) -> list[str]:
    """Split arguments at commas; brackets and quotes protect them, quotes and backslashes go."""
    found = [""]
    depths = {"(": 0, "[": 0}
    is_quoted = is_escaped = False
    for char in text:
        if is_escaped:
            found[-1] += char
            is_escaped = False
        elif char == "\\":
            is_escaped = True
        elif char == '"':
            is_quoted = not is_quoted
        elif char == "," and not is_quoted and not any(depths.values()):
            found.append("")
        else:
            if char in "([":
                depths[char] += 1
            elif char in ")]":
                opened = "(" if char == ")" else "["
                depths[opened] = max(depths[opened] - 1, 0)
            found[-1] += char
    if text == "":
        found = []
    return found + [""] * (fewest - len(found))


def seconds_of(text: str) -> int | None:
    """Read the whole seconds of an argument; None where it is empty, or 0."""
    text = require_known(text).strip()
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,7})(?:\.([0-9]*))?", text)
    if not match:
        raise NotFollowed(f"{text[:30]!r} is no number of seconds")
    return int(match[1]) + bool((match[2] or "").strip("0")) or None


def queue_wait_of(text: str) -> int | None:
    """Read how many seconds Queue() lets a caller wait; None where nothing is said.

    Unlike elsewhere 0 is a wait, which ends at once: seen on Asterisk 16.28 and 22.10.
    """
    seconds = seconds_of(text)
    return 0 if seconds is None and text.strip() else seconds


def split_at_colon(text: str) -> tuple[str, str]:
    """Split a text at the first colon outside of brackets."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == ":" and depth <= 0:
            return text[:at], text[at + 1 :]
    return text, ""


def letters(options: str) -> list[str]:
    """Read options of an application: each letter, with what stands in brackets behind it."""
    return re.findall(r"[A-Za-z](?:\((?:[^()]|\([^()]*\))*\))?", options)


_TOKEN = re.compile(
    r"[ \t\r\n]+"
    r'|(?P<text>"(?:\\.|[^"\\])*"|(?:[A-Za-z0-9.\';\\_^$#@]|[^\x00-\x7f])+)'
    r"|(?P<sign>==|=~|~~|!=|>=|<=|::|[=><|&+\-*/%!?:()])"
)
DEEPEST = 50


class _Text(NamedTuple):
    """A text as it stands, quotes too."""

    text: str

    @property
    def is_number(self) -> bool:
        return bool(re.fullmatch(r"[0-9.]+", self.text)) and self.text.count(".") <= 1

    @property
    def bare(self) -> str:
        """Return the text without the quotes around it."""
        return self.text.replace('"', "") if '"' in self.text else self.text


_Value: TypeAlias = _Text | Decimal


@lru_cache(maxsize=1_024)
def evaluate(expression: str) -> str:
    """Evaluate an expression whose variables are filled in."""
    tokens = _tokens(expression)
    if not tokens or _begins_with_operator(tokens):
        return ""
    parser = _Parser(tokens, expression)
    return _value_text(parser.whole())


def _begins_with_operator(tokens: list[tuple[str, str]]) -> bool:
    """Check whether the first operand is missing, as in `$[${NOTHING} = 1]`.

    That is a syntax error, which gives nothing (16.28, 22.10, seen); of others it depends on how
    far the expression was read.
    """
    kind, text = tokens[0]
    return kind == "sign" and text in {*_BINARY, "=~", ":", "~~"} - {"-"}


def is_true(text: str) -> bool:
    """Check whether a condition holds: a number other than 0, or any text (`pbx_checkcondition`)."""
    number = re.match(r"\s*([+-]?[0-9]{1,18})", text)
    return int(number[1]) != 0 if number else bool(text)


def _tokens(expression: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if not match:
            raise NotFollowed(f"the expression {expression[:60]!r} is not understood")
        if match.lastgroup:
            found.append((match.lastgroup, match[0]))
        at = match.end()
    return found


class _Parser:
    """A parser of operators by precedence, loosest first."""

    _LEVELS = (("|",), ("&",), ("=", "==", "!=", ">", "<", ">=", "<="), ("+", "-"), ("*", "/", "%"))

    def __init__(self, tokens: list[tuple[str, str]], expression: str) -> None:
        self._tokens, self._expression = tokens, expression
        self._at = self._deep = 0

    def whole(self) -> _Value:
        found = self._chosen()
        if self._at < len(self._tokens):
            raise self._syntax_error()
        return found

    def _syntax_error(self) -> NotFollowed:
        return NotFollowed(f"the expression {self._expression[:60]!r} is a syntax error")

    def _sign(self, *signs: str) -> str:
        """Take the next sign where it is one of these; else ""."""
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "sign" and text in signs:
                self._at += 1
                return text
        return ""

    def _chosen(self) -> _Value:
        self._deep += 1
        if self._deep > DEEPEST:
            raise NotFollowed(f"the expression {self._expression[:60]!r} is too deep")
        condition = self._level(0)
        if self._sign("?"):
            yes = self._chosen()
            if not self._sign("::", ":"):
                raise self._syntax_error()
            no = self._chosen()
            condition = no if _is_nothing(condition) else yes
        self._deep -= 1
        return condition

    def _level(self, number: int) -> _Value:
        if number == len(self._LEVELS):
            return self._unary()
        left = self._level(number + 1)
        while sign := self._sign(*self._LEVELS[number]):
            left = _BINARY[sign](left, self._level(number + 1))
        return left

    def _unary(self) -> _Value:
        self._deep += 1
        if self._deep > DEEPEST:
            raise NotFollowed(f"the expression {self._expression[:60]!r} is too deep")
        if self._sign("!"):
            found: _Value = Decimal(int(_is_nothing(self._unary())))
        elif self._sign("-"):
            found = -_number(self._unary())
        else:
            found = self._searched()
        self._deep -= 1
        return found

    def _searched(self) -> _Value:
        left = self._primary()
        while sign := self._sign("=~", ":", "~~"):
            right = self._primary()
            if sign == "~~":
                left = _Text(_bare(left) + _bare(right))
            else:
                # `:` is a search from the first character on.
                anchor = "^" if sign == ":" else ""
                left = _found_in(_bare(left), anchor + _bare(right))
        return left

    def _primary(self) -> _Value:
        if self._sign("("):
            found = self._chosen()
            if not self._sign(")"):
                raise self._syntax_error()
            return found
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "text":
            self._at += 1
            return _Text(self._tokens[self._at - 1][1])
        raise self._syntax_error()


def _bare(value: _Value) -> str:
    return value.bare if isinstance(value, _Text) else _value_text(value)


def _value_text(value: _Value) -> str:
    if isinstance(value, _Text):
        return value.text
    if value == value.to_integral_value():
        return str(int(value))
    return f"{value.normalize():f}"


def _is_nothing(value: _Value) -> bool:
    """Check whether a value counts as false: 0, or nothing."""
    return _bare(value) in ("", "0") if isinstance(value, _Text) else value == 0


def _number(value: _Value) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not value.is_number or len(value.text) > 18 or value.text == ".":
        raise NotFollowed(f"{value.text[:40]!r} is no number")
    return Decimal(value.text)


def _compared(test: Callable[[object, object], bool]) -> Callable[[_Value, _Value], _Value]:
    def compare(left: _Value, right: _Value) -> _Value:
        texts = [v for v in (left, right) if isinstance(v, _Text) and not v.is_number]
        if texts:
            # With their quotes: `"2" = 2` does not hold (16.28, 22.10, seen).
            return Decimal(int(test(_value_text(left), _value_text(right))))
        return Decimal(int(test(_number(left), _number(right))))

    return compare


def _counted(work: Callable[[Decimal, Decimal], Decimal]) -> Callable[[_Value, _Value], _Value]:
    def count(left: _Value, right: _Value) -> _Value:
        try:
            return work(_number(left), _number(right))
        except (DivisionByZero, InvalidOperation):
            raise NotFollowed("an expression divides by zero") from None

    return count


def _and(left: _Value, right: _Value) -> _Value:
    return Decimal(0) if _is_nothing(left) or _is_nothing(right) else left


def _or(left: _Value, right: _Value) -> _Value:
    return right if _is_nothing(left) else left


_BINARY: Mapping[str, Callable[[_Value, _Value], _Value]] = {
    "|": _or,
    "&": _and,
    "=": _compared(lambda a, b: a == b),
    "==": _compared(lambda a, b: a == b),
    "!=": _compared(lambda a, b: a != b),
    ">": _compared(lambda a, b: a > b),  # type: ignore[operator]  # both texts, or both numbers
    "<": _compared(lambda a, b: a < b),  # type: ignore[operator]  # as above
    ">=": _compared(lambda a, b: a >= b),  # type: ignore[operator]  # as above
    "<=": _compared(lambda a, b: a <= b),  # type: ignore[operator]  # as above
    "+": _counted(lambda a, b: a + b),
    "-": _counted(lambda a, b: a - b),
    "*": _counted(lambda a, b: a * b),
    "/": _counted(lambda a, b: a / b),
    "%": _counted(lambda a, b: a % b),
}


_PLAIN_REGEX = re.compile(r"[A-Za-z0-9 _@#,:;+*?.^$|()\[\]{}\\/<>=!~&%'-]*")


def search_regex(pattern: str, text: str) -> "re.Match[str] | None":
    """Find where an extended regular expression matches; an unusual one is not followed."""
    is_plain = _PLAIN_REGEX.fullmatch(pattern) and not re.search(
        r"\\[A-Za-z0-9]|\[[:.=]|\(\?|\[[^\]]*\[|[*+?}][*+?{]|\)[*+{]", pattern
    )
    if not is_plain or len(pattern) > 200:
        raise NotFollowed(f"the regular expression {pattern[:60]!r} is not interpreted")
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        raise NotFollowed(f"the regular expression {pattern[:60]!r} is not interpreted") from None
    return compiled.search(text)


def _found_in(text: str, pattern: str) -> _Value:
    """Return what `=~` gives: the first group, or how many characters matched."""
    match = search_regex(pattern, text[:500])
    if match is None:
        return _Text("") if "(" in pattern else Decimal(0)
    if match.re.groups:
        return _Text(match[1] or "")
    return Decimal(match.end() - match.start())
