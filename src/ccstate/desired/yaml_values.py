"""Read the values of a YAML document fast; refuse it where other readers would read other values.

Two passes (docs/adr/0002-yaml-parsers.md): a compiled parser reads the values; whatever *might* be
ambiguous, by a cheap look at the bytes, goes through `yaml_faults` first, which knows exactly.
Bytes that look suspicious and are not cost time only, never a wrong answer.
"""

import re
from typing import Any, cast

from ccstate import codes
from ccstate.desired.yaml_faults import MAX_DEPTH, faults, place
from ccstate.errors import Diagnostic, Span
from ccstate.model import Json

MAX_BYTES = 16 * 1024 * 1024

Reading = tuple[Json, list[Diagnostic]]

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_NO_TEXT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LINE_SEPARATORS = "\x85\u2028\u2029"

# Where a node may start, what readers disagree about: an anchor, an alias, a tag, the 1.1 value `=`, a
# number that is not spelled as in JSON, a text block that begins oddly. (After a space, a node starts
# only where an indicator or another space stands before it: "Smith &Sons" is text.)
_SUSPICIOUS_NODE = re.compile(
    rb"""
    [ \n\r\[{,:] (?=[-&*!=+.\d|>]) (?<![^-:?,\[{\s][ ])
    (?: [&*][^\s] | ! | = (?=[\s,:\[\]{}])
      | (?: \+ [.\d_] | -? (?: 0 [\dxXoObB_] | _ | \. [\d_iInN] | \d+ (?:_|[eE][-+\d]|\.(?!\d)) | \d+\.\d+[_eE] )
          ) [\w.+-]* (?=[\s,\[\]{}]|:[\s,\[\]{}])
      | -0 (?=[\s,:\[\]{}])
      | -? [\d.]{18}
      | [|>] [-+\d]* (?: \# | [^\n\r]* (?:\r?\n|\r)++ [ ]++ [\n\r] )
    )
    """,
    re.VERBOSE,
)
# Anywhere: a colon glued to a value (`["a":1]`), an escape that may hide a control character.
# The colon first: a literal prefix is found eight times as fast.
_GLUED_COLON = re.compile(rb""":(?<=["'\]}\s]:)[^\s]""")
_ESCAPE = re.compile(rb"\\[0abefvxuU]")
# Tabs, merge keys, directives, ends of documents, and lists in lists in lists.
_SIGNS = (b"\t", b"<<", b"\n%", b"\r%", b"\n...", b"\r...", b"- - - - ", b"? ? ? ? ")

# A flow collection on one line, brackets certainly paired: from an opening bracket on, a quote can only
# stand where a scalar starts. Three levels cover what people write; the rest is left to `yaml_faults`.
_QUOTED = rb"""(?<=[\[{,])"[^"\\\[\]{}\n]*+"|(?<=[,:][ ])"[^"\\\[\]{}\n]*+"|(?<=[\[{,])'[^'\[\]{}\n]*+'|(?<=[,:][ ])'[^'\[\]{}\n]*+'"""


def _flow(inner: bytes) -> bytes:
    return rb"""[\[{](?:[^"'\[\]{}#\n\r]++|""" + _QUOTED + inner + rb""")*+[\]}]"""


_PAIRED = re.compile(_flow(b"|" + _flow(b"|" + _flow(b""))))


def read(data: bytes, file: str) -> Reading:
    """Read the document in `data` as plain values, keys as text; `{}` where it holds nothing.

    With problems, the value is None. Nothing is raised for what a file may hold.
    """
    text, problems = _decode(data, file)
    if not problems and _is_suspicious(text):
        problems = faults(text, file)
    if problems:
        return None, problems
    return _parse(text, file)


def _parse(text: str, file: str) -> Reading:
    import ryaml

    try:
        value = ryaml.loads(text)
    except (ryaml.InvalidYamlError, ValueError) as error:
        return None, faults(text, file) or [_unexplained(str(error), file)]
    if isinstance(value, str) or not _is_plain(value):
        problems = faults(text, file)
        if problems:
            return None, problems
        _make_keys_text(value)
    return ({} if value is None else cast(Json, value)), []


def _decode(data: bytes, file: str) -> tuple[str, list[Diagnostic]]:
    """Decode a file; a problem where it is too large, no UTF-8, or holds characters that are no text."""
    if len(data) > MAX_BYTES:
        return "", [codes.YAML_TOO_LARGE(Span(file), size=len(data), most=MAX_BYTES)]
    if data.startswith(_UTF16_MARKS) or (len(data) > 3 and b"\0" in data[:2]):
        return "", [
            codes.NOT_UTF8(Span(file, 1, 1), what="the file is UTF-16 or UTF-32, not UTF-8")
        ]
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = place(before, len(before))
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return "", [codes.NOT_UTF8(Span(file, line, column), what=what)]
    if data.isascii() and len(data.translate(None, _CONTROL)) == len(data):
        return text, []
    found = _NO_TEXT.search(text)
    return text, [] if found is None else [_not_text(text, found.start(), file)]


def _is_suspicious(text: str) -> bool:
    # Framed by line breaks, so that the patterns need no case for the first and the last byte.
    data = b"\n%b\n" % text.encode()
    if any(sign in data for sign in _SIGNS):
        return True
    if any(p.search(data) for p in (_SUSPICIOUS_NODE, _GLUED_COLON, _ESCAPE)):
        return True
    # Time is quadratic in the depth of flow collections, in both parsers: 40,000 open braces take 4 s.
    if _openings(data) - data.count(b"]") - data.count(b"}") > MAX_DEPTH:
        return True
    return _openings(_PAIRED.sub(b"", data)) > MAX_DEPTH


def _openings(data: bytes) -> int:
    return data.count(b"[") + data.count(b"{")


def _is_plain(value: object) -> bool:
    """Whether every key is text and nothing is nested too deep."""
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for box in level:
            if type(box) is dict:
                for key, item in box.items():
                    if type(key) is not str:
                        return False
                    if type(item) is dict or type(item) is list:
                        deeper.append(item)
            else:
                deeper += [item for item in box if type(item) is dict or type(item) is list]
        level = deeper
        if not level:
            return True
    return False


def _make_keys_text(value: object) -> None:
    """Turn `1:` into `"1":`, in place, order kept; `faults` has checked that no two keys become one."""
    boxes = [value]
    while boxes:
        box = boxes.pop()
        if isinstance(box, dict):
            if any(type(key) is not str for key in box):
                items = [(str(key), item) for key, item in box.items()]
                box.clear()
                box.update(items)
            boxes += box.values()
        elif isinstance(box, list):
            boxes += box


def _not_text(text: str, index: int, file: str) -> Diagnostic:
    line, column = place(text, index)
    character = text[index]
    code = codes.LINE_SEPARATOR if character in _LINE_SEPARATORS else codes.NO_TEXT
    return code(Span(file, line, column), character=f"U+{ord(character):04X}")


def _unexplained(message: str, file: str) -> Diagnostic:
    """Report what only the compiled parser refuses, in its words."""
    found = re.search(r" at line (\d+) column (\d+)", message)
    span = Span(file, int(found[1]), int(found[2])) if found else Span(file)
    return codes.YAML_UNEXPLAINED(span, error=message)
