"""Text that stays text, on a terminal and in Markdown; lines in styles and palettes that fit a width.

Everything that reaches a terminal goes through `fill`, which makes harmless what could move
the cursor, recolour or reorder (control characters, escapes, bidi overrides) and keeps the width.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from html import escape
from typing import NamedTuple, TypeAlias

from ccstate import markdown
from ccstate.markdown import code_span, kept_apart, sentence_words, spelled


class Style(Enum):
    """The meaning of a piece of text, not its look."""

    PLAIN = auto()
    STRONG = auto()
    DIM = auto()
    ADD = auto()
    CHANGE = auto()
    REMOVE = auto()
    ADDED_WORD = auto()
    REMOVED_WORD = auto()
    NOTE = auto()
    ALARM = auto()


@dataclass(frozen=True, slots=True)
class Palette:
    """The terminal code that begins each style; a style that is not named is plain."""

    codes: Mapping[Style, str]

    def paint(self, style: Style, text: str) -> str:
        code = self.codes.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


PLAIN = Palette({})
COLOUR = Palette(
    {
        Style.STRONG: "1",
        Style.DIM: "2",
        Style.ADD: "32",
        Style.CHANGE: "33",
        Style.REMOVE: "31",
        Style.ADDED_WORD: "1;32",
        Style.REMOVED_WORD: "1;31",
        Style.NOTE: "36",
        Style.ALARM: "1;31",
    }
)


class Piece(NamedTuple):
    """Some words in one style."""

    text: str
    style: Style = Style.PLAIN


safe = markdown.safe
JOINER = markdown.JOINER


def plain(*texts: str) -> tuple[Piece, ...]:
    return tuple(Piece(text) for text in texts)


# GitHub's runner takes `::name …::` at the start of a line, after blanks, and `##[name]` anywhere in
# it for a command (actions/runner, ActionCommand.cs at 079cdb1), Azure Pipelines `##vso[…]` anywhere
# (azure-pipelines-agent, Command.cs at 095e99b), TeamCity `##teamcity[…]` (its manual
# 2024.07, "Service Messages", which does not say where in a line; here anywhere).
_LINE_COMMAND = re.compile(r"((?:\A|(?<=[\r\n]))[^\S\r\n]*):(?=:[A-Za-z])")
_BRACKET_COMMAND = re.compile(r"#(?=#[A-Za-z]*\[)")


def inert(text: str) -> str:
    """Change an output so that no build server finds a command in it; it says the same.

    JSON and XML spell the character in their own way, so that their readers find it again.
    """
    colon = "&#58;" if text[:1] == "<" else r"\\x3a"
    text = _LINE_COMMAND.sub(rf"\1{colon}", text)
    return inert_annotations(text)


def inert_annotations(text: str) -> str:
    """Change annotations for GitHub, which are commands, so that no other command is in them."""
    spelled = {"{": "\\\\u0023", "[": "\\\\u0023", "<": "&#35;"}.get(text[:1], r"\\x23")
    return _BRACKET_COMMAND.sub(spelled, text)


def well_formed(text: str) -> str:
    """Escape halves of characters in the text, which UTF-8 has no bytes for.

    Python reads them out of file names that are not in UTF-8.
    """
    return re.sub("[\ud800-\udfff]", spelled, text)


# Latin letters, and the signs that ccstate writes: wcwidth takes 35 ms to load, for other text.
_ONE_COLUMN_EACH = re.compile("[ -\u02ff–’“”…→✓✗×·−]*")


def columns(text: str) -> int:
    """Count the columns that the text takes on a terminal."""
    if _ONE_COLUMN_EACH.fullmatch(text):
        return len(text)
    from wcwidth import wcwidth

    return sum(max(wcwidth(character), 0) for character in text)


def clip(text: str, most: int) -> str:
    """Clip the text to so many columns, with `…` for the rest."""
    if columns(text) <= most:
        return text
    head, _ = _break_text(text, most - 1)
    return head.rstrip() + "…"


def _break_text(text: str, most: int) -> tuple[str, str]:
    """Break the text in two: what fits into so many columns, and the rest."""
    taken = 0
    for place, character in enumerate(text):
        taken += columns(character)
        if taken > most and place:
            return text[:place], text[place:]
    return text, ""


def width_of(pieces: Iterable[Piece]) -> int:
    return sum(columns(safe(piece.text)) for piece in pieces)


def fill(pieces: Iterable[Piece], width: int, palette: Palette, hang: int = 0) -> Iterator[str]:
    """Fill lines of at most `width` columns; those after the first begin `hang` columns in."""
    hang = min(hang, width // 2)
    line: list[Piece] = []
    used = 0
    gap = ""
    for text, style in _words(pieces):
        if text.isspace():
            gap += text
            continue
        word = text
        if used + len(gap) + columns(word) > width and any(piece.text.strip() for piece in line):
            yield _paint(line, palette)
            line, used, gap = [Piece(" " * hang)], hang, ""
        while word:
            room = max(width - used - len(gap), 2)
            head, word = _break_text(word, room)
            line += [Piece(gap), Piece(head, style)]
            used += len(gap) + columns(head)
            gap = ""
            if word:
                yield _paint(line, palette)
                line, used = [Piece(" " * hang)], hang
    yield _paint(line, palette)


ONE_LINE = -1
"""In place of a hanging indent: what does not fit on the line is cut off."""

Line: TypeAlias = tuple[int, tuple[Piece, ...]]
"""How far lines after the first are indented, or ONE_LINE, and the words."""


def lay_out(lines: Iterable[Line], width: int, palette: Palette) -> str:
    """Lay the lines out as text, each of at most `width` columns."""
    return "\n".join(
        row
        for hang, pieces in lines
        for row in fill(
            _cut(pieces, width) if hang == ONE_LINE else pieces, width, palette, max(hang, 0)
        )
    )


def paragraphs(blocks: Iterable[Iterable[Line]], width: int, palette: Palette) -> str:
    """Join blocks of lines by an empty line; a block without lines is left out."""
    texts = (lay_out(block, width, palette) for block in blocks)
    return "\n\n".join(text for text in texts if text) + "\n"


def _cut(pieces: Iterable[Piece], width: int) -> Iterator[Piece]:
    left = width
    for piece in pieces:
        text = safe(piece.text)
        size = columns(text)
        if size > left:
            if left > 1:
                yield Piece(clip(text, left).rstrip(" ,…") + "…", piece.style)
            return
        yield Piece(text, piece.style)
        left -= size


def _words(pieces: Iterable[Piece]) -> Iterator[tuple[str, Style]]:
    for piece in pieces:
        for word in re.findall(r" +|[^ ]+", safe(piece.text)):
            yield word, piece.style


def _paint(line: list[Piece], palette: Palette) -> str:
    """Paint the line, with neighbours of one style under one code."""
    runs: list[Piece] = []
    for piece in line:
        if runs and (not piece.text.strip() or runs[-1].style == piece.style):
            runs[-1] = Piece(runs[-1].text + piece.text, runs[-1].style)
        else:
            runs.append(piece)
    return "".join(palette.paint(piece.style, piece.text) for piece in runs).rstrip()


LONGEST = 300


def code(text: str, most: int = LONGEST) -> str:
    """Write the text as a code span: no link, image, mention or tag in it comes alive."""
    return code_span(clip(safe(text), most))


def prose(text: str, most: int = LONGEST) -> str:
    """Write the text as words of a sentence in Markdown, in which nothing comes alive.

    Where a code span would do, `code` needs no look at each sign; this is for what people read.
    """
    return sentence_words(clip(safe(text), most))


def html_words(text: str, most: int = LONGEST) -> str:
    """Write the text as words within HTML, such as a summary, where Markdown is not read."""
    return escape(kept_apart(clip(safe(text), most)))


def cell(text: str, most: int = LONGEST) -> str:
    r"""Write the text as a code span in a cell of a table: a `|` in it is spelled `\x7c`.

    Readers of tables split cells at it also inside of a code span, and a backslash before it is taken
    together with one of the text. Source: GitHub Flavored Markdown 0.29, "Tables"; cmark-gfm, table.c.
    """
    return code(text.replace("|", r"\x7c"), most)
