"""Steps of the dialplan as templates: the same definition compiles a step and recognises it.

`Template("WaitExten", "<timeout>", timeout=SECONDS)` makes `WaitExten(5)` of `5s`, and reads `5s`
from it. A part between angle brackets stands for a value without a comma, a bracket or a question
mark; one without a codec is a text. Parts that are called by fields need no table of their own.
"""

import re
from collections.abc import Iterable, Mapping

from ccstate.adapters.asterisk.entries import Step
from ccstate.adapters.asterisk.rows import TEXT, Codec, decoded
from ccstate.model import Json

_PART = re.compile(r"<([a-z_]+)>")
_LABEL = re.compile(r"\(\w+\)")


class Template:
    """One kind of step: its application, and its data with the parts that vary."""

    def __init__(self, application: str, data: str = "", **codecs: Codec) -> None:
        self._application = application
        self._pieces = _pieces(data)
        self._codecs = {part: codecs.get(part, TEXT) for part, is_part in self._pieces if is_part}
        pattern = "".join(
            f"(?P<{text}>[^,()?|]*)" if is_part else re.escape(text)
            for text, is_part in _pieces(f"{application}({data})")
        )
        self._pattern = re.compile(pattern)

    def step(self, field: str = "", label: str = "", **values: object) -> Step:
        """The step with these values; `field` is the path of the field that it says."""
        codecs = self._codecs
        data = "".join(
            [codecs[p].encode(values[p]) if is_part else p for p, is_part in self._pieces]
        )
        return Step(self._application, data, field, label)

    def read(self, step: str) -> Mapping[str, str] | None:
        """The values in a step as it is spelled, whatever its label; None for another step."""
        found = self._pattern.fullmatch(_LABEL.sub("", step, count=1) if step[:1] == "(" else step)
        return found.groupdict() if found else None

    def find(self, steps: Iterable[str]) -> Mapping[str, str]:
        """The values in the first such step; nothing where there is none."""
        return next((found for step in steps if (found := self.read(step)) is not None), {})

    def values(self, steps: Iterable[str]) -> dict[str, Json]:
        """The values in the first such step by part, decoded; None for each where there is none."""
        found = self.find(steps)
        return {part: decoded(codec, found.get(part)) for part, codec in self._codecs.items()}

    def is_in(self, steps: Iterable[str]) -> bool:
        """Whether there is such a step."""
        return any(self.read(step) is not None for step in steps)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in order: what stands as it is, and the names of parts, with whether it is one."""
    pieces = _PART.split(text)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces)]
