"""The value of an expression `$[…]`, with its variables filled in.

Source: main/ast_expr2.y and main/ast_expr2.fl of Asterisk 22, tried on 16.28 and 22.10.
"""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation

LONGEST = 2_000
"""Characters of an expression that is worked out."""
DEEPEST = 50
_TOKEN = re.compile(r'\s+|"[^"]*"|=~|!=|>=|<=|::|~~|[|&=<>+*/%!?:()-]|[^\s"|&=<>+*/%!?:()~-]+')
_NUMBER = re.compile(r"[ \t]*[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})[ \t]*")
_PLAIN_REGEX = re.compile(r"\^?(?:[A-Za-z0-9_.-]|\[[A-Za-z0-9-]+\]|\\[+.*])+[*+]?\$?")
"""Regular expressions that mean the same in POSIX and in Python, and are quick."""
_POWERS: tuple[tuple[str, ...], ...] = (
    ("|",),
    ("&",),
    ("=", "!=", ">", "<", ">=", "<="),
    ("+", "-"),
    ("*", "/", "%"),
)
"""Operators by how strongly they bind, the weakest first."""
_COMPARISONS: Mapping[str, Callable[[str | Decimal, str | Decimal], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class NoExpression(ValueError):
    """The text is no expression, or one that is not worked out here."""


def expression_value(text: str) -> str:
    """The value as text: a number, or one of the operands. Raises NoExpression."""
    if len(text) > LONGEST:
        raise NoExpression("it is too long")
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise NoExpression("it has characters that mean nothing")
    reader = _Reader([token for token in tokens if token.strip()])
    found = reader.conditional(0)
    if reader.rest():
        raise NoExpression(f"{reader.rest()[:20]!r} is left over")
    return _unquoted(found)


def is_true(value: str) -> bool:
    """Whether GotoIf takes a value as true: `pbx_checkcondition`, main/pbx.c."""
    value = value.strip()
    number = re.match(r"[+-]?[0-9]+", value)
    return bool(int(number[0])) if number else bool(value)


class _Reader:
    """Reads the tokens of one expression by recursive descent."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def rest(self) -> str:
        return "".join(self._tokens[self._at :])

    def _taken(self, *tokens: str) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at] in tokens:
            self._at += 1
            return self._tokens[self._at - 1]
        return ""

    def conditional(self, deep: int) -> str:
        condition = self._binary(0, deep)
        if not self._taken("?"):
            return condition
        yes = self._binary(0, deep)
        if not self._taken("::"):
            raise NoExpression("there is no :: behind ?")
        no = self._binary(0, deep)
        return no if _is_null(condition) else yes

    def _binary(self, power: int, deep: int) -> str:
        if power == len(_POWERS):
            return self._unary(deep)
        left = self._binary(power + 1, deep)
        while sign := self._taken(*_POWERS[power]):
            left = _applied(sign, left, self._binary(power + 1, deep))
        return left

    def _unary(self, deep: int) -> str:
        if deep > DEEPEST:
            raise NoExpression("it is nested too deeply")
        if self._taken("!"):
            return str(int(_is_null(self._unary(deep + 1))))
        if self._taken("-"):
            return _written(-_number(self._unary(deep + 1)))
        left = self._operand(deep)
        while sign := self._taken("=~", ":"):
            left = _matched(sign, left, self._operand(deep))
        return left

    def _operand(self, deep: int) -> str:
        if self._taken("("):
            inner = self.conditional(deep + 1)
            if not self._taken(")"):
                raise NoExpression("a bracket is not closed")
            return inner
        if self._at == len(self._tokens) or self._tokens[self._at][0] in "|&=<>+*/%!?:)-~":
            raise NoExpression("an operand is missing")
        self._at += 1
        return self._tokens[self._at - 1]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _is_null(text: str) -> bool:
    """Whether a value is empty or zero: `is_zero_or_null`."""
    plain = _unquoted(text)
    return not plain or (bool(_NUMBER.fullmatch(plain)) and not Decimal(plain.strip()))


def _number(text: str) -> Decimal:
    """A number; 0 of what is none, with a warning of Asterisk's."""
    plain = _unquoted(text)
    return Decimal(plain.strip()) if _NUMBER.fullmatch(plain) else Decimal()


def _written(number: Decimal) -> str:
    """As `%.18g` writes it."""
    return f"{number.normalize():.18g}" if number != number.to_integral() else str(int(number))


def _applied(sign: str, left: str, right: str) -> str:
    if sign == "|":
        return right if _is_null(left) else left
    if sign == "&":
        return "0" if _is_null(left) or _is_null(right) else left
    if compare := _COMPARISONS.get(sign):
        one, other = _unquoted(left), _unquoted(right)
        if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
            return str(int(compare(Decimal(one.strip()), Decimal(other.strip()))))
        return str(int(compare(one, other)))
    return _counted(sign, _number(left), _number(right))


def _counted(sign: str, left: Decimal, right: Decimal) -> str:
    try:
        match sign:
            case "+":
                return _written(left + right)
            case "-":
                return _written(left - right)
            case "*":
                return _written(left * right)
            case "/":
                return _written(left / right)
            case _:
                return _written(Decimal(int(left) % int(right)))
    except (DivisionByZero, InvalidOperation, ZeroDivisionError):
        raise NoExpression("it divides by zero") from None


def _matched(sign: str, left: str, right: str) -> str:
    """The number of characters that a regular expression matches; `:` matches at the front."""
    pattern = _unquoted(right)
    if not _PLAIN_REGEX.fullmatch(pattern):
        raise NoExpression(f"the regular expression {pattern[:40]!r} is not worked out")
    if sign == ":" and not pattern.startswith("^"):
        pattern = f"^{pattern}"
    found = re.search(pattern, _unquoted(left))
    return str(len(found[0]) if found else 0)
