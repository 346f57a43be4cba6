"""Where calls come in on the imported side: numbers of carriers, and what phones dial."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from ccstate.adapters.asterisk.importing import Origins
from ccstate.adapters.asterisk.interpreter import NotFollowed
from ccstate.adapters.asterisk.kinds.feature_code import SOUND_WHEN_DONE, SOUND_WHEN_REFUSED
from ccstate.adapters.asterisk.kinds.outbound_route import OUTSIDE_RINGS
from ccstate.adapters.asterisk.proof import turns
from ccstate.adapters.asterisk.proof.doors import samples_of
from ccstate.adapters.asterisk.proof.objects import Acts, At, Done, Leaving, Turns, Where
from ccstate.dialling.called import ending_alike
from ccstate.dialling.number_formats import carrier_formats, read_as_e164, rewritten, written_for
from ccstate.dialling.routing import Dialling, Leaves
from ccstate.dialling.shown import Shown, Source, number_shown
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.staffing import Lack, agents
from ccstate.journeys.ways import Place
from ccstate.model import Address


class Entrances:
    """What answers a dialled number, by the objects."""

    def __init__(self, flow: Flow, words: Mapping[str, str]) -> None:
        self._flow = flow
        self._words = words
        """Of Asterisk's recordings, by their names."""
        self._dialling = Dialling(flow.centre)
        codes = flow.centre.of("feature_code").values()
        self._codes = {"*97": {"action": "mailbox"}} | {str(code["code"]): code for code in codes}
        """What codes that phones dial do; the first of them is there without any object."""
        self._shown = Shown(flow.centre)

    @property
    def inside(self) -> Mapping[str, Address]:
        """What has a number inside the house."""
        return self._dialling.inside

    def number(self, trunk: str, dialled: str) -> Where:
        """Where a call comes in that a carrier sends with this number."""
        written = self.as_carrier_writes(trunk, dialled)
        name = written or next(iter(ending_alike(self._flow, dialled)), "")
        return At(Place("number", name)) if name else Done(turns.NOTHING)

    def as_carrier_writes(self, trunk: str, dialled: str) -> str:
        """The number that takes a call of this trunk; "" where its form is not the trunk's."""
        numbers = self._flow.centre.of("number")
        formats = carrier_formats(self._flow.centre, trunk)
        names = [dialled, f"+{dialled}"]
        if formats.inbound:
            names = [rewritten(read_as_e164(formats.inbound, formats.country), dialled)]
            names.append(f"+{names[0]}")
        found = (n for n in names if n in numbers and numbers[n].get("trunk") in (None, trunk))
        return next(found, "")

    def phone(self, phone: str, dialled: str) -> Where:
        """Where a call goes that a phone dials."""
        extension = self._flow.centre.of("extension").get(phone, {})
        if code := self._codes.get(dialled):
            return self._coded(phone, code)
        reached = self._dialling.dial(extension.get("site") or "", dialled)
        if isinstance(reached, Leaves):
            route = self._dialling.routes[reached.route]
            needed = route.get("permission")
            is_allowed = not needed or needed in (extension.get("permissions") or ())
            if not is_allowed or not route["trunks"]:
                return Done(turns.Over(turns.OVER, "cause 21"))
            return self._leaving(phone, extension, route, reached.sent)
        place = self._flow.entrance(reached) if reached else None
        return At(place) if place else Done(turns.NOTHING)

    def _leaving(self, phone: str, extension: Filled, route: Filled, sent: str) -> Leaving:
        """A call by the trunks of a route, as the carrier of the first of them gets it."""
        centre, first = self._flow.centre, route["trunks"][0]
        formats = carrier_formats(centre, first)
        if formats.outbound:
            sent = rewritten(written_for(formats.outbound, formats.country), sent)
        own = str((extension.get("caller_id") or {}).get("number") or "")
        sources = self._shown.sources(route, first, extension.get("site") or "")
        told = {**sources, Source.EXTENSION: own}
        internal = str(extension.get("number") or phone)
        shown = number_shown(told, is_emergency=bool(route["emergency"]), internal=internal)
        trunks = tuple(f"trunk/{trunk}" for trunk in route["trunks"])
        return Leaving(trunks, sent, OUTSIDE_RINGS, shown)

    def phones_alike(
        self, origins: Origins, numbers: Mapping[str, str]
    ) -> list[dict[object, tuple[str, str]]]:
        """Phones whose calls inside go alike, as (context, extension): one for each number shown.

        They are of one site, have the same rights, and log in to the same queues. `numbers` are
        those of the endpoints' caller IDs; phones that show their own number stand for each other.
        """
        found: dict[tuple[object, ...], dict[object, tuple[str, str]]] = {}
        for endpoint, context in origins.phone_contexts.items():
            phone = origins.phones[endpoint].name
            fields = self._flow.centre.of("extension").get(phone, {})
            shown = (fields.get("caller_id") or {}).get("number")
            is_own = shown in (None, numbers.get(endpoint, endpoint))
            rights = (tuple(sorted(fields.get(name) or ())) for name in ("permissions", "rights"))
            logins = tuple(sorted(self._logins.get(phone, {}).items()))
            alike = found.setdefault((context, fields.get("site"), *rights, logins), {})
            alike.setdefault("" if is_own else shown, (context, phone))
        return list(found.values())

    def _coded(self, phone: str, code: Filled) -> Where:
        """Where a phone is that dials a feature code."""
        action = str(code["action"])
        match action:
            case "mailbox":
                return Done(turns.Over("listens to messages", f"voicemail/{phone}"))
            case "pick_up":
                return Done(turns.Over("picks up"))
            case "switch":
                return Turns(code["switch"])
            case "log_in" | "log_out":
                logins = self._logins.get(phone, {})
                asked = [code["queue"]] if code.get("queue") else sorted(logins)
                return self._acts(
                    action,
                    tuple(
                        _acts(action, f"queue/{queue}", phone, logins[queue])
                        for queue in asked
                        if queue in logins
                    ),
                )
            case "pause" | "unpause":
                return self._acts(action, (_acts(action, turns.ALL_QUEUES, phone, 0),))
            case _:
                raise NotFollowed(f"what the feature code {action} does is not walked")

    def _acts(self, action: str, things: tuple[str, ...]) -> Acts:
        """What an action does, with the sound that tells it; another sound where it does nothing."""
        sound = SOUND_WHEN_DONE[action] if things else SOUND_WHEN_REFUSED
        return Acts(things, self._words.get(sound) or f"«{sound}»")

    @cached_property
    def _logins(self) -> Mapping[str, Mapping[str, int]]:
        """The queues in which each extension logs in, with its penalty there."""
        found: dict[str, dict[str, int]] = {}
        for name, queue in self._flow.centre.of("queue").items():
            for agent in agents(self._flow.centre, queue):
                if agent.is_dynamic and agent.lack is Lack.NOTHING:
                    found.setdefault(agent.extension, {})[name] = agent.penalty
        return found

    # What objects alone know

    def numbers_beside(self, taken: Collection[str]) -> Iterator[str]:
        """The numbers of the objects without those."""
        yield from (n for n in sorted(self._flow.centre.of("number")) if n not in taken)

    def as_sent(self, trunk: str, number: str) -> str:
        """A number as the carrier of a trunk sends it; "" where it comes in by another trunk."""
        if self._flow.centre.of("number")[number].get("trunk") not in (None, trunk):
            return ""
        formats = carrier_formats(self._flow.centre, trunk)
        if formats.inbound:
            return rewritten(written_for(formats.inbound, formats.country), number)
        return number.removeprefix("+")

    def dialled_inside(self) -> Iterator[str]:
        """Numbers inside, codes, and a few numbers of each pattern by which calls leave."""
        yield from sorted(self.inside)
        yield from sorted(code for code in self._codes if code != "*97")
        for route in self._dialling.routes.values():
            for pattern in route["patterns"]:
                yield from samples_of(pattern)


_DOES = {
    "log_in": "joins",
    "log_out": "leaves",
    "pause": "pauses in",
    "unpause": "is back in",
}


def _acts(action: str, queue: str, phone: str, penalty: int) -> str:
    behind = str(penalty) if action == "log_in" else ""
    return turns.agent(_DOES[action], queue, f"extension/{phone}", behind)
