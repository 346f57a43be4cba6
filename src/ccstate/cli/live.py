"""`ccstate verify`, `drift` and `show`: what the platforms are, beside what they should be."""

from typing import Any

import click

from ccstate.adapter import kept_fields, kept_names
from ccstate.cli.output import in_format, print_report
from ccstate.cli.plans import find_plan, reviewed_plan
from ccstate.cli.workspace import Workspace, find_root, observed
from ccstate.diff import diff
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.model import Address, Resource, parse_address
from ccstate.render.comparison import (
    DRIFT,
    OBJECT,
    VERIFY,
    Drifted,
    ObjectViews,
    Verified,
    View,
)
from ccstate.render.plan_markdown import PLAN

TARGET = click.option(
    "--target",
    "targets",
    multiple=True,
    envvar="CCSTATE_TARGET",
    help="Only this target; repeatable.",
)


@click.command()
@TARGET
@in_format(VERIFY)
@click.pass_obj
def verify(root: Any, targets: tuple[str, ...], form: str) -> int:
    """Read the platforms and compare them with the desired state.

    Exits with 4 where something is not as desired; writes nothing.
    """
    workspace = Workspace(find_root(root))
    desired = workspace.valid()
    found = {}
    for share in (workspace.share(target, desired) for target in workspace.targets(targets)):
        wanted = ((address, resource.fields) for address, resource in share.desired.items())
        kept = kept_names(share.supports, wanted)
        found[share.name] = Verified(share.changes, len(share.desired), kept, share.seen.unseen)
    print_report(VERIFY, form, found)
    return 4 if any(target.changes for target in found.values()) else 0


@click.command()
@TARGET
@in_format(DRIFT)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something drifted.")
@click.pass_obj
def drift(root: Any, targets: tuple[str, ...], form: str, detailed_exitcode: bool) -> int:
    """Say what was changed by hand since the last apply.

    Compares each platform with its own ledger of what ccstate applied; needs no desired state.
    """
    workspace = Workspace(find_root(root))
    found = {}
    for target in workspace.targets(targets):
        adapter = workspace.adapter(target)
        seen = observed(target, adapter, target.kinds & adapter.supports.keys())
        applied = {a: Resource(a, fields, "") for a, fields in seen.ledger.items()}
        changes = diff(target.name, applied, seen, secrets={}, release=())
        kept = kept_names(adapter.supports, seen.ledger.items())
        found[target.name] = Drifted(changes, seen, kept)
    print_report(DRIFT, form, found)
    drifted = any(target.changes for target in found.values())
    return 2 if drifted and detailed_exitcode else 0


@click.command()
@click.argument("what", metavar="ADDRESS|PLAN")
@TARGET
@in_format(OBJECT, PLAN)
@click.pass_obj
def show(root: Any, what: str, targets: tuple[str, ...], form: str) -> int:
    """Show an object as declared, applied and live; or a plan.

    ADDRESS is kind/name, such as queue/sales; PLAN the id of a plan, or its beginning. Markdown is
    for plans; an object is told as text then.
    """
    workspace = Workspace(find_root(root))
    if "/" not in what:
        return _show_plan(workspace, what, form)
    address = address_of(what)
    desired = workspace.desired()
    resource = desired.state.get(address)
    views = []
    for target in workspace.targets(targets):
        adapter = workspace.adapter(target)
        if address.kind in target.kinds & adapter.supports.keys():
            seen = observed(target, adapter, [address.kind])
            live, applied = seen.objects.get(address), seen.ledger.get(address)
            declared = resource.fields if resource else None
            support = adapter.supports[address.kind]
            kept = kept_fields(support, address.kind, declared, live, applied)
            views.append(View(target.name, live, applied, kept))
    if resource is None and not any(view.live or view.applied for view in views):
        raise InvalidInput([_nowhere(address, [str(known) for known in desired.state])])
    print_report(OBJECT, form, ObjectViews(address, resource, views))
    return 0


def _show_plan(workspace: Workspace, given: str, form: str) -> int:
    from ccstate.cli.plan import show_plan

    plan_id = find_plan(workspace.root, given)
    show_plan(reviewed_plan(workspace.root, plan_id, given), plan_id, form)
    return 0


def address_of(text: str) -> Address:
    """The address in an argument; InvalidInput where it is none."""
    from ccstate.desired.findings import did_you_mean
    from ccstate.kinds import KINDS, PLURALS

    hint = "write kind/name, such as queue/sales"
    try:
        address = parse_address(text)
    except ValueError as error:
        raise InvalidInput([Diagnostic("CC802", str(error), hint=hint)]) from None
    if address.kind in KINDS:
        return address
    if address.kind == "voicemail":  # where a call goes; the mailbox is its extension's
        return Address("extension", address.name)
    if address.kind in PLURALS:
        return Address(PLURALS[address.kind].name, address.name)
    hint = did_you_mean(address.kind, KINDS) or f"kinds: {', '.join(KINDS)}"
    raise InvalidInput([Diagnostic("CC802", f'unknown kind "{address.kind}"', hint=hint)])


def _nowhere(address: Address, known: list[str]) -> Diagnostic:
    from ccstate.desired.findings import did_you_mean

    hint = did_you_mean(str(address), known) or "`ccstate plan` lists what there is"
    return Diagnostic("CC803", f"{address} is neither declared nor live", hint=hint)
