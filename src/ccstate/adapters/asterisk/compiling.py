"""Objects → entries: what Asterisk needs so that callers meet what the objects say.

Pure: the same objects give the same entries, in the same order.
"""

import hashlib
from collections.abc import Mapping

import orjson

from ccstate.adapters.asterisk.entries import Compiled, Context, Key, Step, file_of_type
from ccstate.adapters.asterisk.in_call import compile_key_codes
from ccstate.adapters.asterisk.kind import Setting, Unit
from ccstate.adapters.asterisk.kinds import KINDS
from ccstate.adapters.asterisk.kinds.caller_list import compile_who
from ccstate.adapters.asterisk.kinds.extension import unknown_password
from ccstate.adapters.asterisk.kinds.feature_code import compile_logins
from ccstate.adapters.asterisk.kinds.ringing import compile_forwarding
from ccstate.adapters.asterisk.kinds.trunk import NUMBERS, trunk_context
from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.model import Address, Fields

TEST = "ccstate-test"
"""The endpoint, and the context, of calls that test a site."""


def compile_test_calls(compiled: Compiled, centre: Centre, password: str) -> None:
    """Compile how test calls come in, with the moment that they ask for; on test sites alone."""
    for section, option, value in (
        ("endpoint", "context", TEST),
        ("endpoint", "allow", "!all,alaw,ulaw"),
        ("endpoint", "direct_media", "no"),
        ("endpoint", "dtmf_mode", "auto_info"),
        ("endpoint", "trust_id_inbound", "yes"),
        ("endpoint", "auth", TEST),
        ("auth", "auth_type", "userpass"),
        ("auth", "username", TEST),
        ("auth", "password", password),
    ):
        compiled.say(Key(file_of_type(section), section, TEST, option), value, None)
    calls = Context(compiled, TEST)
    calls.note("This is a test site: a call may bring the moment at which it is meant to come")
    calls.add(
        "_[0-9+]!",
        [
            Step("Set", "__CC_AT=${FILTER(0-9,${PJSIP_HEADER(read,X-Ccstate-At)})}"),
            Step("Goto", f"{TEST}-numbers,${{FILTER(0-9+,${{EXTEN}})}},1"),
        ],
    )
    arrivals = Context(compiled, f"{TEST}-numbers")
    arrivals.include(NUMBERS)
    for name in sorted(centre.of("trunk")):
        arrivals.include(trunk_context(name))


_REMEMBERED = 2
"""What a plan begins with and what it leads to; one apply asks for these six times."""
_latest: dict[bytes, Compiled] = {}


def compile_objects(objects: Mapping[Address, Fields], setting: Setting) -> Compiled:
    """Compile everything that Asterisk needs; secrets in the objects are the secrets themselves.

    For the same objects it is the very same answer, which must not be changed.
    """
    digest = _digest(objects, setting)
    compiled = _latest.pop(digest, None) or compile_uncached(objects, setting)
    _latest[digest] = compiled
    while len(_latest) > _REMEMBERED:
        del _latest[next(iter(_latest))]
    return compiled


def _digest(objects: Mapping[Address, Fields], setting: Setting) -> bytes:
    """Compute a digest of objects, the order inside of each included: it matters in prompts."""
    # A twentieth of the time that compiling takes.
    found = hashlib.sha256(setting.key + bytes([setting.is_test_site]))
    for address in sorted(objects):
        found.update(orjson.dumps([*address, objects[address]]))
    return found.digest()


def compile_uncached(objects: Mapping[Address, Fields], setting: Setting) -> Compiled:
    """Compile objects without keeping the answer."""
    compiled = Compiled()
    centre = Centre(dict(sorted(objects.items())))
    flow = Flow(centre)
    for kind in KINDS.values():
        for name, fields in sorted(centre.of(kind.name).items()):
            kind.compile(Unit(compiled, flow, setting, Address(kind.name, name), fields))
    for kind in KINDS.values():
        kind.shared(compiled, flow, setting)
    compile_key_codes(compiled, centre)
    compile_who(compiled)
    compile_logins(compiled, centre)
    compile_forwarding(compiled, flow)
    if setting.is_test_site:
        compile_test_calls(compiled, centre, unknown_password(setting.key, TEST))
    return compiled
