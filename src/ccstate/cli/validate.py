"""`ccstate validate`, and `ccstate rule`: what each rule looks for, and how to live with it."""

import sys
from collections.abc import Iterable
from datetime import date
from typing import Any

import click

from ccstate import codes
from ccstate.cli.days import day_or_today
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, print_remark, print_report
from ccstate.cli.progress import Terminal
from ccstate.desired import Desired
from ccstate.errors import Diagnostic, InvalidInput, Severity
from ccstate.project import Project
from ccstate.render.diagnostics import VALIDATION, Validation
from ccstate.render.rule_text import RULE, RULE_LIST, Explained
from ccstate.render.values import plural


@click.command()
@in_format(VALIDATION)
@click.option(
    "--at",
    "day",
    metavar="DATE",
    callback=day_or_today,
    help="The day that rules judge by; today where left out.",
)
@ENVIRONMENT
@click.pass_obj
def validate(root: Any, *, form: str, day: date, environment: str) -> int:
    """Check the desired state, without any platform.

    Every problem of every file is shown, with its place and what to do. A state without errors is
    judged by the rules as well, which know what is valid and unwise.
    """
    found = Project.open(root, Terminal(), environment).validate(day)
    problems, judged = found.problems, found.judged
    size = _size(found.desired)
    if found.environments:
        size = "; ".join(f"{n}: {_size(each.desired)}" for n, each in found.environments.items())
    print_report(VALIDATION, form, Validation(problems, size, sys.stdout.isatty()))
    if not judged and not any(problem.code == codes.PROJECT_MISSING.code for problem in problems):
        print_remark("The rules were not run: they judge a desired state without errors.")
    return 1 if any(problem.severity is Severity.ERROR for problem in problems) else 0


def _size(desired: Desired | None) -> str:
    """Write how much was read; "" where that was nothing."""
    if desired is None:
        return ""
    return f"{plural(len(desired.state), 'resource')} in {plural(desired.files, 'file')}"


@click.command()
@in_format(RULE_LIST, RULE)
@click.argument("which", metavar="[CODE]", default="")
def rule(form: str, which: str) -> int:
    """Explain a rule, by its code or its name; list all rules without one.

    The page says what the rule looks for and why, shows a desired state that breaks it and the
    same one mended, and how to switch the rule off or silence it in one place.
    """
    from ccstate.rules import RULES, Rule
    from ccstate.rules.pages import judged_example, page

    if not which:
        print_report(RULE_LIST, form, list(RULES.values()))
        return 0
    by_name: dict[str, Rule] = {found.name: found for found in RULES.values()}
    chosen = RULES.get(which.upper()) or by_name.get(which.lower())
    if chosen is None:
        raise InvalidInput(_unknown(which, [*RULES, *by_name]))
    text = page(chosen.code)
    print_report(RULE, form, Explained(chosen, text, judged_example(text.bad)))
    return 0


def _unknown(which: str, known: Iterable[str]) -> Diagnostic:
    from ccstate.desired.findings import did_you_mean, quote

    hint = did_you_mean(which.upper(), known) or did_you_mean(which.lower(), known)
    if which.upper().startswith("CC") and not which.upper().startswith("CC2"):
        hint = "codes of rules are CC2xx; docs/codes.md explains the others"
    return codes.RULE_UNKNOWN(code=quote(which), hint=hint or "`ccstate rule` lists the rules")
