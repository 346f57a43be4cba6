"""Values, objects and counts of changes in few words."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ccstate.kinds import PLURALS
from ccstate.model import Action, Address, Change, Fields, Json, Plan, Why, edited
from ccstate.render.text import Style, clip, safe

LONGEST = 400
"""Columns of a value; what is longer is cut, for the files hold it in full."""
NOT_SET = "(not set)"
SECRET = "(secret)"  # noqa: S105 - what is shown in place of one

_BARE = re.compile(r"[^\s\"'`\\,()→…]+")
_LOOKS_OTHERWISE = {"true", "false", "null", "yes", "no"}
_SINGULAR = {kind.plural: kind.name for kind in PLURALS.values()} | {
    "weekly": "day",
    "choices": "choice",
    "patterns": "pattern",
    "languages": "language",
    "holidays": "holiday",
    "exceptions": "exception",
    "seasons": "season",
    "skills": "skill",
    "areas": "area",
    "desks": "desk",
    "tiles": "tile",
    "nodes": "node",
    "members": "member",
    "codecs": "codec",
    "keys": "key",
    "permissions": "permission",
}
_FIRST = ("extension", "number", "to", "host", "device", "email", "team", "timezone")


def plural(count: int, singular: str, several: str = "") -> str:
    """Count things: `1 queue`, `2 queues`, `1,200 users`."""
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"


def of_kind(count: int, kind: str) -> str:
    """Count objects of a kind: `2 outbound routes`."""
    several = next((k.plural for k in PLURALS.values() if k.name == kind), f"{kind}s")
    return plural(count, kind.replace("_", " "), several.replace("_", " "))


def scalar(value: Json) -> str:
    """Write a value as it is shown in a line: bare where that is plain to read, else in quotes."""
    match value:
        case None:
            return NOT_SET
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case list() | dict():
            return brief(value)
        case _:
            return str(value)


def _text(value: str) -> str:
    if value.startswith("sealed:"):
        return SECRET
    if _BARE.fullmatch(value) and value not in _LOOKS_OTHERWISE:
        return clip(safe(value), LONGEST)
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clip(safe(quoted), LONGEST)}"'


def brief(value: Json, most: int = 120) -> str:
    """Write a list or mapping in about so many columns."""
    match value:
        case list():
            return _joined((_item(item) for item in value), most) or "none"
        case dict():
            return _joined(_parts(value), most) or "nothing"
        case _:
            return scalar(value)


def _item(item: Json) -> str:
    """Write an item of a list, its details in parentheses: `user yuki.m (penalty 10)`."""
    if not isinstance(item, dict) or len(item) < 2:
        return scalar(item)
    first, *others = _parts(item)
    return f"{first} ({', '.join(others)})" if others else first


def _joined(parts: Iterator[str], most: int) -> str:
    text = ""
    for part in parts:
        if text and len(text) + len(part) + 2 > most:
            return f"{text}, …"
        text = f"{text}, {part}" if text else part
    return text


def _parts(value: dict[str, Json]) -> Iterator[str]:
    if isinstance(kind := value.get("type"), str):
        yield kind
    for name, inner in value.items():
        if name == "type" and isinstance(inner, str):
            continue
        if name == "date":
            yield scalar(inner)
        elif inner and isinstance(inner, dict):
            yield size_words(name, len(inner))
        elif isinstance(inner, list) and len(inner) > 1:
            yield f"{name} {' + '.join(scalar(item) for item in inner[:4])}"
        elif isinstance(inner, list):
            yield f"{name} {scalar(inner[0]) if inner else 'none'}"
        else:
            yield f"{name} {scalar(inner)}"


def size_words(name: str, count: int) -> str:
    """Count the entries of a field: `6 nodes`, `1 holiday`."""
    singular = _SINGULAR.get(name)
    if singular is None:
        return f"{name} ({count:,})"
    several = "days" if name == "weekly" else name
    return plural(count, singular.replace("_", " "), several.replace("_", " "))


def title(address: Address, fields: Fields) -> str:
    """Quote the label of the object; empty where nothing but its address is known."""
    for name in ("label", "name"):
        text = fields.get(name)
        if isinstance(text, str) and text != address.name:
            return f'"{clip(safe(text), 60)}"'
    return ""


def summary(fields: Fields) -> str:
    """Write the object in few words: where it leads, how large it is."""
    return ", ".join(_facts(fields))


def facts_of(change: Change, fields: Fields) -> str:
    """Write a new object in few words, with the sources of its secrets: `secret env:SIP_2101`."""
    secrets = (
        f"{path.rpartition('.')[2]} {scalar(reference)}"
        for path, reference in sorted(change.secrets.items())
    )
    return ", ".join([*_facts(fields), *secrets])


def references_beyond(changes: Iterable[Change]) -> str:
    """Write the references of changes that are only counted_changes, by how they begin; "" for none.

    `, with secrets from env:SIP_… (68), env:TRUNK_A`
    """
    begun: dict[str, list[str]] = {}
    for change in changes:
        for _, reference in sorted(change.secrets.items()):
            head = re.match(r"env:[^_]*_|file:.*/|bundle:[^._-]*[._-]|", reference, re.DOTALL)
            begun.setdefault(head[0] if head else "", []).append(reference)
    parts = [
        f"{clip(safe(head), LONGEST)}… ({len(found):,})"
        if head and len(found) > 1
        else ", ".join(map(scalar, found))
        for head, found in sorted(begun.items())
    ]
    return f", with secrets from {', '.join(parts)}" if parts else ""


def _facts(fields: Fields) -> Iterator[str]:
    for name in _FIRST:
        if isinstance(value := fields.get(name), str):
            yield f"{name} {scalar(value)}"
    for name, value in fields.items():
        if isinstance(value, dict | list) and value and name in _SINGULAR:
            yield size_words(name, len(value))


def fields_of(change: Change) -> Fields:
    """Return what is known of the object: as it will be, or, where it goes, as it was."""
    after = edited(change.ledger or {}, [edit for edit in change.edits if edit.after is not None])
    if after:
        return after
    return {edit.path: edit.before for edit in change.edits if "." not in edit.path}


SIGNS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.ADOPT: "=",
    Action.RELEASE: "·",
    Action.MOVE: "→",
}
STYLES: Mapping[Action, Style] = {
    Action.CREATE: Style.ADD,
    Action.UPDATE: Style.CHANGE,
    Action.DELETE: Style.REMOVE,
    Action.ADOPT: Style.NOTE,
    Action.RELEASE: Style.NOTE,
    Action.MOVE: Style.CHANGE,
}
VERBS: Mapping[Action, str] = {
    Action.CREATE: "create",
    Action.UPDATE: "change",
    Action.DELETE: "delete",
    Action.ADOPT: "adopt",
    Action.RELEASE: "release",
    Action.MOVE: "move",
}


def counted_changes(changes: Iterable[Change]) -> Iterator[Change]:
    """Select the changes that people count: an object that gets another name is one, not two."""
    return (change for change in changes if not change.is_moved_away)


def count_changes(changes: Iterable[Change]) -> str:
    """Count changes: `3 to create, 2 to change, 1 to delete`; `nothing to do` for none."""
    counts = Counter(change.action for change in counted_changes(changes))
    found = [f"{counts[action]:,} to {VERBS[action]}" for action in Action if counts[action]]
    return ", ".join(found) or "nothing to do"


def count_done(changes: Iterable[Change]) -> str:
    """Count what was done: `3 created, 2 changed, 1 deleted`."""
    counts = Counter(change.action for change in counted_changes(changes))
    found = ((counts[action], VERBS[action].removesuffix("e")) for action in Action)
    return ", ".join(f"{count:,} {verb}ed" for count, verb in found if count)


def by_kind(changes: Iterable[Change]) -> dict[str, Counter[Action]]:
    """Count each action by kind, in the order of the plan."""
    counts: dict[str, Counter[Action]] = defaultdict(Counter)
    for change in counted_changes(changes):
        counts[change.address.kind][change.action] += 1
    return counts


def changes_words(changes: Iterable[Change]) -> str:
    """Write changes for a sentence: `creates 2 users, changes 1 queue and deletes 3 queues`."""
    counts: dict[Action, Counter[str]] = defaultdict(Counter)
    for change in counted_changes(changes):
        counts[change.action][change.address.kind] += 1
    parts = []
    for action in Action:
        if kinds := counts.get(action):
            words = [of_kind(count, kind) for kind, count in kinds.items()]
            total, most = sum(kinds.values()), 3
            what = (
                join_words(words) if len(words) <= most else f"{total:,} objects of several kinds"
            )
            parts.append(f"{VERBS[action]}s {what}")
    return join_words(parts)


def common_reason(change: Change) -> str:
    """Write who causes a change, where one phrase says it for all its edits; else empty."""
    match change.action, change.why:
        case Action.CREATE, Why.DELETED_BY_HAND:
            return f"{change.why}, made again"
        case Action.CREATE, _:
            return ""
        case Action.MOVE, _:
            return f"was {change.moved}"
        case Action.RELEASE, Why.DELETED_BY_HAND:
            return f"{change.why}, ccstate forgets it"
        case ((Action.RELEASE | Action.DELETE), _):
            return change.why.value
        case Action.UPDATE, _ if not change.edits:
            return "only the record of what was applied changes"
    reasons = {edit.why for edit in change.edits} or {change.why}
    return reasons.pop().value if len(reasons) == 1 else ""


IN_SHORT: Mapping[Why, str] = {
    Why.BOTH: "by you and by hand",
    Why.DEFAULTS: "project defaults",
}
"""For a narrow column, where the plain words of `Why` are too long."""


def reason_words(why: Why) -> str:
    return IN_SHORT.get(why, why.value)


def targets(plan: Plan) -> list[str]:
    """List every platform of the plan, those that change first."""
    found = [*(step.target for step in plan.steps), *plan.managed, *plan.unmanaged]
    return list(dict.fromkeys(found))


def join_words(words: Iterable[str], joint: str = "and") -> str:
    """Join words: `a`, `a and b`, `a, b and c`."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} {joint} {last}" if most else last


def count_rest(changes: Iterable[Change]) -> str:
    """Count what a bounded list leaves out: `52 more users to create, 3 more queues to change`."""
    counts = Counter((change.address.kind, change.action) for change in changes)
    return ", ".join(
        f"{of_kind(count, kind).replace(' ', ' more ', 1)} to {VERBS[action]}"
        for (kind, action), count in counts.items()
    )


def name_first(names: Sequence[str], count: int, most: int = 5) -> str:
    """Name the first of so many names, and count the others."""
    shown = names[:most]
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown):,} more"
    return join_words(shown)
