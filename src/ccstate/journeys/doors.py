"""Where a call comes in, and where a destination leads."""

from collections.abc import Iterable

from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.location import site_of
from ccstate.journeys.speech import spoken_seconds
from ccstate.journeys.ways import End, Place, Way
from ccstate.kinds import Path
from ccstate.model import Address


class Doors:
    """The entrances of one centre, as destinations name them."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self._numbers: dict[str, str] | None = None

    def entrance(self, address: Address) -> Place | None:
        """The place where calls to an address come in; None where there is no such thing."""
        kind = "extension" if address.kind == "voicemail" else address.kind
        fields = self.centre.of(kind).get(address.name)
        if fields is None:
            return None
        if kind == "ivr":
            return Place("ivr", address.name, fields["start"])
        node = "voicemail" if address.kind == "voicemail" else ""
        return Place(kind, address.name, node)

    def leads(self, target: str | None, tree: str, path: Path, way: Way) -> Way:
        """The way with its destination: a node of the tree, an address, or an end.

        None is a destination that nobody declared: the call is cut off there.
        """
        if target is None:
            return way._replace(end=End.CUT_OFF, path=path)
        if target == "hangup":
            return way._replace(end=End.HANGUP, at="hangup", path=path)
        kind, slash, name = target.partition("/")
        if slash:
            to = self.entrance(Address(kind, name))
        else:
            nodes = self.centre.of("ivr")[tree]["nodes"] if tree else {}
            to = Place("ivr", tree, target) if target in nodes else None
        return way._replace(to=to, end=None if to else End.CUT_OFF, path=path)

    def dialled_extensions(self, sites: Iterable[str] | None) -> dict[str, str]:
        """Extensions of these sites by the digits that are dialled for them; None is every site."""
        if self._numbers is None:
            found = {
                fields.get("number") or name: name
                for name, fields in sorted(self.centre.of("extension").items())
            }
            self._numbers = {number: name for number, name in found.items() if number.isdigit()}
        if sites is None:
            return self._numbers
        chosen = frozenset(sites)
        return {
            number: name
            for number, name in self._numbers.items()
            if site_of(self.centre, name) in chosen
        }

    def notice(self, fields: Filled) -> int:
        """Seconds of the notice of a recording, where calls are recorded; 0 where they are not."""
        recording = fields.get("recording") or {}
        records = recording.get("when", "never") != "never"
        return self.speech(recording.get("notice")) if records else 0

    def speech(self, prompt: str | None, language: str | None = None) -> int:
        """Seconds that a prompt takes, by its words; 0 where it has none."""
        return spoken_seconds(self.centre.words(prompt, language))
