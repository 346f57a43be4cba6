"""A dialplan is read as pbx_config reads it; what it passes over is told with its place."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.conf import parse
from ccstate.adapters.asterisk.conf.dialplan import HINT, Dialplan, dialplan
from ccstate_lab.site import Site
from tests.adapters.asterisk.running_estate import connect
from tests.asterisk_sites import SiteOf


def plan(text: str) -> Dialplan:
    return dialplan(parse(text.encode(), "extensions.conf"))


def steps(found: Dialplan, context: str = "c") -> list[str]:
    return [
        f"{s.exten}{'/' + s.caller if s.caller else ''},{s.priority}"
        f"{'(' + s.label + ')' if s.label else ''},{s.app}|{s.data}"
        for s in found.contexts[context].steps
    ]


@pytest.mark.parametrize(
    "lines, expected",
    [
        ("exten => 100,1,Answer()\nsame => n,Hangup", ["100,1,Answer|", "100,2,Hangup|"]),
        ("exten=1,1,A\nsame=n(x),B(1,(2))\nsame=n+2,C", ["1,1,A|", "1,2(x),B|1,(2)", "1,5,C|"]),
        ("exten=1,1,A\nexten=2,n,B", ["1,1,A|", "2,2,B|"]),
        ("exten=_1[2,3]X,1,A", ["_1[2,3]X,1,A|"]),
        ("exten=1/555,1,A", ["1/555,1,A|"]),
        ("exten=1,hint,PJSIP/1\nexten=1,1,A", [f"1,{HINT},PJSIP/1|", "1,1,A|"]),
        ("exten=_1X,hint,PJSIP/${EXTEN}", [f"_1X,{HINT},PJSIP/${{EXTEN}}|"]),
        ("exten=1,1,A(b)c)d", ["1,1,A|b)c"]),
        ("exten=1 2,1,A", ["12,1,A|"]),
        ("exten=${G},1,A", ["4711,1,A|"]),
    ],
)
def test_steps_are_counted(lines: str, expected: list[str]) -> None:
    assert steps(plan(f"[globals]\nG=4711\n[c]\n{lines}")) == expected


@pytest.mark.parametrize(
    "lines, problem",
    [
        ("same => n,A", "same stands before any exten"),
        ("exten => 1,n,A", "'n' is no priority here"),
        ("exten => 1,0,A", "'0' is no priority here"),
        ("exten => 1,x,A", "'x' is no priority here"),
        ("exten => 1,1(x,A", "the label has no )"),
        ("exten => 1,hint,X\nsame => n,A", "n behind a hint counts to 0"),
        ("exten => 1,1,A\nexten => 1,1,B", "1 has a priority 1 already"),
        ("exten => _1N,1,A\nexten => _1[2-9],1,B", "_1[2-9] has a priority 1 already"),
        ("exten => 1,1,A(b", "'A(b' has no )"),
        ("foo => bar", "'foo' means nothing in a dialplan"),
        ("exten => $[1+1],1,A", "is worked out while Asterisk loads"),
    ],
)
def test_what_is_passed_over_is_reported(lines: str, problem: str) -> None:
    found = plan(f"[c]\n{lines}")
    assert [p for p in found.problems if problem in p.message], found.problems
    line = lines.count("\n") + 2
    assert all(
        p.span and (p.span.file, p.span.line) == ("extensions.conf", line) for p in found.problems
    )


def test_includes_switches_and_the_rest_are_kept_with_their_places() -> None:
    found = plan("[general]\nstatic=yes\n[c]\ninclude => d\nswitch => Realtime/x\nignorepat => 9")
    context = found.contexts["c"]
    assert [(o.value, o.line) for o in context.includes] == [("d", 4)]
    assert [(o.value, o.line) for o in context.switches] == [("Realtime/x", 5)]
    assert [(o.key, o.line) for o in context.others] == [("ignorepat", 6)]
    assert [o.key for o in found.settings] == ["static"]


@given(
    st.lists(
        st.sampled_from(
            [
                "exten",
                "same",
                "=>",
                "=",
                ",",
                "1",
                "n",
                "hint",
                "(",
                ")",
                "[",
                "]",
                "\n",
                "${G}",
                "/",
                "[c]",
                "\n[c]\n",
                "\nexten => 1,1,A(b)\n",
                "+",
                "999999999999",
                "\\",
                " ",
                "${${",
            ]
        ),
        max_size=60,
    ).map("".join)
)
def test_whatever_the_lines_are_nothing_is_raised(text: str) -> None:
    plan(text)


ODD = """\
exten => 100,1,Answer()
exten = 100,n,Playback(a,b)
same => n,Hangup
same = n(lab),NoOp(x)
same=>lab+3,Foo(a(b)c)d
exten => _1XX-X,hint,PJSIP/${EXTEN}
same => 1,Bar
exten => 1 0 0,1,Dup()
exten => _[1,2]X,1,Z(1,2)
same => s,Same()
exten => n,1,NoOp
exten => ${G},1,Glob(${EXTEN})
exten => 7,n+2,Plus()
exten => 8,n(x,Y()
exten=>9,,Y()
exten => 10
exten=>11,0,A()
exten=>12,-3,A()
exten=>14,1,App (x)
exten => 15,1,  App(x
exten => 16,1,${V}(x)
include => other
lswitch=>Loopback/${Z}
foo => bar
same => 2,Q(\\;)
exten => a\\,b,1,E()
exten => 17,n , Sp( q )
exten => 18, 3 ,A()
exten => dialed-BUSY,1,B()
exten=>dialedBUSY,1,C()
exten => ,1,Z()
exten => 1-0-0,1,Y()
same => n(lab),Again()
exten => 19,n (q),A()
exten => 22,1,A(${x}(b))
exten => _x.,1,Lower()
exten => _X.,1,Upper()
""".splitlines()


@pytest.fixture(params=["22", "16"])
def running(request: pytest.FixtureRequest, site: SiteOf) -> Iterator[Site]:
    found = site(request.param)
    yield found
    (found.etc / "extensions.d/odd.conf").unlink()
    with connect(found) as ami:
        ami.do("Reload", ("Module", "pbx_config.so"))


def test_a_real_asterisk_has_the_same_dialplan_of_odd_lines(running: Site) -> None:
    rng = random.Random(2)  # noqa: S311 - the same odd lines every time
    path = running.etc / "extensions.d/odd.conf"
    with connect(running) as ami:
        for number in range(60):
            lines = [rng.choice(ODD) for _ in range(rng.randint(1, 14))]
            # The labels that extensions have by a pattern are not followed.
            text = "\n".join(["[globals]", "G=4711", f"[odd-{number}]", *lines, ""])
            path.write_text(text, encoding="utf-8")
            ami.do("Reload", ("Module", "pbx_config.so"))
            context = f"odd-{number}"
            seen = {
                (
                    event.get("Extension"),
                    event.get("Priority"),
                    event.get("ExtensionLabel"),
                    event.get("Application"),
                    "" if event.get("Priority") == "hint" else event.get("AppData"),
                )
                for event in ami.read("ShowDialPlan")
                if event.get("Context") == context and "Extension" in event
            }
            ours = {
                (
                    step.exten,
                    "hint" if step.priority == HINT else str(step.priority),
                    step.label,
                    step.app,
                    "" if step.priority == HINT else step.data,
                )
                for step in plan(text).contexts[context].steps
            }
            assert seen == ours, text
