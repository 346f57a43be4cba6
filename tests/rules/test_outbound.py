"""Calls that leave: one route carries them, and dear ones need a permission."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.dialling.countries import country_of
from ccstate.dialling.dear_calls import dear_calls, examples
from ccstate.dialling.routing import Dialling
from ccstate.rules import Breach
from ccstate.rules.outbound import RULES
from tests.rules.estates import estate

CHECKS = {rule.code: rule.check for rule in RULES}


def house(routes: str, country: str = "AU") -> str:
    return (
        f"sites: {{sydney: {{address: {{country: {country}}}, timezone: UTC}}, "
        f"perth: {{timezone: UTC}}}}\noutbound_routes:\n{routes}"
    )


def route(name: str, patterns: Iterable[str], more: str = "") -> str:
    quoted = ", ".join(f'"{pattern}"' for pattern in patterns)
    tail = f", {more}" if more else ""
    return f"  {name}: {{patterns: [{quoted}], trunks: []{tail}}}\n"


def found(code: str, text: str) -> list[Breach]:
    return list(CHECKS[code](estate(text)))


def dear(*routes: str, country: str = "AU") -> list[str]:
    """Route, pattern and kind of every call that is too dear."""
    return [
        f"{f.address.name} {f.message.split(' calls ')[0]}"
        for f in found("CC251", house("".join(routes), country))
    ]


def test_the_same_pattern_in_two_routes_is_said_at_the_second() -> None:
    text = house(route("a", ["0.", "1."]) + route("b", ["0011.", "1.", "0."]))
    (one,) = found("CC250", text)
    assert (str(one.address), one.path) == ("outbound_route/b", ("patterns", 0))
    assert one.message == 'outbound_route/a has "0.", "1." too, for every site'


def test_patterns_that_differ_leave_no_doubt() -> None:
    assert found("CC250", house(route("a", ["NXX"]) + route("b", ["ZXX", "2XX", "NX!"]))) == []


def test_routes_of_different_sites_do_not_meet() -> None:
    two = route("a", ["0."], "site: sydney") + route("b", ["0."], "site: perth")
    assert found("CC250", house(two)) == []
    assert found("CC250", house(two + route("c", ["0."]))) == [], "a site's own goes first"
    (one,) = found("CC250", house(two.replace("perth", "sydney")))
    assert one.message.endswith("for site/sydney")


@pytest.mark.parametrize(
    "country, patterns, kinds",
    [
        ("AU", ["190XXXXXXX"], ["premium"]),
        ("AU", ["1XXXXXXXXX"], ["premium"]),
        ("AU", ["13ZXXX", "1300XXXXXX", "1800XXXXXX", "04XXXXXXXX", "0XXXXXXXXX"], []),
        ("AU", ["0011."], ["international"]),
        ("AU", ["+X."], ["international", "premium"]),
        ("AU", ["+61X."], ["premium"]),
        ("AU", ["+612XXXXXXXX"], []),
        ("AU", ["+64XXXXXXXXXX"], ["international"]),
        ("AU", ["0."], ["international"]),
        ("AU", ["X."], ["international", "premium"]),
        ("AU", ["1!"], ["international", "premium"]),  # 1411 0011 …, by another carrier
        ("US", ["1NXXNXXXXXX"], ["premium"]),
        ("US", ["NXXNXXXXXX"], ["premium"]),
        ("US", ["1800NXXXXXX", "NXXXXXX"], []),
        ("CA", ["011."], ["international"]),
        ("US", ["+1NXXNXXXXXX"], ["premium"]),
        ("GB", ["0XXXXXXXXXX"], ["premium"]),
        ("GB", ["01XXXXXXXXX", "02XXXXXXXXX", "07XXXXXXXXX"], []),
        ("NZ", ["0900XXXXX"], ["premium"]),
        ("NZ", ["00."], ["international"]),
        ("DE", ["0900XXXXXXX"], ["premium"]),
        ("FR", ["00."], ["international"]),
        ("FR", ["0ZXXXXXXXX"], ["premium"]),  # 08 9X, ARCEP's numbering plan
        ("FR", ["01XXXXXXXX", "06XXXXXXXX"], []),
        ("BR", ["X."], ["international", "premium"]),
        ("BR", ["00XX."], ["international"]),  # by a carrier that the caller chooses
        ("SG", ["1900XXXXXXX"], ["premium"]),
        ("CH", ["090XXXXXXX"], ["premium"]),
        ("PR", ["1900NXXXXXX"], ["premium"]),
        ("JP", ["010."], ["international"]),
        ("XX", ["X."], []),
    ],
)
def test_each_country_has_its_dear_calls(
    country: str, patterns: list[str], kinds: list[str]
) -> None:
    said = dear(route("all", patterns, "permission: national"), country=country)
    assert sorted(line.split()[-1] for line in said) == kinds


@pytest.mark.parametrize(
    "more, kinds",
    [
        ("permission: premium", []),
        ("permission: international", ["premium"]),
        ("permission: mobile", ["international", "premium"]),
        ("emergency: false", ["international", "premium"]),
        ("permission: premium, emergency: true", ["international", "premium"]),
    ],
)
def test_premium_may_do_all_and_an_emergency_route_is_open_to_all(
    more: str, kinds: list[str]
) -> None:
    assert sorted(line.split()[-1] for line in dear(route("all", ["X."], more))) == kinds


def test_the_worst_case_is_named() -> None:
    (one, _) = found("CC251", house(route("all", ["000", "X."], "emergency: true")))
    assert one.path == ("patterns", 1)
    assert one.message.endswith("for every extension, because the route is for emergencies")
    (one, _) = found("CC251", house(route("all", ["X."])))
    assert one.message.endswith("for everybody, because the route asks for no permission")


def test_a_more_specific_route_with_its_permission_mends_it() -> None:
    wide = route("wide", ["1XXXXXXXXX"], "permission: national")
    assert dear(wide) == ['wide "1XXXXXXXXX" carries premium']
    assert dear(wide, route("dear", ["190XXXXXXX"], "permission: premium")) == []
    part = route("dear", ["1900XXXXXX"], "permission: premium")
    assert dear(wide, part) == ['wide "1XXXXXXXXX" carries premium'], "1902 and 1906 are open"


def test_what_counts_is_what_is_sent() -> None:
    assert dear(route("line", ["0XXXXXXXXXX"], "strip: 1, permission: local")) == [
        'line "0XXXXXXXXXX" carries premium'
    ]
    assert dear(route("local", ["90XXXXXX"], 'prepend: "02", permission: local')) == []
    assert dear(route("nice", ["8XXXXXXX"], 'strip: 1, prepend: "190", permission: local')) == [
        'nice "8XXXXXXX" carries premium'
    ]
    assert dear(route("abroad", ["044."], 'strip: 2, prepend: "+4", permission: local')) == [
        'abroad "044." carries international'
    ]
    assert dear(route("eaten", ["190XXXXXXX"], "strip: 15, permission: local")) == []
    assert dear(route("short", ["190XXXXXX"], "permission: local")) == []


def test_a_route_counts_at_the_sites_that_use_it() -> None:
    wide = route("wide", ["1XXXXXXXXX"], "permission: national, site: SITE")
    assert dear(wide.replace("SITE", "perth")) == [], "nothing says where perth is"
    assert len(dear(wide.replace("SITE", "sydney"))) == 1
    everywhere = wide.replace(", site: SITE", "")
    assert len(dear(everywhere)) == 1
    own = route("own", ["190XXXXXXX"], "permission: premium, site: sydney")
    assert dear(everywhere, own) == []


def test_a_number_that_rings_inside_is_not_dialled_outside() -> None:
    text = house(route("odd", ["1902555555"], "permission: local"))
    assert len(found("CC251", text)) == 1
    assert found("CC251", text + 'extensions: {"1902555555": {}}\n') == []


PATTERNS = st.from_regex(r"\A\+?[0-9XZN]{1,12}[.!]?\Z").filter(lambda p: p[-1] != "\n")


@given(
    PATTERNS,
    st.integers(0, 4),
    st.sampled_from(["", "0", "1", "+6", "+61"]),
    st.sampled_from(["AU", "BR", "DE", "FI", "FR", "GB", "NZ", "RU", "SE", "US"]),
)
def test_every_example_is_carried_by_its_pattern(
    pattern: str, strip: int, prepend: str, country: str
) -> None:
    fields: dict[str, object] = {"patterns": [pattern], "strip": strip, "prepend": prepend}
    home = country_of(country)
    assert home
    for calls in dear_calls(home):
        for dialled in examples(fields, pattern, calls, home):
            more = f'strip: {strip}, prepend: "{prepend}"' if prepend else f"strip: {strip}"
            house_ = Dialling(estate(house(route("only", [pattern], more))).centre)
            call = house_.leave("", dialled)
            assert call
            assert call.pattern == pattern
            if calls.kind == "international":
                assert home.is_abroad(call.sent) or call.sent.startswith("+")
                assert not call.sent.startswith("+" + home.calling_code)


PHONES = """
users:
  anna: {name: Anna, extension: "2101"}
extensions:
  "2101": {permissions: [internal, premium]}
  "2900": {permissions: [emergency, internal, international]}
  "2901": {permissions: [premium], device: none}
  "2902": {}
"""


def test_a_phone_without_a_user_may_not_call_premium_numbers() -> None:
    assert found("CC252", PHONES) == []
    (one,) = found("CC252", PHONES.replace("international]", "international, premium]"))
    assert (str(one.address), one.path) == ("extension/2900", ("permissions", 3))
