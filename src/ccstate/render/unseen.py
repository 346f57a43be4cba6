"""What a plan or a comparison could not see for lack of rights."""

from collections.abc import Iterator, Mapping, Sequence

from ccstate.render.markdown import code
from ccstate.render.text import Line, Piece, Style, plain

FOR_READING = (
    "This plan is for reading. To apply it, plan again as the user who applies:  ccstate plan"
)


def unseen_lines(target: str, unseen: Sequence[str]) -> Iterator[Line]:
    """The lines of one platform on a terminal; none where everything was seen."""
    if unseen:
        yield 2, (Piece(f"Not seen on {target}, for lack of rights:", Style.NOTE),)
    for words in unseen:
        yield 4, plain(f"  {words}")


def unseen_markdown(unseen: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The same for all platforms, in Markdown."""
    for target, found in unseen.items():
        yield f"**Not seen on {code(target)}, for lack of rights:**\n"
        yield "\n".join(f"- {code(words, 200)}" for words in found) + "\n"
