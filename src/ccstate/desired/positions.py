"""Where in its file a value is written: called only for a file that has a problem.

Reads the stream of events of libyaml (PyYAML's C parser), not a tree: a file of 5 MB takes under a
second, where composing it in pure Python takes ten.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ccstate.errors import Span

Path: TypeAlias = tuple[str | int, ...]
_Steps: TypeAlias = tuple[str, ...]


def locate(data: bytes, file: str, paths: Iterable[Path]) -> dict[Path, Span]:
    """For each path the place of its key, or of its item in a list; else of its nearest parent.

    Keys are compared as text: ("ivrs", "main", "1") finds the key `1`. A document that cannot be read
    to the end is searched as far as it goes; what is not found there is the file itself.
    """
    return _nearest(data, file, paths, of_value=False)


def locate_value(data: bytes, file: str, paths: Iterable[Path]) -> dict[Path, Span]:
    """For each path the place where its value begins; else the value of its nearest parent."""
    return _nearest(data, file, paths, of_value=True)


def _nearest(data: bytes, file: str, paths: Iterable[Path], *, of_value: bool) -> dict[Path, Span]:
    steps_of = {path: tuple(map(str, path)) for path in paths}
    wanted = {steps[:end] for steps in steps_of.values() for end in range(len(steps) + 1)}
    places = _places(data, wanted, of_value=of_value)
    spans: dict[Path, Span] = {}
    for path, steps in steps_of.items():
        ends = range(len(steps), 0 if path else -1, -1)
        place = next((places[steps[:end]] for end in ends if steps[:end] in places), None)
        spans[path] = Span(file, *place) if place else Span(file)
    return spans


@dataclass(slots=True)
class _Box:
    """A mapping or list that is open; `steps` is None where nothing inside is looked for."""

    steps: _Steps | None
    is_mapping: bool
    count: int = 0
    key: str | None = None
    key_place: tuple[int, int] = (0, 0)
    at_key: bool = True


def _places(data: bytes, wanted: set[_Steps], *, of_value: bool) -> dict[_Steps, tuple[int, int]]:
    import yaml

    places: dict[_Steps, tuple[int, int]] = {}
    boxes: list[_Box] = []
    missing = len(wanted)
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
        for event in yaml.parse(text, Loader=yaml.CBaseLoader):
            name = type(event).__name__
            if name in ("MappingEndEvent", "SequenceEndEvent"):
                boxes.pop()
                continue
            if name not in _NODES:
                continue
            steps = _enter(event, boxes)
            if steps is not None and steps in wanted and steps not in places:
                by_key = boxes and boxes[-1].is_mapping and not of_value
                places[steps] = boxes[-1].key_place if by_key else _begin(event)
                missing -= 1
                if not missing:
                    break
            if name in ("MappingStartEvent", "SequenceStartEvent"):
                inside = steps if steps is not None and steps in wanted else None
                boxes.append(_Box(inside, name == "MappingStartEvent"))
    except (yaml.YAMLError, UnicodeDecodeError):
        pass  # Told by `yaml_values.read`; here it only means that fewer places are known.
    return places


_NODES = frozenset(["ScalarEvent", "AliasEvent", "MappingStartEvent", "SequenceStartEvent"])


def _enter(event: Any, boxes: list[_Box]) -> _Steps | None:
    """The path of the node that begins; None for a key, and where nothing is looked for."""
    if not boxes:
        return ()
    box = boxes[-1]
    if box.is_mapping:
        box.at_key = not box.at_key
        if not box.at_key:
            box.key = getattr(event, "value", None)
            box.key_place = _begin(event)
            return None
        step = box.key
    else:
        step = str(box.count)
        box.count += 1
    return None if box.steps is None or step is None else (*box.steps, step)


def _begin(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
