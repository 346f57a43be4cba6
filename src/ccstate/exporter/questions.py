"""What a query of `/figures.json` asks, and the answer; a query is bounded, as whoever asks may be anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TypeAlias
from urllib.parse import parse_qsl

from ccstate.exporter.servers import Servers
from ccstate.measures import MEASURES
from ccstate.model import Json

LONGEST = 16_384
MOST_FIGURES = 500
MOST_LISTS = 20
MOST_QUEUES = 500
LISTS = ("agents", "queues")

Wanted: TypeAlias = tuple[str, tuple[str, ...]]
"""A measure or a list, and its queues."""


class BadQuery(ValueError):
    """A query that has no answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """Figures and lists, in the order asked."""

    figures: Sequence[Wanted]
    lists: Sequence[Wanted]


def parse(query: str) -> Question:
    """Parse a query such as `figure=waiting:sales,support&list=agents:sales`; BadQuery where it is none."""
    if len(query) > LONGEST:
        raise BadQuery(f"the query is longer than {LONGEST} characters: ask in several")
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict"
        )
    except ValueError:
        raise BadQuery("the query is no list of figure=… and list=…") from None
    figures = [_asked(value, MEASURES, "measure") for key, value in pairs if key == "figure"]
    lists = [_asked(value, LISTS, "list") for key, value in pairs if key == "list"]
    if other := sorted({key for key, _ in pairs} - {"figure", "list"}):
        raise BadQuery(f'there is no parameter "{other[0][:80]}": only figure and list')
    if len(figures) > MOST_FIGURES or len(lists) > MOST_LISTS:
        raise BadQuery(
            f"at most {MOST_FIGURES} figures and {MOST_LISTS} lists at once: ask in several"
        )
    return Question(figures, lists)


def _asked(value: str, known: Mapping[str, object] | Sequence[str], what: str) -> Wanted:
    name, _, listed = value.partition(":")
    if name not in known:
        near = get_close_matches(name[:80], list(known), n=1)
        hint = f'did you mean "{near[0]}"?' if near else "docs/measures.md lists all"
        raise BadQuery(f'there is no {what} "{name[:80]}": {hint}')
    queues = tuple(dict.fromkeys(queue for queue in listed.split(",") if queue))
    if not queues:
        raise BadQuery(f"{name} of which queues? Write {name}:QUEUE, or {name}:QUEUE,QUEUE")
    if len(queues) > MOST_QUEUES:
        raise BadQuery(f"at most {MOST_QUEUES} queues in one figure")
    return name, queues


def answer(servers: Servers, question: Question, now: float) -> dict[str, Json]:
    """Answer a question; BadQuery where it names a queue that is nowhere."""
    named = dict.fromkeys(q for _, queues in (*question.figures, *question.lists) for q in queues)
    if unknown := servers.unknown(named):
        names = ", ".join(f'"{name[:80]}"' for name in unknown[:5])
        raise BadQuery(f"no server has a queue {names}, and the desired state declares none")
    return {
        "at": iso(now),
        "figures": [_figure(servers, *asked, now) for asked in question.figures],
        "lists": [_LISTS[name](servers, queues, now) for name, queues in question.lists],
    }


def _figure(servers: Servers, name: str, queues: Sequence[str], now: float) -> Json:
    found = servers.find(queues, now)
    measure = MEASURES[name]
    is_counted = found.moment is not None and measure.is_counted
    return {
        "measure": name,
        "queues": list(queues),
        "value": found.value(name),
        "unit": measure.unit,
        "stale": found.is_stale,
        "since": iso(found.moment.since) if found.moment and is_counted else None,
        "missed": round(found.missed) if is_counted else 0,
    }


def _agents(servers: Servers, queues: Sequence[str], now: float) -> Json:
    found, is_stale = servers.agents(queues, now)
    rows: list[Json] = [
        {
            "agent": row.agent,
            "label": servers.label("user", row.agent) or servers.label("extension", row.agent),
            "team": servers.team(row.agent),
            "state": row.state,
            "reason": row.reason or None,
            "since": iso(row.since),
        }
        for row in found
    ]
    return {"list": "agents", "rows": rows, "stale": is_stale}


def _queues(servers: Servers, queues: Sequence[str], now: float) -> Json:
    rows: list[Json] = []
    are_stale = False
    for queue in queues:
        found = servers.find([queue], now)
        are_stale |= found.is_stale
        figures: dict[str, Json] = {name: found.value(name) for name in MEASURES}
        label = servers.label("queue", queue)
        rows.append({"queue": queue, "label": label, "stale": found.is_stale, **figures})
    return {"list": "queues", "rows": rows, "stale": are_stale}


_LISTS = {"agents": _agents, "queues": _queues}


def iso(moment: float) -> str:
    """Write a moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
