"""Modules of Asterisk without which calls end at a step that no module knows.

Asterisk loads a dialplan whose applications it does not have, and says so only when a call comes to
such a step. Modules that read a file of ccstate's are not named: an apply loads them itself.
"""

import re
from collections.abc import Iterator, Mapping

from ccstate.adapters.asterisk.ami import Ami, Refused
from ccstate.adapters.asterisk.ami.faults import Forbidden
from ccstate.adapters.asterisk.entries import DIALPLAN, Compiled
from ccstate.errors import Diagnostic
from ccstate.model import Address

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
            who = f"{owner} needs" if owner else "calls need"
            yield Diagnostic(
                "CC473",
                f"{module}.so does not run at {place}, which {who}",
                cause=f"A call would end at the step with `{word}`, which no other module knows.",
                hint=f"add `load = {module}.so` to modules.conf, then `module load {module}.so`",
            )
