"""A contact centre as callers meet it: objects by kind, with every missing field filled in, and
how long their prompts take to say.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from math import ceil
from typing import Any, TypeAlias, TypeVar

from ccstate.kinds import KINDS, with_defaults
from ccstate.model import Address, Fields, State

Filled: TypeAlias = Mapping[str, Any]
T = TypeVar("T")


class Centre:
    """Objects of one state, desired or live, and the people of its teams and extensions."""

    def __init__(self, objects: Mapping[Address, Fields]) -> None:
        self._declared: dict[str, dict[str, Fields]] = {kind: {} for kind in KINDS}
        for (kind, name), fields in objects.items():
            self._declared[kind][name] = fields
        self._filled: dict[str, Mapping[str, Filled]] = {}
        self._made: dict[Callable[[Centre], Any], Any] = {}

    def of(self, kind: str) -> Mapping[str, Filled]:
        """Return the objects of a kind by name, with the defaults of the trade filled in."""
        if kind not in self._filled:
            named = self._declared[kind].items()
            self._filled[kind] = {name: with_defaults(kind, fields) for name, fields in named}
        return self._filled[kind]

    def once(self, make: "Callable[[Centre], T]") -> T:
        """Return what a function makes of this centre; it is called once."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    def declares(self, address: Address, field: str) -> bool:
        """Check whether a field is declared, be it null."""
        return field in self._declared[address.kind].get(address.name, {})

    def label(self, at: str) -> str:
        """Return the label of an address such as `queue/sales` or `voicemail/2900`.

        It is "" for nothing.
        """
        kind, _, name = at.partition("/")
        kind = "extension" if kind == "voicemail" else kind
        return str(self.of(kind).get(name, {}).get("label") or "") if kind in KINDS else ""

    def words(self, prompt: str | None, language: str | None = None) -> str:
        """Return the text of a prompt in a language, or else in its first; "" for a recording."""
        wordings = self.of("prompt").get(prompt or "", {}).get("languages") or {}
        wording: Filled = wordings.get(language) or next(iter(wordings.values()), {})
        return str(wording.get("text") or "")

    @cached_property
    def people(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the users of each team."""
        return self._users_by("team")

    @cached_property
    def owners(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the users of each extension; more than one is refused elsewhere."""
        return self._users_by("extension")

    def _users_by(self, field: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, user in self.of("user").items():
            if group := user.get(field):
                found.setdefault(group, []).append(name)
        return {group: tuple(names) for group, names in found.items()}


def centre_of(state: State) -> Centre:
    """Make the centre of a state from its resources."""
    return Centre({address: resource.fields for address, resource in state.items()})


_WORDS_PER_SECOND = 2.5
"""Voice artists and synthesizers read announcements at about 150 words a minute."""
_SIGNS_PER_SECOND = 4
"""Chinese and Japanese, which write no spaces between words."""
_SIGN = re.compile(
    r"[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_WORD = re.compile(r"\w[\w'’.-]*")


def spoken_seconds(text: str) -> int:
    """Estimate the seconds that a text takes to say, rounded up; 0 where it says nothing."""
    rest, signs = _SIGN.subn(" ", text)
    words = sum(1 for _ in _WORD.finditer(rest))
    return ceil(words / _WORDS_PER_SECOND + signs / _SIGNS_PER_SECOND)
