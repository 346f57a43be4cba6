"""Sheets for people and requests to vendors, in Markdown: each value in full, and nothing that comes alive.

What a person reads is what has to be done: a step that cannot be said is refused, never left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from ccstate import kinds
from ccstate.adapters.manual.columns import is_shown
from ccstate.adapters.manual.connection import Connection, field_at
from ccstate.adapters.manual.templates import Place, Template, filled, place_of
from ccstate.drafts import effective
from ccstate.kinds.shape import Struct
from ccstate.markdown import code_span, safe, sentence_words
from ccstate.model import Action, Change, Edit, Json, Method, canonical

ID_LENGTH = 12
_VERBS: Mapping[Action, str] = {
    Action.CREATE: "Create",
    Action.UPDATE: "Change",
    Action.ADOPT: "Change",
    Action.DELETE: "Delete",
}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9+/ ._-]*(?<! )")
_OTHERWISE = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null"})


def digest_of(change: Change) -> str:
    """Return the digest by which a change is known again when its apply goes on."""
    edits = [[edit.path, edit.before, edit.after] for edit in change.edits]
    said = [change.action.value, str(change.address), change.basis, edits, dict(change.secrets)]
    return sha256(canonical([*said, change.ledger])).hexdigest()


def edits_of(change: Change) -> list[Edit]:
    """List the fields that a person sets; those of a mapping that goes, one by one."""
    found = []
    for edit in effective(change):
        if edit.after is None and isinstance(edit.before, dict) and _is_struct(change, edit):
            parts = edit.before.items()
            found += [replace(edit, path=f"{edit.path}.{n}", before=v) for n, v in parts]
            if edit.before:
                continue
        found.append(edit)
    return found


def _is_struct(change: Change, edit: Edit) -> bool:
    return isinstance(field_at(change.address.kind, edit.path), Struct)


def sheet_id(changes: Sequence[Change]) -> str:
    """Return what a sheet of these changes is called: the same changes, the same sheet."""
    return sha256("".join(map(digest_of, changes)).encode()).hexdigest()[:ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes what people are to do on one platform; `shown` are the fields that each kind's export shows."""

    connection: Connection
    template: Template
    shown: Mapping[str, frozenset[str]]
    plan: str
    """Id of the plan, "" where none is applied."""

    def place(self, change: Change, edit: Edit) -> Place:
        return place_of(self.connection, self.template, change.address.kind, edit.path)

    def write(self, method: Method, changes: Sequence[Change]) -> str:
        """Write the sheet, or the request, of these changes."""
        lines = self._sheet(changes) if method == "instructions" else self._request(changes)
        return "\n".join(lines) + "\n"

    def _sheet(self, changes: Sequence[Change]) -> Iterator[str]:
        yield f"# Sheet {sheet_id(changes)}: {_counted(changes)} to change by hand\n"
        yield f"- Platform: {sentence_words(safe(self.template.platform))}"
        yield f"- Screens: {sentence_words(safe(self.template.source))}"
        yield from self._plan()
        yield "\nDo the steps in the order in which they stand here. Type each value exactly as it is written.\n"
        yield "> **If a screen looks otherwise**, or shows another value than is written here as the present"
        yield "> one: stop there, change nothing more of that object, and say what you saw:"
        yield f"> {code_span(self._not_done(changes[0]))}\n"
        for number, change in enumerate(changes, start=1):
            kind = _words(change.address.kind)
            verb = _VERBS[change.action]
            yield f"## {number}. {verb} the {kind} {code_span(safe(change.address.name))}\n"
            yield from _numbered(self._steps(change))
            yield ""
            yield from self._check(change)
            yield from self._way_back(change)
        yield from self._afterwards(changes)

    def _steps(self, change: Change) -> Iterator[list[str]]:
        """List the steps for one object; each as its lines."""
        screens = self.template.screens(change.address.kind)
        marks = {"name": safe(change.address.name), "kind": _words(change.address.kind)}
        told: Callable[[str], list[str]] = lambda step: [_told(step, marks)]  # noqa: E731 - said three times
        yield from map(told, screens.open)
        if change.action is Action.DELETE:
            yield from map(told, screens.delete)
            return
        yield from map(told, screens.create if change.action is Action.CREATE else screens.change)
        there = ""
        for edit in self._by_screen(change):
            place = self.place(change, edit)
            if place.screen != there:
                there = place.screen
                yield [f"Go to {_bold(there)}." if there else "Find where the rest is set."]
            yield self._setting(change, edit, place)
        yield from map(told, screens.save)

    def _by_screen(self, change: Change) -> list[Edit]:
        """List the edits by the parts of the screen, in the order in which their kind declares them."""
        fields = list(kinds.shape(change.address.kind).fields)
        edits = sorted(edits_of(change), key=lambda e: fields.index(e.path.partition(".")[0]))
        named = dict.fromkeys(self.place(change, edit).screen for edit in edits)
        screens = sorted(named, key=lambda screen: not screen)  # last what no template places
        return sorted(edits, key=lambda edit: screens.index(self.place(change, edit).screen))

    def _setting(self, change: Change, edit: Edit, place: Place) -> list[str]:
        reference = change.secrets.get(edit.path)
        if reference is not None:
            return [f"Set {_bold(place.name)} to the secret of {code_span(safe(reference))}."]
        before = ""
        if change.action is not Action.CREATE and self._is_shown(change, edit):
            before = f" Now it is {_inline(edit.before, place)}."
        if edit.after is None or _is_empty(edit.after, place):
            return [f"Clear {_bold(place.name)}.{before}"]
        if edit.after == {}:
            return [f"Switch on {_bold(place.name)}, with nothing filled in."]
        if edit.after == "":
            return [f"Set {_bold(place.name)} to an empty text.{before}"]
        block = _block(edit.after, place)
        if block is None:
            return [f"Set {_bold(place.name)} to {_inline(edit.after, place)}.{before}"]
        return [f"Set {_bold(place.name)} to exactly this:{before}", *block]

    def _wanted(self, change: Change, edit: Edit, place: Place) -> Iterator[str]:
        """Say what a field is to be, and what it is now, as a vendor reads it."""
        now = ""
        if change.action is not Action.CREATE and self._is_shown(change, edit):
            now = f" (now {_inline(edit.before, place)})"
        reference = change.secrets.get(edit.path)
        block = None if edit.after is None else _block(edit.after, place)
        if reference is not None:
            wanted = f" the secret of {code_span(safe(reference))}, which you get by another way"
        elif block is None:
            wanted = f" {_inline(edit.after, place)}"
        else:
            wanted = ""
        yield f"- {_bold(place.name)}:{wanted}{now}"
        yield from _indented(block or [], 2)

    def _check(self, change: Change) -> Iterator[str]:
        if change.action is Action.DELETE:
            yield "**Check:** the list shows it no longer.\n"
            return
        yield "**Check:** open it again; each value is as it is written above."
        hidden = [edit for edit in effective(change) if not self._is_shown(change, edit)]
        if hidden:
            names = ", ".join(_bold(self.place(change, edit).name) for edit in hidden)
            yield f"No export shows {names}: your word alone says that this was done."
        yield ""

    def _is_shown(self, change: Change, edit: Edit) -> bool:
        return is_shown(edit.path, self.shown[change.address.kind])

    def _way_back(self, change: Change) -> Iterator[str]:
        if change.action is Action.CREATE:
            yield "**Way back:** take it away again.\n"
            return
        yield f"**Way back:** {'create it again, with these values' if change.action is Action.DELETE else 'set these values again'}.\n"
        for edit in edits_of(change):
            if edit.path in kinds.secrets(change.address.kind, {edit.path: edit.before}):
                yield f"- {_bold(self.place(change, edit).name)}: the secret that it had"
                continue
            place = self.place(change, edit)
            block = None if edit.before is None else _block(edit.before, place)
            if block is None:
                yield f"- {_bold(place.name)}: {_inline(edit.before, place)}"
            else:
                yield f"- {_bold(place.name)}:"
                yield from _indented(block, 2)
        yield ""

    def _plan(self) -> Iterator[str]:
        if self.plan:
            yield f"- Plan: {code_span(safe(self.plan))}, in {code_span(safe(f'plans/{self.plan}/plan.md'))}"

    def _not_done(self, change: Change) -> str:
        plan = self.plan or "PLAN"
        return safe(f'ccstate sign-off {plan} {change.address} --not-done "what you saw"')

    def _afterwards(self, changes: Sequence[Change]) -> Iterator[str]:
        yield "## Afterwards\n"
        yield "1. Sign off what you did: " + code_span(f"ccstate sign-off {self.plan or 'PLAN'}")
        number = 2
        for file in dict.fromkeys(self._export(change) for change in changes):
            yield f"{number}. Export the platform anew, into {code_span(safe(file))}"
            number += 1
        yield f"{number}. Let ccstate confirm it: " + code_span(
            f"ccstate apply {self.plan or 'PLAN'}"
        )

    def _export(self, change: Change) -> str:
        return self.connection.exports[change.address.kind].file

    def _request(self, changes: Sequence[Change]) -> Iterator[str]:
        vendor = self.connection.vendor
        if vendor is None:
            return
        yield f"# Request {sheet_id(changes)}: {_counted(changes)} to change\n"
        for label, words in (
            ("To", f"{vendor.name}, {vendor.contact}"),
            ("Account or service number", vendor.account),
            ("Site", vendor.site),
            ("Your service hours", vendor.service_hours),
            ("Requested by", f"{vendor.requester}, {vendor.reply_to}"),
            ("Wanted", vendor.window),
            ("Approved by", vendor.approval),
        ):
            if words:
                yield f"- {label}: {code_span(safe(words))}"
        yield f"- Our reference: {code_span(sheet_id(changes))}"
        yield from self._plan()
        yield ""
        for number, change in enumerate(changes, start=1):
            kind = _words(change.address.kind)
            verb = _VERBS[change.action]
            yield f"## {number}. {verb} the {kind} {code_span(safe(change.address.name))}\n"
            if change.action is Action.DELETE:
                yield "What is requested: take it out of service.\n"
            else:
                yield "What is requested:\n"
                for edit in edits_of(change):
                    yield from self._wanted(change, edit, self.place(change, edit))
                yield ""
            yield f"**Impact on callers:** {_impact(change)}\n"
            yield "**Test:** confirm each value in writing; we compare it with what you export or list."
            yield ""
            yield from self._way_back(change)
        yield "Please tell us before you begin, and when it is done. If something cannot be done as it is"
        yield "requested, change nothing and answer with the reason."


def _impact(change: Change) -> str:
    kind = _words(change.address.kind)
    match change.action:
        case Action.CREATE:
            return f"none is expected: this {kind} is new."
        case Action.DELETE:
            return f"calls by way of this {kind} end; none should be left by then."
        case _:
            return f"calls by way of this {kind} may fail while it is changed."


def _counted(changes: Sequence[Change]) -> str:
    return "1 object" if len(changes) == 1 else f"{len(changes):,} objects"


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _bold(text: str) -> str:
    return f"**{sentence_words(safe(text))}**"


def _told(step: str, marks: Mapping[str, str]) -> str:
    return "".join(
        code_span(text) if is_value and text == marks["name"] else _inner_words(text)
        for text, is_value in filled(step, marks)
    )


def _inner_words(text: str) -> str:
    """Write a part of a sentence; the spaces around it stay."""
    inner = text.strip(" ")
    if not inner:
        return text
    head, tail = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return f"{head}{sentence_words(safe(inner))}{tail}"


def _is_empty(value: Json, place: Place) -> bool:
    """Whether a value is a list of nothing that is written in a line."""
    return value == [] and not _is_block(value, place)


def _inline(value: Json, place: Place) -> str:
    if value is None:
        return "not set"
    if value == "" or _is_empty(value, place):
        return "empty"
    if _is_block(value, place):
        return "what the way back says below"
    return code_span(safe(place.writing.written(value)))


def _is_block(value: Json, place: Place) -> bool:
    return isinstance(value, dict | list) and not place.writing.separator


def _block(value: Json, place: Place) -> list[str] | None:
    """Write a value of several parts as a block of lines; None where it is written in a line."""
    if not _is_block(value, place):
        return None
    lines = [safe(line) for line in lines_of(value)]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}yaml", *lines, fence]


def lines_of(value: Json) -> list[str]:
    """Write a value of several parts, a line each, as YAML reads it."""
    if isinstance(value, dict) and value:
        return [
            line for name, inner in value.items() for line in _entry(f"{_scalar(name)}:", inner)
        ]
    if isinstance(value, list) and value:
        return [line for inner in value for line in _item(inner)]
    return [_scalar(value)]


def _entry(head: str, value: Json) -> list[str]:
    if isinstance(value, dict | list) and value:
        return [head, *(f"  {line}" for line in lines_of(value))]
    return [f"{head} {_scalar(value)}"]


def _item(value: Json) -> list[str]:
    first, *rest = lines_of(value)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _scalar(value: Json) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _OTHERWISE:
        return value
    return canonical(value).decode()


def _numbered(steps: Iterator[list[str]] | Sequence[list[str]]) -> Iterator[str]:
    for number, (first, *rest) in enumerate(steps, start=1):
        mark = f"{number}. "
        yield mark + first
        yield from _indented(rest, len(mark))


def _indented(lines: Sequence[str], by: int) -> Iterator[str]:
    yield from (" " * by + line for line in lines)
