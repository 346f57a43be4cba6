"""What a promotion writes, and what that changes in each environment."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from ccstate.authority import Request
from ccstate.model import Change
from ccstate.render.changes import change_lines
from ccstate.render.formats import Report, as_json
from ccstate.render.text import (
    Line,
    Palette,
    Piece,
    Style,
    code,
    columns,
    paragraphs,
    plain,
    prose,
    safe,
    well_formed,
)
from ccstate.render.values import join_words, plural
from ccstate.report_format import objects as form

SHOWN = 50
"""Objects of an environment that are shown; what is beyond is counted."""


class Promoted(NamedTuple):
    """A promotion: the files that it changes, and what is desired otherwise in each environment.

    `is_written` is False where it is only said.
    """

    source: str
    destination: str
    files: Sequence[str]
    changes: Mapping[str, Sequence[Change]]
    is_written: bool


def promoted_text(found: Promoted, width: int, palette: Palette) -> str:
    """Write the files, and for each environment its changes."""
    if not found.files:
        words = f"{found.destination} says all of this already: nothing to promote."
        return paragraphs([[(2, plain(words))]], width, palette)
    verb = "Wrote" if found.is_written else "Would write"
    blocks: list[Iterable[Line]] = [[(2, plain(f"{verb} {join_words(map(safe, found.files))}."))]]
    for environment, changes in found.changes.items():
        if not changes:
            words = f"{environment}: stays as it is"
            blocks.append([(2, (Piece(words, Style.DIM),))])
            continue
        head = f"{environment}: {plural(len(changes), 'change')} to what is desired"
        names = max(columns(safe(str(change.address))) for change in changes[:SHOWN])
        listed = chain.from_iterable(change_lines(change, names) for change in changes[:SHOWN])
        more = f"  … and {len(changes) - SHOWN:,} more"
        rest: list[Line] = [(4, (Piece(more, Style.DIM),))] if len(changes) > SHOWN else []
        blocks.append([(2, (Piece(head, Style.CHANGE),)), *listed, *rest])
    if found.is_written:
        plans = [
            f"ccstate plan --environment {e}" for e, changes in found.changes.items() if changes
        ]
        then = f"Next: commit it for review{', then ' if plans else '.'}{join_words(plans)}"
        blocks.append([(2, plain(then))])
    return paragraphs(blocks, width, palette)


def promotion_markdown(found: Promoted, request: Request) -> str:
    """Write the body of a change request: who asked, which files, and what is desired otherwise where."""
    asked = {
        "Request": request.request,
        "Requested by": request.requested_by,
        "Reason": request.reason,
    }
    files = join_words(map(code, found.files))
    lines = [
        f"What {code(found.source)} changes, written into {code(found.destination)}: {files}.",
        "",
        *(f"- {key}: {prose(value)}" for key, value in asked.items() if value),
    ]
    for environment, changes in found.changes.items():
        named = join_words(code(str(change.address)) for change in changes[:SHOWN])
        more = f" and {len(changes) - SHOWN:,} more" if len(changes) > SHOWN else ""
        said = f"{plural(len(changes), 'change')} to what is desired: {named}{more}"
        lines.append(f"- In {code(environment)}: {said if changes else 'stays as it is'}")
    return "\n".join([*lines, "", "Each environment's plan says what callers notice."])


def promoted_json(found: Promoted) -> str:
    """Write the same for programs."""
    return as_json(
        form.Promoted(
            source=found.source,
            destination=found.destination,
            written=found.is_written and bool(found.files),
            files=[well_formed(file) for file in found.files],
            environments=[
                form.PromotedEnvironment(
                    environment=environment,
                    differences=[
                        form.Difference(
                            address=str(change.address),
                            action=change.action.value,
                            why=change.why.value,
                            edits=list(change.edits),
                        )
                        for change in changes
                    ],
                )
                for environment, changes in found.changes.items()
            ],
        )
    )


PROMOTED: Report[Promoted] = Report(promoted_text, json=promoted_json)
