"""The policy that counts for what is checked out: that of the commit before, never the change's own.

Read by git's objects from the base, iCalendar files too. Where there is no commit yet, or no git, the
files as they are say it. Why: docs/adr/0037-the-policy-before-the-change-counts.md.
"""

import os
import pwd
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pydantic import ValidationError

from ccstate.almanac import read_periods
from ccstate.authority import Authority
from ccstate.desired import Settings
from ccstate.desired.policy import PolicyForm, check_policy
from ccstate.desired.settings import FILE
from ccstate.desired.tree import content_of
from ccstate.desired.yaml_values import read
from ccstate.errors import Blocked, Diagnostic, InvalidInput, Locked, Span
from ccstate.git import GitFailed
from ccstate.history.authority import authority_of
from ccstate.history.commit_before import Base, base_of, file_in, refuse_missing
from ccstate.model import Plan
from ccstate.policy import Policy, Verdict, codes, judge


class Judged(NamedTuple):
    """A verdict, by which policy it is made, and on whose word the plan is."""

    verdict: Verdict
    policy: Policy
    authority: Authority


def policy_in_force(settings: Settings, base: Base) -> Policy:
    """Read the policy of the commit before the change.

    Raises InvalidInput where that commit is not known, or its policy cannot be used.
    """
    refuse_missing(base)
    root = settings.root
    if not base.is_versioned:
        form = settings.policy
        return Policy(form, {name: _working(root, name) for name in form.calendars()})
    if not base.commit:
        return Policy(PolicyForm(), is_edited=settings.policy != PolicyForm())
    try:
        content = file_in(root, base.commit, root / FILE)
        form = PolicyForm() if content is None else _form(content, base.commit)
        calendars = {name: _committed(root, name, base.commit) for name in form.calendars()}
    except GitFailed as failed:
        raise InvalidInput(_unreadable(base.commit, str(failed))) from None
    return Policy(form, calendars, base.commit, is_edited=form != settings.policy)


def _form(content: bytes, commit: str) -> PolicyForm:
    document, problems = read(content, FILE)
    if problems or not isinstance(document, dict):
        raise InvalidInput(_unreadable(commit, f"{FILE} is no valid YAML"))
    if document.get("policy") is None:
        return PolicyForm()
    try:
        form = PolicyForm.model_validate(document["policy"])
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise InvalidInput(_unreadable(commit, f"policy.{place} is not as it must be")) from None
    environments = document.get("environments")
    inside = environments.values() if isinstance(environments, dict) else ()
    targets = {*_names(document.get("targets"))}
    for each in inside:
        targets.update(_names(each.get("targets")) if isinstance(each, dict) else ())
    for path, problem in check_policy(form, targets, _names(environments)):
        place = ".".join(map(str, path))
        raise InvalidInput(_unreadable(commit, f"policy.{place}: {problem.message}"))
    return form


def _names(mapping: object) -> list[str]:
    return list(map(str, mapping)) if isinstance(mapping, dict) else []


def _unreadable(commit: str, reason: str) -> Diagnostic:
    return codes.POLICY_UNREADABLE(Span(FILE), commit=commit[:12], reason=reason)


def _working(root: Path, name: str) -> bytes:
    content = b"" if ".." in name.split("/") else content_of(root / name, name)
    if isinstance(content, Diagnostic):
        raise InvalidInput(content)
    return content


def _committed(root: Path, name: str, commit: str) -> bytes:
    content = None if ".." in name.split("/") else file_in(root, commit, root / name)
    if content is None:
        raise InvalidInput(_unreadable(commit, f"it has no file {name}"))
    return content


def calendar_problems(settings: Settings, now: datetime) -> list[Diagnostic]:
    """Find iCalendar files of the policy that are not there, or cannot be followed to the end."""
    problems: list[Diagnostic] = []
    for name in settings.policy.calendars():
        try:
            data = _working(settings.root, name)
            read_periods(data, name, UTC, now, now + timedelta(days=400))
        except InvalidInput as error:
            problems += error.problems
    return problems


Word: TypeAlias = Authority | Callable[[Authority], Authority]
"""On whose word a plan is applied; or what is to be made of the word that its commit and this process give."""


def judge_now(
    settings: Settings,
    plan: Plan,
    authority: Word | None = None,
    *,
    base: str = "",
    emergency: str = "",
) -> Judged:
    """Judge a plan now, by the policy before the change; what stands in the way is in the verdict.

    Where no authority is given, the plan's commit says who asked, and this process who applies; a
    function makes of that what counts. An
    emergency of which a reason is given is declared by who applies. Raises InvalidInput where git
    has no commit of the name `base`.
    """
    blocked: tuple[Diagnostic, ...] = ()
    policy = Policy(PolicyForm())
    before = base_of(settings.root, base)
    try:
        policy = policy_in_force(settings, before)
    except InvalidInput as error:
        blocked = error.problems
    if not isinstance(authority, Authority):
        # The policy is that before what is checked out; the commits are those of the plan.
        since = before if base else base_of(settings.root, tip=plan.commit.removesuffix("+"))
        found = authority_of(settings.root, plan.commit, since.commit, policy.form)
        if plan.rollback is not None:  # taken back is what was asked for, by whomever
            found = Authority()
        own = replace(found, applied_by=account(), host=socket.gethostname())
        authority = authority(own) if authority else own
    if emergency:
        request = replace(authority.request, emergency=emergency)
        authority = replace(authority, request=request, declared_by=authority.applied_by)
    if blocked:
        return Judged(Verdict(blocked), policy, authority)
    try:
        verdict = judge(policy, plan, authority, datetime.now(UTC))
    except InvalidInput as error:  # an iCalendar file of the base
        verdict = Verdict(error.problems)
    overruled = tuple(f"{problem.code} {problem.message}" for problem in verdict.overruled)
    return Judged(verdict, policy, replace(authority, overruled=overruled))


def refuse(verdict: Verdict) -> None:
    """Raise Blocked where something is missing or forbidden, Locked where a plan has to wait."""
    if verdict.blocked:
        raise Blocked([*verdict.blocked, *verdict.frozen])
    if verdict.frozen:
        raise Locked(verdict.frozen)


def account() -> str:
    """Name the account that the process runs as; by number where the machine does not know a name.

    Not as variables such as USER say it, which anyone may set.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in containers
        return str(os.getuid())
