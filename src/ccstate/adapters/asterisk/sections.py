"""What configuration says, section by section: the view from which objects are decoded."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    HINT,
    INCLUDE,
    MEMBER,
    PARKING,
    QUEUES,
    VOICEMAIL,
    Key,
    Values,
    file_of_type,
)
from ccstate.adapters.asterisk.places import GOTO, HANGUP, INTERNAL, place_at
from ccstate.adapters.asterisk.rows import UNCLEAR
from ccstate.journeys.centre import Centre
from ccstate.journeys.ways import Place
from ccstate.model import Json

Options: TypeAlias = Mapping[str, str]
Steps: TypeAlias = Sequence[str]
"""The steps of one extension in the order of their priorities, spelled as in `Entry.value`."""

_LISTS = frozenset({QUEUES, PARKING})
"""Files in which a section is an object."""
_NO_OPTIONS: Options = {}
_NO_EXTENSIONS: Mapping[str, Steps] = {}
_HANGUPS = {"Hangup()": None, f"Hangup({HANGUP})": "hangup"}


class Sections:
    """The entries of all files, found by section; `centre` has the objects as they are recorded."""

    def __init__(self, values: Values, centre: Centre) -> None:
        self.centre = centre
        self._options: dict[tuple[str, str, str], dict[str, str]] = {}
        self._priorities: dict[str, dict[str, dict[int, str]]] = {}
        self._includes: dict[str, list[str]] = {}
        self._hints: dict[str, dict[str, str]] = {}
        for key, value in values.items():
            if key.file == DIALPLAN:
                self._add_step(key, value)
            elif key.file in _LISTS:
                item = MEMBER if key.item == MEMBER else ""
                options = self._options.setdefault((key.file, key.section, item), {})
                options[key.part or key.item] = value
            else:
                self._options.setdefault(key[:3], {})[key.part] = value

    def _add_step(self, key: Key, value: str) -> None:
        _, context, extension, priority = key
        if extension == INCLUDE:
            self._includes.setdefault(context, []).append(priority)
        elif priority == HINT:
            self._hints.setdefault(context, {})[extension] = value
        elif priority.isdecimal():
            extensions = self._priorities.setdefault(context, {})
            extensions.setdefault(extension, {})[int(priority)] = value

    @cached_property
    def _steps(self) -> Mapping[str, Mapping[str, Steps]]:
        return {
            context: {
                extension: [step for _, step in sorted(steps.items())]
                for extension, steps in extensions.items()
            }
            for context, extensions in self._priorities.items()
        }

    def names(self, file: str, section: str = "") -> Iterator[str]:
        """The queues, or lots, of a file; the ids of one type of pjsip.conf; mailboxes of a context."""
        for found_file, found_section, item in self._options:
            if found_file != file:
                continue
            if file in _LISTS and not item:
                yield found_section
            elif file not in _LISTS and found_section == section:
                yield item

    def contexts(self, prefix: str) -> Iterator[str]:
        """The contexts whose names begin so, each without that."""
        for context in self._steps:
            if context.startswith(prefix):
                yield context.removeprefix(prefix)

    def queue(self, name: str) -> Options:
        """The options of a queue."""
        return self._options.get((QUEUES, name, ""), _NO_OPTIONS)

    def members(self, queue: str) -> Mapping[str, str]:
        """The members of a queue by name, as `entries.member_value` writes them."""
        return self._options.get((QUEUES, queue, MEMBER), _NO_OPTIONS)

    def parking_lot(self, name: str) -> Options:
        """The options of a parking lot."""
        return self._options.get((PARKING, name, ""), _NO_OPTIONS)

    def pjsip(self, section_type: str, name: str) -> Options:
        """The options of one object of PJSIP; its variables as `set_var:NAME`."""
        key = (file_of_type(section_type), section_type, name)
        return self._options.get(key, _NO_OPTIONS)

    def mailbox(self, context: str, name: str) -> Options:
        """The parts of a mailbox."""
        return self._options.get((VOICEMAIL, context, name), _NO_OPTIONS)

    def context(self, name: str) -> Mapping[str, Steps]:
        """The extensions of a context with their steps."""
        return self._steps.get(name, _NO_EXTENSIONS)

    def includes(self, context: str) -> Sequence[str]:
        """The contexts that a context includes."""
        return self._includes.get(context, ())

    def leads(self, steps: Steps, tree: str = "") -> Json:
        """Where steps lead a call, as a field writes it; `tree`: seen from a node of that tree.

        None where the call is cut off there, or there are no steps; UNCLEAR where no field can
        say it.
        """
        found: Json = UNCLEAR if steps else None
        for step in reversed(steps):
            if step in _HANGUPS:
                return _HANGUPS[step]
            if GOTO.read(step) is not None:
                place = target(step)
                return self._destination(place, tree) if place else found
        return found

    def _destination(self, place: Place, tree: str) -> Json:
        unclear: Json = UNCLEAR
        match place.kind:
            case "ivr" if place.name == tree:
                return place.node
            case "ivr":
                start = self.centre.of("ivr").get(place.name, {}).get("start")
                return f"ivr/{place.name}" if start == place.node else unclear
            case "extension" if place.node:
                return f"voicemail/{place.name}"
            case "extension" | "queue" | "ring_group" | "conference_room" | "number":
                return f"{place.kind}/{place.name}"
            case _:
                return unclear

    @cached_property
    def _doors(self) -> Mapping[str, str]:
        """By tree, the node at which other contexts let calls in."""
        found: dict[str, str] = {}
        for context, extensions in self._steps.items():
            for step in (step for steps in extensions.values() for step in steps):
                place = target(step)
                if place and place.kind == "ivr" and not context.startswith(f"ivr/{place.name}/"):
                    found.setdefault(place.name, place.node)
        return found

    def entered_at(self, tree: str) -> str | None:
        """The node at which calls come into a tree; None where nothing leads there."""
        return self._doors.get(tree)

    @cached_property
    def _numbers(self) -> Mapping[Place, str]:
        found: dict[Place, str] = {}
        for number, steps in self.context(INTERNAL).items():
            target = GOTO.find(steps)
            if target and (place := place_at(target["context"], target["extension"])):
                found.setdefault(place, number)
        return found

    def number(self, place: Place) -> str | None:
        """The number inside that leads to a place."""
        return self._numbers.get(place)

    def numbers(self, kind: str, name: str) -> Iterator[tuple[str, Place]]:
        """The numbers inside that lead to an object, each with the place in it."""
        for place, number in self._numbers.items():
            if (place.kind, place.name) == (kind, name):
                yield number, place


def target(step: str) -> Place | None:
    """The place that a step leads to."""
    found = GOTO.read(step)
    return place_at(found["context"], found["extension"]) if found else None
