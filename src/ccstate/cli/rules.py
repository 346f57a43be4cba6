"""`ccstate rule`: what each rule looks for, and how to live with it."""

import sys
from collections.abc import Iterable

import click

from ccstate.cli.output import in_format, palette, say, width
from ccstate.errors import Diagnostic, InvalidInput, Severity


@click.command()
@in_format("text", "markdown", "json")
@click.argument("which", metavar="[CODE]", default="")
def rule(form: str, which: str) -> int:
    """Explain a rule, by its code or its name; list all rules without one.

    The page says what the rule looks for and why, shows a desired state that breaks it and the
    same one mended, and how to switch the rule off or silence it in one place.
    """
    from ccstate.render import rule_text as render
    from ccstate.rules import RULES, Rule
    from ccstate.rules.pages import judged_example, page

    if not which:
        everything = list(RULES.values())
        match form:
            case "json":
                say(render.rules_json(everything))
            case "markdown":
                say(render.rules_markdown(everything))
            case _:
                say(render.rules_text(everything, width(), palette(sys.stdout)))
        return 0
    by_name: dict[str, Rule] = {found.name: found for found in RULES.values()}
    chosen = RULES.get(which.upper()) or by_name.get(which.lower())
    if chosen is None:
        raise InvalidInput([_unknown(which, [*RULES, *by_name])])
    text = page(chosen.code)
    found = render.Explained(chosen, text, judged_example(text.bad))
    match form:
        case "json":
            say(render.rule_json(found))
        case "markdown":
            say(render.rule_markdown(found))
        case _:
            say(render.rule_text(found, width(), palette(sys.stdout)))
    return 0


def _unknown(which: str, known: Iterable[str]) -> Diagnostic:
    from ccstate.desired.findings import did_you_mean, repr_

    hint = did_you_mean(which.upper(), known) or did_you_mean(which.lower(), known)
    if which.upper().startswith("CC") and not which.upper().startswith("CC2"):
        hint = "codes of rules are CC2xx; docs/codes.md explains the others"
    return Diagnostic(
        "CC808", f"there is no rule {repr_(which)}", hint=hint or "`ccstate rule` lists the rules"
    )


def learn_more(problems: Iterable[Diagnostic]) -> str:
    """How to learn more about a message of a rule, an error's first; "" where none is of a rule."""
    from ccstate.rules import RULES

    codes = [
        problem.code
        for problem in sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR)
        if problem.code in RULES
    ]
    return f"Why, and how to silence it: ccstate rule {codes[0]}" if codes else ""
