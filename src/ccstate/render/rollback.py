"""What a plan takes back, what it leaves, and what to do with the files, which say otherwise."""

from collections.abc import Callable, Iterator

from ccstate.model import Plan, Remainder, Rollback
from ccstate.render.text import Line, Piece, Style, code, plain
from ccstate.render.values import plural

MOST = 20
"""Things that remain, and are listed one by one."""
DIGITS = 12
REMAINS = "Cannot be taken back:"


def rollback_text(plan: Plan) -> Iterator[Line]:
    """Write it in lines for a terminal."""
    back = plan.rollback
    if back is None:
        return
    yield 2, (Piece(_purpose(back, str), Style.STRONG),)
    if plan.steps:
        words, command = _files(back)
        yield 2, (*plain(words), Piece(command, Style.STRONG))
    if back.remains:
        yield 2, (Piece(REMAINS, Style.CHANGE),)
    for one in back.remains[:MOST]:
        yield 4, (*plain(f"  {_place(one)}: "), *plain(one.reason))
    if len(back.remains) > MOST:
        yield 4, plain(f"  … and {plural(len(back.remains) - MOST, 'more thing')}")


def rollback_markdown(plan: Plan) -> Iterator[str]:
    """Write it for the reviewers of the pull request."""
    back = plan.rollback
    if back is None:
        return
    yield f"**{_purpose(back, code)}**\n"
    if plan.steps:
        words, command = _files(back)
        yield f"{words}{code(command)}\n"
    if back.remains:
        lines = [f"- {code(_place(one))}: {code(one.reason, 200)}" for one in back.remains[:MOST]]
        if len(back.remains) > MOST:
            lines.append(f"- … and {plural(len(back.remains) - MOST, 'more thing')}")
        yield "\n".join([f"**{REMAINS}**\n", *lines]) + "\n"


def _purpose(back: Rollback, name: Callable[[str], str]) -> str:
    if back.plan:
        return f"This takes back plan {name(back.plan)}."
    return f"This goes back to the desired state of commit {name(back.commit[:DIGITS])}."


def _files(back: Rollback) -> tuple[str, str]:
    """Say what to do with the files: in words, and as a command."""
    says = "The files still say what is taken back. "
    if not back.plan:
        return (
            f"{says}Bring them back too, as far as it is meant: ",
            f"git revert {back.commit[:DIGITS]}..HEAD",
        )
    if not back.commit or back.commit.endswith("+"):
        return (f"{says}They were not committed: bring back the files, then see: ", "ccstate plan")
    return (
        f"{says}Until that commit is reverted too, plans that do it again are refused: ",
        f"git revert {back.commit[:DIGITS]}",
    )


def _place(one: Remainder) -> str:
    return f"{one.address} {one.path}".rstrip()
