"""What Asterisk would refuse, or accept in silence and never do: reported before a write.

Asterisk loads a dialplan whose applications it does not have, and says so only when a call comes to
such a step. Modules that read a file of ccstate's are not named: an apply loads them itself.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from ccstate import kinds
from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami import Ami, Forbidden, Refused, action_forbidden
from ccstate.adapters.asterisk.conf import resolved
from ccstate.adapters.asterisk.entries import DIALPLAN, PJSIP, Compiled, used_files
from ccstate.adapters.asterisk.handwritten import MAIN, Handwritten, conflicts, setup_problems
from ccstate.adapters.asterisk.perform import Draft
from ccstate.adapters.asterisk.refusals import Refusal, refusals
from ccstate.adapters.asterisk.storage import problem
from ccstate.adapters.asterisk.unmanaged import out_of_reach
from ccstate.drafts import CHANGED
from ccstate.errors import Diagnostic, Span
from ccstate.model import Address, Change


def audit_changes(
    changes: Sequence[Change],
    drafted: Draft,
    compiled: Compiled,
    by_hand: Handwritten,
    place: str,
) -> list[Diagnostic]:
    """Find every problem of these changes, with what to do about it."""
    if not changes:
        return []
    return [
        *(
            setup.diagnostic(place)
            for setup in setup_problems(by_hand, used_files(compiled.entries))
        ),
        *conflicts(by_hand, compiled, place),
        *_elsewhere(drafted),
        *out_of_reach(drafted),
        *_without_transport(drafted, by_hand, place),
        *(refusal.problem for refusal in refusals(drafted.objects) if _is_known(refusal, drafted)),
    ]


def _is_known(refusal: Refusal, drafted: Draft) -> bool:
    """Whether what is refused is what will be written: of secrets a reader knows seals alone."""
    address = refusal.address
    return not drafted.is_sealed or refusal.field not in kinds.secrets(
        address.kind, drafted.objects[address]
    )


def rights_missing(actions: Collection[str], host: str) -> Iterator[Diagnostic]:
    """Rights that an apply may come to need; `actions` are those that AMI does not permit."""
    for action in actions:
        if action == "QueuePause":
            yield codes.MAY_NOT_PAUSE(host=host)
        else:
            yield action_forbidden(host, action)


def files_closed(paths: Collection[str], place: str) -> Iterator[Diagnostic]:
    """Files that an apply has to read, and this user may not."""
    for path in sorted(paths):
        yield problem(codes.FILE_UNREADABLE, place, path.rstrip("/"), why="permission denied")


def _without_transport(drafted: Draft, by_hand: Handwritten, place: str) -> Iterator[Diagnostic]:
    """Trunks whose messages could not travel; Asterisk 22 then drops their registration (seen)."""
    sections = resolved(by_hand.confs[PJSIP])
    protocols = {
        section.get("protocol") or "udp"
        for section in sections
        if section.get("type") == "transport"
    }
    wanted: dict[str, list[str]] = {}
    for address, fields in sorted(drafted.objects.items()):
        if address.kind == "trunk":
            wanted.setdefault(str(fields.get("transport") or "udp"), []).append(address.name)
    for protocol, trunks in wanted.items():
        if protocol not in protocols:
            more = f" and {len(trunks) - 1} more" if len(trunks) > 1 else ""
            file, trunk = f"{place}/{MAIN[PJSIP]}", f"trunk/{trunks[0]}{more}"
            yield codes.NO_TRANSPORT(Span(file), file=file, protocol=protocol, trunks=trunk)


def _elsewhere(drafted: Draft) -> Iterator[Diagnostic]:
    for address, why in drafted.refused.items():
        if address in drafted.elsewhere:
            code = codes.ELSEWHERE_CHANGED if why == CHANGED else codes.ELSEWHERE
            yield code(address=address, why=why)


_WORDS: Mapping[str, str] = {
    "app_confbridge": "ConfBridge CONFBRIDGE CONFBRIDGE_INFO",
    "app_dial": "Dial",
    "app_directed_pickup": "Pickup",
    "app_mixmonitor": "MixMonitor StopMixMonitor",
    "app_playback": "Playback",
    "app_read": "Read",
    "app_stack": "Gosub Return LOCAL",
    "app_userevent": "UserEvent",
    "bridge_builtin_features": "FEATUREMAP",
    "bridge_softmix": "ConfBridge",
    "func_callerid": "CALLERID",
    "func_cut": "CUT",
    "func_db": "DB DB_DELETE",
    "func_devstate": "DEVICE_STATE",
    "func_dialplan": "DIALPLAN_EXISTS",
    "func_groupcount": "GROUP GROUP_COUNT",
    "func_logic": "IF",
    "func_pjsip_endpoint": "PJSIP_ENDPOINT",
    "func_sorcery": "AST_SORCERY",
    "func_strings": "FIELDNUM FILTER LEN REPLACE STRFTIME",
    "func_uri": "URIDECODE",
    "res_musiconhold": "MusicOnHold",
    "res_pjsip_header_funcs": "PJSIP_HEADER",
}
"""By module, its applications and functions that ccstate uses; the source tree, 16.28 and 22.10."""
MODULES: Mapping[str, tuple[str, ...]] = {
    word: tuple(module for module, words in _WORDS.items() if word in words.split())
    for words in _WORDS.values()
    for word in words.split()
}
"""By application or function, the modules that it needs."""
_USE = re.compile(r"\b([A-Z][A-Za-z_]+)\(")


def uses(compiled: Compiled) -> dict[str, Address | None]:
    """The applications and functions of a dialplan, each with an object that needs it, if one does."""
    found: dict[str, Address | None] = {}
    for key, entry in compiled.entries.items():
        if key.file == DIALPLAN and key.part.isdecimal():
            for word in _USE.findall(entry.value):
                if found.get(word) is None:
                    found[word] = entry.owner
    return found


def modules_missing(ami: Ami, compiled: Compiled, place: str) -> Iterator[Diagnostic]:
    """Modules that the dialplan needs and that do not run, as far as the AMI user may ask."""
    needed: dict[str, tuple[str, Address | None]] = {}
    for word, owner in uses(compiled).items():
        for module in MODULES.get(word, ()):
            needed.setdefault(module, (word, owner))
    for module, (word, owner) in sorted(needed.items()):
        try:
            ami.do("ModuleCheck", ("Module", module))
        except Forbidden:
            return
        except Refused:
            user = f"{owner} needs" if owner else "calls need"
            yield codes.MODULE_MISSING(module=module, place=place, user=user, word=word)
