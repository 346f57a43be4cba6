"""The value of `$[…]`.

Source: main/ast_expr2.y and ast_expr2.fl of Asterisk 18. Texts in quotes are texts: `"10" > "9"`
compares letters, `10 > 9` numbers. What
has no such form is a syntax error, which is not followed, but for a first operand that is missing.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.interpreter.faults import NotFollowed

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
        """Without the quotes around it."""
        return self.text.replace('"', "") if '"' in self.text else self.text


_Value: TypeAlias = _Text | Decimal


def worked_out(expression: str) -> str:
    """What an expression, with its variables filled in, is replaced by."""
    tokens = _tokens(expression)
    if not tokens or _begins_with_operator(tokens):
        return ""
    parser = _Parser(tokens, expression)
    return _written(parser.whole())


def _begins_with_operator(tokens: list[tuple[str, str]]) -> bool:
    """Whether the first operand is missing, as in `$[${NOTHING} = 1]`.

    That is a syntax error, which gives nothing (16.28, 22.10, seen); of others it depends on how
    far the expression was read.
    """
    kind, text = tokens[0]
    return kind == "sign" and text in {*_BINARY, "=~", ":", "~~"} - {"-"}


def is_true(text: str) -> bool:
    """Whether a condition holds: a number that is not 0, or any text (`pbx_checkcondition`)."""
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
    """Operators by precedence, loosest first."""

    _LEVELS = (("|",), ("&",), ("=", "==", "!=", ">", "<", ">=", "<="), ("+", "-"), ("*", "/", "%"))

    def __init__(self, tokens: list[tuple[str, str]], expression: str) -> None:
        self._tokens, self._expression = tokens, expression
        self._at = self._deep = 0

    def whole(self) -> _Value:
        found = self._chosen()
        if self._at < len(self._tokens):
            raise self._wrong()
        return found

    def _wrong(self) -> NotFollowed:
        return NotFollowed(f"the expression {self._expression[:60]!r} is a syntax error")

    def _sign(self, *signs: str) -> str:
        """The next sign, taken, where it is one of these; else ""."""
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
                raise self._wrong()
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
                raise self._wrong()
            return found
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "text":
            self._at += 1
            return _Text(self._tokens[self._at - 1][1])
        raise self._wrong()


def _bare(value: _Value) -> str:
    return value.bare if isinstance(value, _Text) else _written(value)


def _written(value: _Value) -> str:
    if isinstance(value, _Text):
        return value.text
    if value == value.to_integral_value():
        return str(int(value))
    return f"{value.normalize():f}"


def _is_nothing(value: _Value) -> bool:
    """Whether a value counts as false: 0, or nothing."""
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
            return Decimal(int(test(_written(left), _written(right))))
        return Decimal(int(test(_number(left), _number(right))))

    return compare


def _counted(work: Callable[[Decimal, Decimal], Decimal]) -> Callable[[_Value, _Value], _Value]:
    def count(left: _Value, right: _Value) -> _Value:
        try:
            return work(_number(left), _number(right))
        except (DivisionByZero, InvalidOperation):
            raise NotFollowed("an expression divides by zero") from None

    return count


def _both(left: _Value, right: _Value) -> _Value:
    return Decimal(0) if _is_nothing(left) or _is_nothing(right) else left


def _either(left: _Value, right: _Value) -> _Value:
    return right if _is_nothing(left) else left


_BINARY: Mapping[str, Callable[[_Value, _Value], _Value]] = {
    "|": _either,
    "&": _both,
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


def searched(pattern: str, text: str) -> "re.Match[str] | None":
    """Where an extended regular expression matches; one that is unusual is not followed."""
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
    """What `=~` gives: the first group, or how many characters matched."""
    match = searched(pattern, text[:500])
    if match is None:
        return _Text("") if "(" in pattern else Decimal(0)
    if match.re.groups:
        return _Text(match[1] or "")
    return Decimal(match.end() - match.start())
