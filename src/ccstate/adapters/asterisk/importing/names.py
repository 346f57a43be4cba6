"""Names for objects, made from what the configuration calls things."""

import re

_BETWEEN = re.compile(r"[^a-z0-9._-]+")


def name_of(text: str) -> str:
    """A valid name near the text; `unnamed` where nothing of it can be used."""
    plain = _BETWEEN.sub("-", text.lower()).strip("-._")
    return plain[:70].rstrip("-._") or "unnamed"


def person(text: str) -> str:
    """A person's name as a name: `Lindsey Freddie` → `lindsey.freddie`."""
    return name_of(".".join(re.findall(r"[a-z0-9]+", text.lower())))


class Names:
    """Names that are taken; the second who asks for one is given another."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], int] = {}

    def free(self, kind: str, wanted: str) -> str:
        """The name, or `name-2` and so on where it is taken."""
        name = wanted
        while (kind, name) in self._taken:
            count = self._next.get((kind, wanted), 2)
            self._next[kind, wanted] = count + 1
            name = f"{wanted}-{count}"
        self._taken.add((kind, name))
        return name

    def variable(self, *words: str) -> str:
        """The name of an environment variable: `SIP_1101`."""
        text = "_".join(re.sub(r"[^A-Z0-9]+", "_", word.upper()).strip("_") for word in words)
        return self.free("variable", text[:80]).replace("-", "_")
