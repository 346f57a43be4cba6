"""Asterisk tries the extensions of a context in the order that the import and the proof count on."""

import random

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.conf.patterns import rank
from tests.asterisk_sites import NewSite, new_site

__all__ = ["new_site"]

PAIRS = (
    ("_1[12]", "_1[13]"),
    ("_1[13]", "_1[23]"),
    ("_1[123]", "_1[13579]"),
    ("_1[1]", "_11"),
    ("_1X", "_1[0-9]"),
    ("_1N", "_1Z"),
    ("_1N", "_1[2-9]"),
    ("_1N", "_1[13-9]"),
    ("_1X", "_1."),
    ("_1.", "_1!"),
    ("_1", "_1!"),
    ("_1X", "_1X."),
    ("_1X", "_1X!"),
    ("_1XX", "_1X."),
    ("_0X", "_X0"),
    ("_x1", "_X2"),
    ("_1-[1-3]", "_1[2-5]"),
    ("_[a-d]", "_[1-4]"),
    ("_*X", "_#X"),
    ("_1[2*]", "_1[23]"),
    ("_+1X", "_1XX"),
)
PLACES = (
    "0",
    "1",
    "2",
    "9",
    "*",
    "#",
    "+",
    "a",
    "X",
    "Z",
    "N",
    "[12]",
    "[13]",
    "[1-3]",
    "[29]",
    "[2-9]",
    "[0*]",
)
ENDS = ("", "", ".", "!")


def contexts() -> dict[str, list[str]]:
    """The extensions of each context, as they are written there: pairs, and many at once."""
    chance = random.Random(7)  # noqa: S311 - the same patterns each time
    pairs = [*PAIRS, *(pair[::-1] for pair in PAIRS)]
    written = {f"pair-{number}": list(pair) for number, pair in enumerate(pairs)}
    drawn = {
        "_" + "".join(chance.choices(PLACES, k=chance.randint(1, 4))) + chance.choice(ENDS)
        for _ in range(150)
    }
    names = {"".join(chance.choices("0129*#", k=chance.randint(1, 5))) for _ in range(30)}
    written["many"] = chance.sample(sorted(drawn | names), len(drawn | names))
    return written


def order_of(ami: Ami, context: str) -> list[str]:
    """The extensions of a context as `dialplan show` lists them, which is the order of the search."""
    steps = ami.read("ShowDialPlan", ("Context", context))
    return list(dict.fromkeys(step["Extension"] for step in steps if "Extension" in step))


def order_here(extens: list[str]) -> list[str]:
    """The same as ccstate counts on: of two extensions of one rank Asterisk keeps the first."""
    first = {rank(exten): exten for exten in reversed(extens)}
    return sorted(first.values(), key=rank)


@pytest.mark.parametrize("release", ["22", "16"])
def test_extensions_are_tried_in_the_order_of_asterisk(release: str, new_site: NewSite) -> None:
    written = contexts()
    text = "".join(
        f"[{name}]\n" + "".join(f"exten => {exten},1,NoOp()\n" for exten in extens)
        for name, extens in written.items()
    )
    server = new_site(release, files={"extensions.d/live.conf": text})
    login = Login(server.ami_host, server.ami_port, server.lab_username, server.lab_secret)
    with Ami.connect(login) as ami:
        seen = {name: order_of(ami, name) for name in written}
    assert seen == {name: order_here(extens) for name, extens in written.items()}
