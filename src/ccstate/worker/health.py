"""Whether a worker lives here and keeps up: a note that it writes, and what is overdue."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ccstate.adapter import Holder
from ccstate.apply.lock import Life, life, this_process
from ccstate.checkout import write_file
from ccstate.project import Project
from ccstate.worker.tasks import due

SILENT = 60.0
"""Seconds without a sign of life after which a worker is not healthy."""
LATE = 120.0
"""Seconds that a change may be overdue."""
MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What a worker notes of itself: who it is, since when, its last round, and what failed in it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    format: Literal[1] = 1
    pid: int
    process: str
    since: str
    at: str
    failed: list[str]


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the worker on this machine; `reasons` say why it is not healthy."""

    reasons: Sequence[str]
    since: str
    at: str
    overdue: Sequence[str]

    @property
    def is_healthy(self) -> bool:
        return not self.reasons


def note_of(root: Path) -> Path:
    """The file of this machine's worker."""
    return root / ".ccstate" / f"worker-{socket.gethostname()}.json"


def beat(root: Path, since: str, at: str, failed: Sequence[str]) -> None:
    """Note that the worker lives."""
    me = this_process("", since, "")
    pulse = Pulse(pid=os.getpid(), process=me.process, since=since, at=at, failed=list(failed))
    write_file(note_of(root), orjson.dumps({n: getattr(pulse, n) for n in Pulse.__slots__}))


def health(project: Project, now: datetime) -> Health:
    """Look at the worker's note, and at what is overdue."""
    late = now - timedelta(seconds=LATE)
    overdue = [task.subject for task in due(project, late, None)]
    reasons = [f"the change of plan {plan_id} is overdue" for plan_id in overdue]
    pulse = _read(note_of(project.root))
    if pulse is None:
        return Health(["no worker runs here", *reasons], "", "", overdue)
    owner = f"@{socket.gethostname()}"
    if life(Holder(owner, pulse.pid, pulse.process, pulse.since, "")) is Life.DEAD:
        reasons.insert(0, "the worker has died")
    elif now - datetime.fromisoformat(pulse.at) > timedelta(seconds=SILENT):
        reasons.insert(0, f"the worker has given no sign of life since {pulse.at}")
    return Health([*reasons, *pulse.failed], pulse.since, pulse.at, overdue)


def _read(path: Path) -> Pulse | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            content = file.read(MOST_BYTES)
        pulse = TypeAdapter(Pulse).validate_json(content)
        return pulse if datetime.fromisoformat(pulse.at).tzinfo else None
    except (OSError, ValidationError, ValueError):
        return None
