"""The worker's life: round by round, what is due is begun, and one worker of all does it."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import time

from ccstate.errors import CcstateError, InvalidInput, Unreadable
from ccstate.project import Project, now
from ccstate.worker import codes
from ccstate.worker.database import database_url
from ccstate.worker.engine import Task, running
from ccstate.worker.health import beat, note_of
from ccstate.worker.tasks import do, due

ROUND = 2.0
"""Seconds between two rounds."""


def work(project: Project, drift_at: time | None, rest: Callable[[float], None]) -> None:
    """Do what is due, round after round, until `rest` raises KeyboardInterrupt.

    A task that fails is tried again; what was begun when the worker is stopped is ended first.
    """
    since = now().isoformat(timespec="seconds")
    failed: dict[str, str] = {}
    lock = threading.Lock()

    def attempt(task: Task) -> str:
        try:
            outcome = do(project, task)
        except CcstateError as error:
            with lock:
                failed[task.key] = f"{task.kind} {task.subject}: {error.problems[0].message}"
            project.listener.warn(
                [
                    codes.TASK_FAILED(
                        task=f"{task.kind} {task.subject}",
                        reason=error.problems[0].message,
                        hint=error.problems[0].hint or "see the platform",
                    )
                ]
            )
            raise RuntimeError(error.problems[0].code) from None
        with lock:
            failed.pop(task.key, None)
        return outcome

    name = f"{socket.gethostname()}-{os.getpid()}"
    url = database_url(project.root, os.environ)
    with running(url, name, attempt) as engine:
        project.listener.remark("The worker runs.")
        try:
            while True:
                moment = now()
                try:
                    engine.refuse_foreign()
                    for task in due(project, moment, drift_at):
                        engine.attempt(task, moment.timestamp())
                except (Unreadable, InvalidInput) as error:  # it may be back in the next round
                    with lock:
                        failed[""] = error.problems[0].message
                    project.listener.warn(error.problems)
                else:
                    with lock:
                        failed.pop("", None)
                with lock:
                    beat(
                        project.root,
                        since,
                        moment.isoformat(timespec="seconds"),
                        sorted(failed.values()),
                    )
                rest(ROUND)
        except KeyboardInterrupt:
            project.listener.remark("Stopping, once what was begun has ended.")
    note_of(project.root).unlink(missing_ok=True)
