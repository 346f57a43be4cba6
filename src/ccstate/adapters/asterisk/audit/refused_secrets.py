"""Secrets that Asterisk would not hold as they are; no message repeats one, or says its length."""

import re

from ccstate.errors import Diagnostic

LONGEST_SECRET = 8_000
"""Bytes, with semicolons counted twice: a line of a file has 8,191 (main/config.c)."""
LONGEST_PIN = 78
"""Digits of a PIN that somebody can type: app_voicemail reads as many."""


def refused_secret(secret: str) -> Diagnostic | None:
    """What is wrong with a SIP password."""
    if why := _why(secret):
        hint = "set another password there, and at the other side"
        return Diagnostic("CC491", "Asterisk cannot hold this secret", cause=why, hint=hint)
    return None


def _why(secret: str) -> str:
    if not secret:
        return "It is empty."
    if any(char < " " or char == "\x7f" for char in secret):
        return "There is a control character in it, perhaps the end of a line."
    if secret != secret.strip(" "):
        return "There are blanks at its ends, which Asterisk takes away."
    try:
        size = len(secret.replace(";", "\\;").encode())
    except UnicodeEncodeError:
        return "It is not UTF-8."
    return "It is longer than a line of Asterisk's files." if size > LONGEST_SECRET else ""


def refused_pin(pin: str) -> Diagnostic | None:
    """What is wrong with the PIN of a mailbox, or of a conference room."""
    if re.fullmatch(rf"[0-9]{{1,{LONGEST_PIN}}}", pin):
        return None
    return Diagnostic(
        "CC492",
        f"the PIN is not made of 1 to {LONGEST_PIN} digits",
        cause="It is typed on the keys of a phone.",
        hint="set a PIN of digits",
    )
