"""Steps of the dialplan as templates: the same definition compiles a step and recognises it.

`Template("WaitExten", "<seconds>")` makes `WaitExten(5)`, and reads 5 from it. A part between
angle brackets stands for a value without a comma, a bracket or a question mark.
"""

import re
from collections.abc import Iterable, Mapping

from ccstate.adapters.asterisk.entries import Step

_PART = re.compile(r"<([a-z_]+)>")
_LABEL = re.compile(r"\(\w+\)")


class Template:
    """One kind of step: its application, and its data with the parts that vary."""

    def __init__(self, application: str, data: str = "") -> None:
        self._application = application
        self._pieces = _pieces(data)
        pattern = "".join(
            f"(?P<{text}>[^,()?|]*)" if is_part else re.escape(text)
            for text, is_part in _pieces(f"{application}({data})")
        )
        self._pattern = re.compile(pattern)

    def step(self, field: str = "", label: str = "", **values: object) -> Step:
        """The step with these values; `field` is the path of the field that it says."""
        data = "".join([str(values[text]) if is_part else text for text, is_part in self._pieces])
        return Step(self._application, data, field, label)

    def read(self, step: str) -> Mapping[str, str] | None:
        """The values in a step as it is spelled, whatever its label; None for another step."""
        found = self._pattern.fullmatch(_LABEL.sub("", step, count=1) if step[:1] == "(" else step)
        return found.groupdict() if found else None

    def find(self, steps: Iterable[str]) -> Mapping[str, str]:
        """The values in the first such step; nothing where there is none."""
        return next((found for step in steps if (found := self.read(step)) is not None), {})

    def is_in(self, steps: Iterable[str]) -> bool:
        """Whether there is such a step."""
        return any(self.read(step) is not None for step in steps)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in order: what stands as it is, and the names of parts, with whether it is one."""
    pieces = _PART.split(text)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces)]
