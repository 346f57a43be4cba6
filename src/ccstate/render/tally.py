"""How many of what: counts of a plan, in words and in a table."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ccstate.model import Action, Change, Plan, Why
from ccstate.render.text import Style
from ccstate.render.values import of_kind

SIGNS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.ADOPT: "=",
    Action.RELEASE: "·",
}
STYLES: Mapping[Action, Style] = {
    Action.CREATE: Style.ADD,
    Action.UPDATE: Style.CHANGE,
    Action.DELETE: Style.REMOVE,
    Action.ADOPT: Style.NOTE,
    Action.RELEASE: Style.NOTE,
}
VERBS: Mapping[Action, str] = {
    Action.CREATE: "create",
    Action.UPDATE: "change",
    Action.DELETE: "delete",
    Action.ADOPT: "adopt",
    Action.RELEASE: "release",
}


def counted(changes: Iterable[Change]) -> str:
    """`3 to create, 2 to change, 1 to delete`; `nothing to do` where there is none."""
    counts = Counter(change.action for change in changes)
    found = [f"{counts[action]:,} to {VERBS[action]}" for action in Action if counts[action]]
    return ", ".join(found) or "nothing to do"


def done(changes: Iterable[Change]) -> str:
    """`3 created, 2 changed, 1 deleted`."""
    counts = Counter(change.action for change in changes)
    found = ((counts[action], VERBS[action].removesuffix("e")) for action in Action)
    return ", ".join(f"{count:,} {verb}ed" for count, verb in found if count)


def by_kind(changes: Iterable[Change]) -> dict[str, Counter[Action]]:
    """Counts of each action by kind, in the order of the plan."""
    counts: dict[str, Counter[Action]] = {}
    for change in changes:
        counts.setdefault(change.address.kind, Counter())[change.action] += 1
    return counts


def in_words(changes: Iterable[Change]) -> str:
    """`creates 2 users, changes 1 queue and deletes 3 queues`, for a sentence."""
    counts: dict[Action, Counter[str]] = {}
    for change in changes:
        counts.setdefault(change.action, Counter())[change.address.kind] += 1
    parts = []
    for action in Action:
        if kinds := counts.get(action):
            words = [of_kind(count, kind) for kind, count in kinds.items()]
            total, most = sum(kinds.values()), 3
            what = listed(words) if len(words) <= most else f"{total:,} objects of several kinds"
            parts.append(f"{VERBS[action]}s {what}")
    return listed(parts)


def said_of(change: Change) -> str:
    """Whose doing a change is, where one phrase says it for all its edits; else empty."""
    match change.action, change.why:
        case Action.CREATE, Why.DELETED_BY_HAND:
            return f"{change.why}, made again"
        case Action.CREATE, _:
            return ""
        case Action.RELEASE, Why.DELETED_BY_HAND:
            return f"{change.why}, ccstate forgets it"
        case ((Action.RELEASE | Action.DELETE), _):
            return change.why.value
        case Action.UPDATE, _ if not change.edits:
            return "only the record of what was applied changes"
    whys = {edit.why for edit in change.edits} or {change.why}
    return whys.pop().value if len(whys) == 1 else ""


IN_SHORT: Mapping[Why, str] = {
    Why.BOTH: "by you and by hand",
    Why.DEFAULTS: "project defaults",
}
"""For a narrow column, where the plain words of `Why` are too long."""


def whose(why: Why) -> str:
    return IN_SHORT.get(why, why.value)


def targets(plan: Plan) -> list[str]:
    """Every platform that the plan speaks of, those that change first."""
    found = [*(step.target for step in plan.steps), *plan.managed, *plan.unmanaged]
    return list(dict.fromkeys(found))


def listed(words: Iterable[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} {joint} {last}" if most else last


def rest(changes: Iterable[Change]) -> str:
    """What a bounded list leaves out: `52 more users to create, 3 more queues to change`."""
    counts = Counter((change.address.kind, change.action) for change in changes)
    return ", ".join(
        f"{of_kind(count, kind).replace(' ', ' more ', 1)} to {VERBS[action]}"
        for (kind, action), count in counts.items()
    )


def named(names: Sequence[str], count: int, most: int = 5) -> str:
    """The first of so many names, and how many more there are."""
    shown = names[:most]
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown):,} more"
    return listed(shown)
