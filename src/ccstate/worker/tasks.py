"""What there is to do for a project now, and how each task is done; anybody may do it at any time."""

import os
from collections.abc import Iterator
from datetime import datetime, time

from ccstate.ci.issues import report_drift
from ccstate.forge import from_environment
from ccstate.project import Project
from ccstate.worker.engine import DONE, LATER, Task


def projects(project: Project) -> list[Project]:
    """Return the project in each of its environments, or as it is where one is chosen or there is none."""
    names = project.settings.environments
    if not names or project.environment:
        return [project]
    return [project.in_environment(name) for name in names]


def due(project: Project, now: datetime, drift_at: time | None) -> Iterator[Task]:
    """List the tasks that are due, whoever does them; `now` is local."""
    for each in projects(project):
        for plan_id in each.unconfirmed.due(now):
            yield Task("settle", each.environment, plan_id)
        if drift_at is not None and now.time() >= drift_at:
            yield Task("drift", each.environment, now.date().isoformat())


def do(project: Project, task: Task) -> str:
    """Do a task, and return whether it is done for good. Raises CcstateError where a platform or host is lost."""
    there = project.in_environment(task.environment) if task.environment else project
    if task.kind == "drift":
        report = report_drift(there, from_environment(os.environ))
        names = ", ".join(name for name, found in report.found.items() if found.changes)
        words = f"Drift on {names}" if names else "No drift"
        there.listener.remark(f"{words}{': ' if report.issue else ''}{report.issue}.")
        return DONE
    if receipt := there.unconfirmed.settle(task.subject):
        standing = receipt.settled.standing.value if receipt.settled else "settled"
        there.listener.remark(f"The change of plan {task.subject}: {standing}.")
    return LATER  # also where it is settled: a plan that was never begun can be applied again
