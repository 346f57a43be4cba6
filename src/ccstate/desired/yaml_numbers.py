"""Numbers without quotes that readers of YAML disagree about; only JSON's spelling is a number here.

Sources: YAML 1.2.2 section 10.3.2; the resolvers of ruamel.yaml 0.19 and ryaml 0.5, which differ on
`0123`, `1_000`, `1e400`, `+_1`.
"""

import re
from typing import TypeAlias

Fault: TypeAlias = tuple[str, str, str]
"""Message, cause, hint."""

DISAGREE = "readers of YAML disagree about it, so what was reviewed may not be what is applied"

_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"-?[1-9][0-9]*|0")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
# A number to some reader, beyond what _INTEGER and _DECIMAL take.
_NUMERIC = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"
    r"|[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]+)?|\.[0-9_]+(?:[eE][-+]?[0-9_]+)?"
    r"|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)
_PHONE_NUMBER = re.compile(r"[+0][0-9]{6,}")
_MAX_CHARACTERS = 18
"""Of a decimal, so that no digit is lost; of a key, so that none can be made to collide with others
in Python's hash of integers (modulus 2**61 - 1), which takes quadratic time."""


def number_fault(value: str) -> Fault | None:
    """Why a value without quotes is refused; None where it is no number, or a plain one."""
    if value[:1] not in _STARTS:
        return None
    if _INTEGER.fullmatch(value):
        if len(value) > 20 or not -(2**63) <= int(value) < 2**63:
            return _in_quotes(value, f"{short(value)} is too large for a whole number")
        return None
    if _DECIMAL.fullmatch(value):
        if len(value) > _MAX_CHARACTERS:
            return _in_quotes(value, f"{short(value)} has more digits than a number can hold")
        return None
    return _odd_number_fault(value) if _NUMERIC.fullmatch(value) else None


def key_number_fault(value: str) -> Fault | None:
    """Why a key without quotes is refused; None where it is no number, or a plain whole one."""
    if value[:1] not in _STARTS:
        return None
    if _INTEGER.fullmatch(value):
        if len(value) > _MAX_CHARACTERS:
            return _in_quotes(value, f"{short(value)} is too large for a whole number")
        return None
    if _DECIMAL.fullmatch(value):
        return _in_quotes(value, f"this key is {short(value)}, a number with a fraction")
    return _odd_number_fault(value) if _NUMERIC.fullmatch(value) else None


def _odd_number_fault(value: str) -> Fault:
    if _PHONE_NUMBER.fullmatch(value):
        lost = "plus" if value[0] == "+" else "zero"
        cause = f"without them it is a number to some readers, and the {lost} is lost"
        return (f"{short(value)} must be written in quotes", cause, f'write "{short(value)}"')
    if value[-3:].lower() in ("inf", "nan"):
        return _in_quotes(value, f"{value} is not a number that can be configured")
    return _in_quotes(value, f"{short(value)} is not a number to every reader")


def _in_quotes(value: str, message: str) -> Fault:
    hint = f'write "{short(value)}" in quotes if it is text'
    digits = value.lstrip("+-0")
    if digits.isdigit() and digits != value.lstrip("-"):
        sign = "-" if value.startswith("-") else ""
        hint += f", or {short(sign + digits)} if it is a number"
    return message, DISAGREE, hint


def short(text: str) -> str:
    """At most 40 characters of what the file says, for a message."""
    return text if len(text) <= 40 else text[:37] + "..."
