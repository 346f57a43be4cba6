"""The lines of a configuration file: what is left of them once comments are gone.

`;` begins a comment, unless a backslash stands before it; `;--` to `--;` is a comment over lines that may hold
others. Source: `config_text_file_load` in `main/config.c` of Asterisk 20.
"""

from collections.abc import Iterator

from ccstate.errors import Diagnostic, Span

BLANKS = "".join(map(chr, range(33)))
"""What `ast_strip` takes off both ends: every character below 33."""
REST_LOST = "CC440"
LINE_LOST = "CC441"
LONGEST_LINE = 8190
"""Bytes of a line without its end; `fgets` reads into 8192 bytes."""
DEEPEST_COMMENT = 128
_BOM = b"\xef\xbb\xbf"


def problem(
    code: str, file: str, line: int, message: str, cause: str = "", *, hint: str = ""
) -> Diagnostic:
    return Diagnostic(code, message, Span(file, line), cause, hint)


class Lines:
    """The comment that is open between lines, and between the files that one pattern matches."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems
        self.depth = 0
        """How many block comments are open; below 0 after a `--;` that closes none."""
        self.opened = 0
        self.begun = False

    def end(self, file: str) -> None:
        """Tells of a comment that the end of a file leaves open."""
        if self.depth:
            message = "a block comment is not closed" if self.depth > 0 else "--; closes no comment"
            cause = "Asterisk takes everything below for a comment."
            self.problems.append(problem("CC443", file, self.opened, message, cause))


def statements(lines: Lines, data: bytes, file: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each line that says something, without comments and blanks."""
    for number, raw in enumerate(_decoded(lines, data, file).split("\n"), 1):
        line = raw
        if len(line) > _SHORT or lines.depth or ";" in line or "\0" in line:
            line = _cleaned(lines, line, file, number)
        if line := line.strip(BLANKS):
            yield number, line


_SHORT = LONGEST_LINE // 4
"""Characters that fit into a line in whatever encoding."""


def _cleaned(lines: Lines, line: str, file: str, number: int) -> str:
    if len(line) > _SHORT and not _fits(lines, line, file, number):
        return ""
    if "\0" in line:
        line = _until_nul(lines, line, file, number)
    return _without_comments(lines, line, number)


def _decoded(lines: Lines, data: bytes, file: str) -> str:
    # Asterisk looks for the mark on line 1 only, and counts lines through all files of a pattern.
    if data.startswith(_BOM) and not lines.begun:
        data = data[len(_BOM) :]
    lines.begun = True
    try:
        return data.decode()
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        message = "this is not UTF-8"
        cause = (
            "Asterisk takes bytes as they are; here they are shown as \N{REPLACEMENT CHARACTER}."
        )
        lines.problems.append(problem("CC444", file, line, message, cause))
        return data.decode(errors="replace")


def _fits(lines: Lines, line: str, file: str, number: int) -> bool:
    if len(line.encode(errors="replace")) <= LONGEST_LINE:
        return True
    message = f"this line is longer than {LONGEST_LINE} bytes"
    cause = "Asterisk drops this line and goes on."
    lines.problems.append(problem(LINE_LOST, file, number, message, cause))
    return False


def _until_nul(lines: Lines, line: str, file: str, number: int) -> str:
    message = "a NUL stands in this line"
    cause = "Asterisk drops what comes behind it."
    lines.problems.append(problem("CC444", file, number, message, cause))
    return line[: line.index("\0")]


def _without_comments(lines: Lines, text: str, number: int) -> str:
    """What Asterisk processes of a line; `text` is its buffer, in which NUL ends a string."""
    text += "\0"
    new = 0
    begin = 0 if lines.depth == 0 else -1
    while (at := text.find(";", new, text.index("\0", new))) >= 0:
        if at > new and text[at - 1] == "\\":
            text, new = text[: at - 1] + text[at:], at
        elif text.startswith(";--", at) and text[at + 3] != "-":
            if not _opened(lines, number):
                break
            text, new = f"{text[:at]}\0{text[at + 1 :]}", at + 3
        elif at >= new + 2 and text.startswith("--", at - 2):
            new = at + 1
            lines.depth -= 1
            lines.opened = lines.opened if lines.depth >= 0 else number
            if lines.depth == 0 and begin < 0:
                begin = new
            elif lines.depth == 0:
                end = text.index("\0", begin)
                text, new = text[:end] + text[new:], end
        elif lines.depth == 0:
            text, new = text[:at] + "\0", at
        else:
            new = at + 1
    return text[begin : text.index("\0", begin)] if begin >= 0 else ""


def _opened(lines: Lines, number: int) -> bool:
    """Whether one more comment may be opened inside the others; Asterisk hangs on one too many."""
    if lines.depth >= DEEPEST_COMMENT:
        return False
    lines.depth, lines.opened = lines.depth + 1, number
    return True
