"""How calls come in that test a site, with the moment that they ask for; on test sites alone."""

from ccstate.adapters.asterisk.carriers import NUMBERS, on_trunk
from ccstate.adapters.asterisk.entries import Compiled, Context, Key, Step, file_of_type
from ccstate.journeys.centre import Centre

TEST = "ccstate-test"
"""The endpoint, and the context, of calls that test a site."""


def compile_test_calls(compiled: Compiled, centre: Centre, password: str) -> None:
    """How test calls come in, with the moment that they ask for; on test sites alone."""
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
        arrivals.include(on_trunk(name))
