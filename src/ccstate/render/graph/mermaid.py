"""A drawing as Mermaid, which GitHub, GitLab and many wikis show as a picture.

Text never becomes syntax: it stands in quotes, and every character in it that could mean anything
to Mermaid, to Markdown or to HTML is written as its number.
"""

import re
from collections.abc import Iterator, Mapping

from ccstate.render.graph.drawing import Box, Drawing, Look
from ccstate.render.graph.lines import wrap_text
from ccstate.render.graph.marks import MARK, UNMARKED, Marks
from ccstate.render.text import JOINER, safe

_WIDTH = 214.0
_BREAK = "<br/>"
_SHAPES: Mapping[Look, tuple[str, str]] = {
    Look.NUMBER: ('(["', '"])'),
    Look.HOURS: ('{{"', '"}}'),
    Look.QUESTION: ('["', '"]'),
    Look.SPEECH: ('("', '")'),
    Look.TREE: ('[("', '")]'),
    Look.PEOPLE: ('[["', '"]]'),
    Look.UNSTAFFED: ('["', '"]'),
    Look.MAILBOX: ('[/"', '"/]'),
    Look.END: ('(("', '"))'),
    Look.BAD: ('((("', '")))'),
}
_STYLES: Mapping[Look, str] = {
    Look.NUMBER: "fill:#0b4f7a,stroke:#0b4f7a,color:#ffffff",
    Look.HOURS: "fill:#fdf3c0,stroke:#9a7b00,color:#1b1f24",
    Look.QUESTION: "fill:#dceefa,stroke:#0072b2,color:#1b1f24",
    Look.SPEECH: "fill:#ffffff,stroke:#7a8691,color:#1b1f24",
    Look.TREE: "fill:#efe6f5,stroke:#7a4b96,color:#1b1f24",
    Look.PEOPLE: "fill:#d3efe4,stroke:#00694c,color:#1b1f24,stroke-width:2px",
    Look.UNSTAFFED: "fill:#f3f4f5,stroke:#5b6670,color:#1b1f24,stroke-dasharray:5 4",
    Look.MAILBOX: "fill:#fde5c4,stroke:#a85b00,color:#1b1f24",
    Look.END: "fill:#3a4149,stroke:#3a4149,color:#ffffff",
    Look.BAD: "fill:#ffe3e3,stroke:#b00020,color:#7a0016,stroke-width:3px",
}


def mermaid(drawing: Drawing, marks: Marks = UNMARKED) -> str:
    """Write the drawing as a Mermaid flowchart, what is marked with thick lines."""
    return "\n".join(_lines(drawing, marks)) + "\n"


def _lines(drawing: Drawing, marks: Marks) -> Iterator[str]:
    yield "flowchart TD"
    yield f"    accTitle: {_quote(drawing.title)}"
    alone = [n for n, box in enumerate(drawing.boxes) if box.tree not in drawing.trees]
    for number in alone:
        yield f"    {_box(number, drawing.boxes[number])}"
    for place, (tree, title) in enumerate(drawing.trees.items(), start=1):
        yield f'    subgraph t{place}["{_quote(title)}"]'
        for number, box in enumerate(drawing.boxes):
            if box.tree == tree:
                yield f"        {_box(number, box)}"
        yield "    end"
    for tail, head, words in drawing.arrows:
        label = f'|"{_broken(words)}"|' if words else ""
        yield f"    n{tail + 1} -->{label} n{head + 1}"
    yield from _styles(drawing, marks)


def _styles(drawing: Drawing, marks: Marks) -> Iterator[str]:
    for look, style in _STYLES.items():
        if any(box.look is look for box in drawing.boxes):
            yield f"    classDef {_class(look)} {style}"
    bad = [
        str(number)
        for number, (_, head, _) in enumerate(drawing.arrows)
        if _is_bad(drawing.boxes[head]) and number not in marks.arrows
    ]
    if bad:
        yield f"    linkStyle {','.join(bad)} stroke:#b00020"
    if marks.arrows:
        yield f"    linkStyle {','.join(map(str, sorted(marks.arrows)))} stroke:{MARK},stroke-width:4px"
    for number in marks.boxes:
        yield f"    style n{number + 1} stroke:{MARK},stroke-width:5px"


def _is_bad(box: Box) -> bool:
    return box.look is Look.BAD


def _box(number: int, box: Box) -> str:
    opening, closing = _SHAPES[box.look]
    title = f"<b>{_broken(box.title)}</b>" if box.title else ""
    text = _BREAK.join(part for part in (title, *map(_broken, box.body)) if part)
    return f"n{number + 1}{opening}{text}{closing}:::{_class(box.look)}"


def _class(look: Look) -> str:
    return f"like_{look.name.lower()}"  # a class cannot be called `end`, which closes a subgraph


def _broken(text: str) -> str:
    return _BREAK.join(_quote(line) for line in wrap_text(text, _WIDTH, 4))


# Mermaid reads entities first, and looks for formulas (`$$`) and icons (`fa:fa-car`) afterwards.
_READ_LATE = re.compile(r"\$(?=\$)|:(?=fa-)")

# Two letters are signs to Mermaid itself: it keeps entities as `ﬂ°°60¶ß` while it reads.
_MEANS_SOMETHING = frozenset("ﬂß")


def _quote(text: str) -> str:
    """Make the text safe between quotes: letters, digits, blanks and harmless signs stay."""
    return "".join(
        character
        if (character.isalnum() and character not in _MEANS_SOMETHING) or character in " ,–…“”’"
        else f"#{ord(character)};"
        for character in _READ_LATE.sub(lambda match: match[0] + JOINER, safe(text))
    )
