"""Emergency calls: they leave, unchanged, from a place that is known."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.rules import Breach
from ccstate.rules.emergency import RULES
from ccstate.rules.emergency import RULES as LOCATION
from tests.rules.estates import estate

CHECKS = {rule.code: rule.check for rule in (*RULES, *LOCATION)}

SITE = """
sites:
  sydney:
    address: {{street: 1 Example Street, city: Sydney, country: {country}}}
    timezone: Australia/Sydney
trunks:
  carrier: {{host: sip.carrier.example}}
"""
PHONE = """
extensions:
  "2101": {site: sydney, permissions: [local]}
"""


def house(routes: str, country: str = "AU", phones: str = PHONE) -> str:
    return SITE.format(country=country) + "outbound_routes:\n" + routes + phones


def route(name: str, patterns: Iterable[str], more: str = "") -> str:
    quoted = ", ".join(f'"{pattern}"' for pattern in patterns)
    tail = f", {more}" if more else ""
    return f"  {name}: {{patterns: [{quoted}], trunks: [carrier]{tail}}}\n"


def found(code: str, text: str) -> list[Breach]:
    return list(CHECKS[code](estate(text)))


def said(code: str, text: str) -> list[tuple[str, str, tuple[str | int, ...]]]:
    """Address, message and path of every finding."""
    return [(str(f.address), f.message, f.path) for f in found(code, text)]


EMERGENCY = route("emergency", ["000"], "emergency: true")


def test_a_site_with_phones_needs_a_route_for_its_emergency_number() -> None:
    text = house(route("local", ["NXXXXXXX"]))
    assert said("CC230", text) == [("site/sydney", '"000" cannot be called from site/sydney', ())]
    assert said("CC230", text.replace('"NXXXXXXX"', '"NXXXXXXX", "000"')) == []


MAIN = {
    "AE": ["999", "998", "997"],
    "AU": ["000"],
    "BR": ["190", "192", "193"],
    "CA": ["911"],
    "CH": ["112", "117", "118", "144"],
    "DE": ["112", "110"],
    "FR": ["112"],
    "GB": ["999", "112"],
    "IL": ["100", "101", "102"],
    "IM": ["999"],
    "IN": ["112", "100"],
    "IS": ["112"],
    "JP": ["110", "119"],
    "MX": ["911"],
    "NO": ["112", "113", "110"],
    "NZ": ["111"],
    "PH": ["911"],
    "PR": ["911"],
    "QA": ["999"],
    "SG": ["999", "995"],
    "US": ["911"],
}
"""What must be reachable: the first services of each country, as their regulators tell people."""


@pytest.mark.parametrize("country, numbers", MAIN.items())
def test_each_country_has_its_numbers(country: str, numbers: list[str]) -> None:
    missing = found("CC230", house(route("local", ["22XX"]), country))
    assert [f.message.split('"')[1] for f in missing] == numbers
    assert found("CC230", house(route("emergency", numbers), country)) == []


@pytest.mark.parametrize(
    "country, numbers",
    [("ZA", ["10111", "10177", "112"]), ("JM", ["110", "112", "119", "911"])],
)
def test_where_no_country_says_which_number_counts_one_must_work_and_others_are_reported(
    country: str, numbers: list[str]
) -> None:
    (none,) = found("CC230", house(route("local", ["22XX"]), country))
    assert none.message == f"no emergency number of {country} can be called from site/sydney"
    assert all(f'"{number}" goes nowhere' in none.cause for number in numbers[:3])
    assert found("CC237", house(route("local", ["22XX"]), country)) == []
    one = house(route("emergency", numbers[:1], "emergency: true"), country)
    assert found("CC230", one) == []
    (others,) = found("CC237", one)
    assert (
        others.message == f"not every emergency number of {country} can be called from site/sydney"
    )
    assert f'"{numbers[1]}" goes nowhere' in others.cause
    assert found("CC237", house(route("emergency", numbers, "emergency: true"), country)) == []


def test_what_becomes_of_a_number_in_doubt_is_reported() -> None:
    text = house(
        route("e", ["112"], "emergency: true")
        + route("odd", ["15"], "strip: 1")
        + route("closed", ["17"], "permission: premium"),
        "FR",
        PHONE + "  front: {number: '18', site: sydney}\n",
    )
    (one,) = found("CC237", text)
    assert one.cause.endswith(
        '"15" leaves as "5", "17" is barred for some, "18" rings extension/front.'
    )
    assert found("CC230", text) == found("CC231", text) == []


def test_an_unknown_country_is_reported() -> None:
    (one,) = found("CC238", house(route("local", ["22XX"]), "XX"))
    assert (str(one.address), one.path) == ("site/sydney", ("address", "country"))
    assert one.message == 'no emergency number of "XX" is known'
    assert "1 extension at site/sydney can call for help is not judged" in one.cause
    assert found("CC230", house(route("local", ["22XX"]), "XX")) == []
    nowhere = house(route("local", ["22XX"])).replace(", country: AU", "")
    assert said("CC238", nowhere) == [
        ("site/sydney", "nothing says in which country site/sydney stands", ())
    ]
    assert found("CC238", house(route("local", ["22XX"]))) == []


NYC = """
sites:
  nyc: {address: {street: 1 Example St, city: New York, country: US}, timezone: America/New_York}
trunks: {carrier: {host: sip.carrier.example, caller_id: "+12125550100"}}
outbound_routes: {emergency: {site: nyc, patterns: ["911"], trunks: [carrier], emergency: true}}
users: {anna: {name: Anna, extension: "2001"}}
extensions: {"2001": {}}
"""


def test_a_phone_without_a_site_has_the_routes_for_every_site_alone() -> None:
    assert said("CC230", NYC) == [
        ("extension/2001", '"911" cannot be called from extension/2001', ())
    ]
    assert found("CC230", NYC.replace("site: nyc, patterns", "patterns")) == []
    assert found("CC230", NYC.replace("name: Anna", "name: Anna, site: nyc")) == []
    assert found("CC230", NYC.replace('"2001": {}', '"2001": {site: nyc}')) == []


def test_a_phone_without_a_site_may_stand_in_any_country_of_the_house() -> None:
    london = "  lon: {address: {country: GB}, timezone: Europe/London}\ntrunks:"
    text = NYC.replace("site: nyc, patterns", "patterns").replace("trunks:", london, 1)
    (one,) = found("CC230", text)
    assert one.message == '"999", "112" cannot be called from extension/2001'
    assert "which may be in GB:" in one.cause


def test_where_no_site_says_its_country_phones_without_a_site_are_not_judged_and_reported() -> None:
    text = NYC.replace(", country: US", "").replace('"2001": {}', '"2001": {}, "2002": {}')
    assert said("CC238", text) == [
        (
            "extension/2001",
            "nothing says in which country extension/2001, extension/2002 stand",
            (),
        )
    ]


def test_an_emergency_call_from_puerto_rico_is_not_cut_by_the_outside_line() -> None:
    text = house(route("outside", ["9."], "strip: 1"), "PR")
    assert said("CC231", text) == [
        ("outbound_route/outside", '"911" leaves as "11"', ("patterns", 0))
    ]
    assert found("CC230", text) == []
    mended = house(route("outside", ["9."], "strip: 1") + route("e", ["911"]), "PR")
    assert found("CC231", mended) == []


def test_without_outbound_routes_calls_leave_by_something_else() -> None:
    for code in CHECKS:
        assert found(code, SITE.format(country="AU") + 'extensions:\n  "000": {site: sydney}') == []


def test_a_site_without_phones_makes_no_calls() -> None:
    mailbox = 'extensions:\n  "2101": {site: sydney, device: none}\n'
    assert found("CC230", house(route("local", ["22XX"]), phones=mailbox)) == []


def test_a_route_for_every_site_serves_each_and_one_of_another_site_serves_none() -> None:
    other = "  perth: {timezone: Australia/Perth}\ntrunks:"
    text = house(route("emergency", ["000"], "site: perth")).replace("trunks:", other, 1)
    assert [f.message for f in found("CC230", text)] == ['"000" cannot be called from site/sydney']


def test_one_finding_counts_every_phone() -> None:
    phones = "extensions:\n" + "".join(f'  "{n}": {{site: sydney}}\n' for n in range(2101, 2106))
    (one,) = found("CC230", house(route("local", ["22XX"]), phones=phones))
    assert "5 extensions there (2101, 2102, 2103 and 2 more)" in one.cause


def test_a_phone_without_a_site_stands_where_its_user_works() -> None:
    phones = 'users: {anna: {name: A, site: sydney, extension: "2101"}}\nextensions: {"2101": {}}\n'
    assert len(found("CC230", house(route("local", ["22XX"]), phones=phones))) == 1


def test_a_permission_bars_those_who_lack_it() -> None:
    text = house(route("outside", ["0XX", "N."], "permission: national"))
    (one,) = found("CC230", text)
    assert (str(one.address), one.path) == ("outbound_route/outside", ("patterns", 0))
    assert one.message == '"000" is barred for 1 extension'
    assert one.cause.endswith('asks for the permission "national", which 2101 lacks.')
    assert found("CC230", text.replace("[local]", "[national]")) == []
    assert found("CC230", text.replace("national", "national, emergency: true", 1)) == []


def test_an_extension_that_declares_no_permissions_has_none() -> None:
    text = house(
        route("e", ["000"], "permission: emergency"),
        phones=PHONE.replace(", permissions: [local]", ""),
    )
    assert len(found("CC230", text)) == 1


def test_of_two_routes_with_the_same_pattern_both_must_do() -> None:
    text = house(EMERGENCY + route("other", ["000"], "permission: national"))
    assert [str(f.address) for f in found("CC230", text)] == ["outbound_route/other"]


def test_a_route_without_trunk_carries_nothing() -> None:
    text = house(EMERGENCY.replace("[carrier]", "[]"))
    assert said("CC230", text) == [
        ("outbound_route/emergency", 'outbound_route/emergency carries "000" and has no trunk',
         ("trunks",))
    ]  # fmt: skip


def test_secondary_numbers_are_asked_for_where_some_route_of_the_country_names_them() -> None:
    perth = (
        "  perth: {address: {street: 1 Way, city: Perth, country: AU}, timezone: Australia/Perth}\n"
    )
    text = house(
        EMERGENCY + route("perth", ["112", "106"], "site: perth, emergency: true")
    ).replace("trunks:", perth + "trunks:", 1)
    missing = [f.message for f in found("CC230", text)]
    assert missing == [f'"{n}" cannot be called from site/sydney' for n in ("112", "106")]
    abroad = text.replace("city: Perth, country: AU", "city: Bath, country: GB")
    assert found("CC230", abroad) == []


def test_a_digit_that_is_taken_off_mangles_the_number() -> None:
    text = house(route("outside", ["0."], "strip: 1"))
    assert said("CC231", text) == [
        ("outbound_route/outside", '"000" leaves as "00"', ("patterns", 0))
    ]
    assert found("CC231", house(EMERGENCY + route("outside", ["0."], "strip: 1"))) == []


@pytest.mark.parametrize(
    "country, number, more, reported",
    [
        ("US", "911", "strip: 1", '"911" leaves as "11"'),
        ("US", "911", "strip: 3", '"911" leaves as nothing'),
        ("US", "911", 'prepend: "1"', '"911" leaves as "1911"'),
        ("AU", "000", 'strip: 0, prepend: "+61"', '"000" leaves as "+61000"'),
    ],
)
def test_a_number_is_mangled_by_what_is_taken_off_and_put_in_front(
    country: str, number: str, more: str, reported: str
) -> None:
    (one,) = found("CC231", house(route("e", [number], f"{more}, emergency: true"), country))
    assert one.message == reported
    assert one.hint == "take strip: and prepend: off this route"


def test_one_emergency_number_may_leave_as_another() -> None:
    text = house(EMERGENCY + route("mobile", ["112"], 'strip: 3, prepend: "000", emergency: true'))
    assert found("CC230", text) == found("CC231", text) == []


def test_an_internal_number_hides_an_emergency_number() -> None:
    phones = 'extensions:\n  "000": {site: sydney}\n  lobby: {site: sydney, number: "112"}\n'
    assert said("CC231", house(EMERGENCY, phones=phones)) == [
        ("extension/000", 'extension/000 has the emergency number "000"', ()),
        ("extension/lobby", 'extension/lobby has the emergency number "112"', ("number",)),
    ]
    queue = 'queues:\n  help: {extension: "000"}\n'
    assert [f.path for f in found("CC231", house(EMERGENCY, phones=PHONE + queue))] == [
        ("extension",)
    ]


def test_a_textphone_number_inside_matters_only_where_routes_name_it() -> None:
    phones = 'extensions:\n  "106": {site: sydney}\n'
    assert found("CC231", house(EMERGENCY, phones=phones)) == []
    both = route("emergency", ["000", "106"], "emergency: true")
    assert len(found("CC231", house(both, phones=phones))) == 1


OUTSIDE = route("outside", ["0NXXXXXXX", "00ZXXXXXXXX"], "strip: 1, permission: local")


def test_the_number_works_after_the_digit_for_an_outside_line() -> None:
    (one,) = found("CC230", house(EMERGENCY + OUTSIDE))
    assert one.message == '"0000" cannot be called from site/sydney'
    assert one.hint == 'add "0000" to a route of its site with emergency: true and strip: 1'
    after = route("after", ["0000"], "strip: 1, emergency: true")
    text = house(EMERGENCY + OUTSIDE + after)
    assert found("CC230", text) == found("CC231", text) == []
    kept = house(EMERGENCY + OUTSIDE + after.replace("strip: 1, ", ""))
    assert [f.message for f in found("CC231", kept)] == ['"0000" leaves as "0000"']


@pytest.mark.parametrize(
    "country, line, routes",
    [
        ("AU", "0", route("local", ["0NXXXXXXX"], 'strip: 1, prepend: "02"')),
        ("AU", "0", OUTSIDE + route("service", ["1300XXXXXX"])),  # some are dialled without it
        ("AU", "0", OUTSIDE + route("service", ["1300XXXXXX"], "strip: 1")),
        ("US", "9", route("out", ["9."], "strip: 1").replace("9.", "9NXXNXXXXXX")),
        ("US", "8", route("out", ["8NXXNXXXXXX", "81NXXNXXXXXX"], "strip: 1")),
        ("US", "8", route("long", ["81NXXNXXXXXX"], 'strip: 2, prepend: "+1"')),
        ("US", "8", route("abroad", ["8011XX."], "strip: 1")),
        ("US", "99", route("out", ["99NXXNXXXXXX"], "strip: 2")),
        ("US", "*9", route("out", ["*9NXXNXXXXXX"], "strip: 2")),
        ("PR", "7", route("out", ["7NXXXXXX"], "strip: 1")),
        ("GB", "9", route("out", ["90ZXXXXXXXXX"], 'strip: 2, prepend: "+44"')),
        ("SG", "9", route("out", ["9XXXXXXXX"], "strip: 1")),
    ],
)
def test_whatever_the_outside_line_is_numbers_work_after_it(
    country: str, line: str, routes: str
) -> None:
    numbers = MAIN[country]
    direct = route("emergency", numbers, "emergency: true")
    reported = [f.message.split('"')[1] for f in found("CC230", house(direct + routes, country))]
    assert reported == [line + number for number in numbers]


@pytest.mark.parametrize(
    "country, routes",
    [
        # North Americans dial a 1 before the area code, and some carriers want ten digits.
        ("US", route("long", ["1NXXNXXXXXX"], "strip: 1")),
        ("US", route("abroad", ["011X."], 'strip: 3, prepend: "+"')),
        # The zero of national numbers, taken off for the carrier.
        ("AU", route("national", ["02XXXXXXXX"], 'strip: 1, prepend: "+61"')),
        ("AU", route("national", ["02XXXXXXXX"], "strip: 1")),
        ("GB", route("national", ["0."], 'strip: 1, prepend: "+44"')),
        ("GB", route("abroad", ["00."], 'strip: 2, prepend: "+"')),
        # Another exchange of the house.
        ("US", route("tie", ["77XXX"], "strip: 2")),
    ],
)
def test_no_outside_line_is_assumed_where_there_is_none(country: str, routes: str) -> None:
    text = house(route("emergency", MAIN[country], "emergency: true") + routes, country)
    assert found("CC230", text) == found("CC231", text) == []


@given(st.sampled_from(["000", "0XX", "XXX", "0.", "00!", "X.", "Z."]), st.integers(0, 3))
def test_a_lone_route_is_right_or_found(pattern: str, strip: int) -> None:
    text = house(route("only", [pattern], f"strip: {strip}, emergency: true"))
    right = strip == 0 and pattern != "Z."
    assert (not found("CC230", text) and not found("CC231", text)) == right


PLACED = """
sites:
  sydney:
    address: {street: 1 Example Street, city: Sydney, country: AU}
    timezone: Australia/Sydney
    areas: {lobby: {}, upstairs: {}}
outbound_routes:
  emergency: {patterns: ["000"], trunks: [], emergency: true}
users:
  anna: {name: Anna, site: sydney, area: upstairs, extension: "2101"}
extensions:
  "2101": {site: sydney}
  "2900": {site: sydney, area: lobby}
"""


def test_a_user_with_an_area_and_a_phone_at_a_site_are_found_by_an_ambulance() -> None:
    assert found("CC232", PLACED) == []


@pytest.mark.parametrize("hot_desking", ["", ", hot_desking: true"])
def test_every_phone_needs_an_area_where_the_site_has_some(hot_desking: str) -> None:
    text = PLACED.replace(", area: upstairs", hot_desking)
    assert said("CC232", text) == [
        ("user/anna", "no area at site/sydney is given for user/anna", ())
    ]
    bare = text.replace("    areas: {lobby: {}, upstairs: {}}\n", "").replace(", area: lobby", "")
    assert found("CC232", bare) == []


def test_a_phone_without_a_user_needs_an_area_too() -> None:
    text = PLACED.replace("{site: sydney, area: lobby}", "{site: sydney}")
    assert said("CC232", text) == [
        ("extension/2900", "no area at site/sydney is given for extension/2900", ())
    ]


def test_a_site_without_an_address_is_named_once() -> None:
    text = PLACED.replace("street: 1 Example Street, city: Sydney, ", "")
    assert said("CC232", text) == [
        ("site/sydney", "the address of site/sydney lacks street, city", ("address",))
    ]
    none = PLACED.replace(
        "    address: {street: 1 Example Street, city: Sydney, country: AU}\n", ""
    )
    assert said("CC232", none) == [
        ("site/sydney", "the address of site/sydney lacks street, city, country", ())
    ]


def test_a_phone_that_stands_nowhere_is_found() -> None:
    text = PLACED.replace('"2900": {site: sydney, area: lobby}', '"2900": {}\n  "2901": {}')
    assert said("CC232", text) == [
        ("extension/2900", "nothing says where extension/2900, extension/2901 can be found", ())
    ]
    assert (
        found(
            "CC232",
            text.replace("{}\n", "{device: none}\n").replace(
                '"2901": {}', '"2901": {device: none}'
            ),
        )
        == []
    )


def test_a_user_without_a_site_is_where_the_phone_stands() -> None:
    text = PLACED.replace("site: sydney, area: upstairs, ", "")
    assert [f.message for f in found("CC232", text)] == [
        "no area at site/sydney is given for user/anna"
    ]


LINES = """
trunks:
  here: {site: sydney, host: sip.carrier.example}
  there: {site: melbourne, host: sip.carrier.example}
  anywhere: {host: sip.carrier.example}
sites:
  sydney: {timezone: Australia/Sydney}
  melbourne: {timezone: Australia/Melbourne}
outbound_routes:
"""


@pytest.mark.parametrize(
    "route, count",
    [
        ("site: sydney, emergency: true, trunks: [there, here]", 1),
        ("site: sydney, emergency: true, trunks: [there]", 1),
        ("site: sydney, emergency: true, trunks: [here, there]", 0),
        ("site: sydney, emergency: true, trunks: [anywhere, there]", 0),
        ("site: sydney, emergency: true, trunks: []", 0),
        ("site: sydney, trunks: [there, here]", 0),
        ("emergency: true, trunks: [there, here]", 0),
    ],
)
def test_help_is_sent_to_the_address_of_the_first_trunk(route: str, count: int) -> None:
    reported = said("CC236", LINES + f'  e: {{patterns: ["000"], {route}}}\n')
    message = "emergency calls from site/sydney leave by a trunk of site/melbourne first"
    assert reported == [("outbound_route/e", message, ("trunks", 0))] * count


APART = """
sites:
  dub:
    address: {street: 2 Example Quay, city: Dublin, country: IE}
    timezone: Europe/Dublin
    areas: {annex: {label: Annex}}
  lon:
    address: {street: 1 Example Street, city: London, country: GB}
    timezone: Europe/London
trunks: {carrier: {host: sip.carrier.example, caller_id: "+442079460000"}}
outbound_routes:
  emergency: {patterns: ["999", "112"], trunks: [carrier], emergency: true}
users: {anna: {name: Anna, site: dub, area: annex, extension: "2001"}}
extensions: {"2001": {site: lon}}
"""


def test_a_person_and_their_phone_at_two_sites_are_reported_with_both_places() -> None:
    (one,) = found("CC239", APART)
    assert (str(one.address), one.path) == ("user/anna", ("site",))
    assert one.message == "user/anna works at site/dub, and their phone stands at site/lon"
    assert "extension/2001" in one.hint
    assert found("CC239", APART.replace("site: dub, area: annex", "site: lon")) == []
    assert found("CC239", APART.replace("{site: lon}", "{site: dub}")) == []
    assert found("CC239", APART.replace("{site: lon}", "{}")) == []
    assert found("CC239", APART.replace("site: dub, area: annex, ", "")) == []


def test_an_area_and_a_desk_that_differ_are_reported() -> None:
    text = APART.replace("{label: Annex}", "{desks: [a-1, a-2]}, hall: {}").replace(
        "area: annex,", "area: annex, desk: a-1,"
    )
    (one,) = found("CC239", text.replace("{site: lon}", "{site: dub, area: hall}"))
    assert one.path == ("area",)
    assert one.message == 'user/anna works at area "annex", and their phone stands at area "hall"'
    (one,) = found("CC239", text.replace("{site: lon}", "{site: dub, area: annex, desk: a-2}"))
    assert one.path == ("desk",)
    assert found("CC239", text.replace("{site: lon}", "{site: dub, area: annex, desk: a-1}")) == []


def test_without_outbound_routes_two_sites_are_reported_too() -> None:
    routes = APART.index("trunks:"), APART.index("users:")
    assert len(found("CC239", APART[: routes[0]] + APART[routes[1] :])) == 1


LONDON = APART.replace("site: dub, area: annex", "site: lon").replace(
    ', caller_id: "+442079460000"', ""
)


def shown(phone: str = "", trunk: str = "", callback: str = "", more: str = "") -> str:
    """London, where an extension, a trunk and a site show these numbers."""
    caller = f', caller_id: {{number: "{phone}"}}' if phone else ""
    line = f', caller_id: "{trunk}"' if trunk else ""
    help_ = f'    emergency_callback: "{callback}"\n' if callback else ""
    return (
        LONDON.replace("{site: lon}", f"{{site: lon{caller}}}")
        .replace("carrier.example}", f"carrier.example{line}}}")
        .replace("    timezone: Europe/London\n", f"{help_}    timezone: Europe/London\n")
    ) + more


@pytest.mark.parametrize(
    "text, fault",
    [
        (shown(), '"2001" is an internal number'),
        (shown("2001"), '"2001" is an internal number'),
        (shown("8000"), '"8000" is no number that can be called from outside'),
        (shown("+12125550100"), '"+12125550100" is no number of GB'),
        (shown("", "+35315550100"), '"+35315550100" is no number of GB'),
        (shown("+442079460000", "", "+35315550100"), '"+35315550100" is no number of GB'),
    ],
)
def test_a_call_for_help_shows_a_number_that_can_be_called_back(text: str, fault: str) -> None:
    (one,) = found("CC243", text)
    assert str(one.address) == "site/lon"
    assert (
        one.message
        == "the emergency services cannot call back those who call for help from site/lon"
    )
    assert fault in one.cause
    assert one.cause.endswith("(1 extension: 2001).")


@pytest.mark.parametrize(
    "text",
    [
        shown("+442079460000"),
        shown("02079460000"),
        shown("", "+442079460000"),
        shown("+442079460000", "+35315550100"),
        # Of inside numbers and others, those that can be called back are shown.
        shown("2001", "+442079460000"),
        shown("", "", "+442079460000"),
        shown("2001", "", "+442079460000"),
        shown("", "", "+442079460000", 'numbers: {"+442079460000": {to: extension/2001}}\n'),
    ],
)
def test_a_number_of_the_country_can_be_called_back(text: str) -> None:
    assert found("CC243", text) == []


def test_the_callback_counts_on_emergency_routes_alone() -> None:
    text = shown("", "", "+442079460000").replace(", emergency: true", "")
    (one,) = found("CC243", text)
    assert '"2001" is an internal number' in one.cause
    assert one.hint.startswith("carry them by a route with emergency: true")


def test_a_human_answers_at_the_callback() -> None:
    other = 'numbers: {"+442079460001": {to: hangup}}\n'
    (one,) = found("CC243", shown("", "", "+442079460000", other))
    assert one.path == ("emergency_callback",)
    assert one.message.startswith("number/+442079460000 is declared nowhere")


@pytest.mark.parametrize(
    "to, more",
    [
        ("hangup", ""),
        ("voicemail/2001", ""),
        ("queue/desk", "queues: {desk: {members: []}}\n"),
        ("number/+442079460002", 'numbers: {"+442079460002": {to: hangup}}\n'),
    ],
)
def test_a_callback_that_no_human_can_answer_is_reported(to: str, more: str) -> None:
    other = f'numbers: {{"+442079460000": {{to: {to}}}}}\n{more}'
    if more.startswith("numbers"):
        other = other.replace("}\nnumbers: {", ", ")
    text = shown("", "", "+442079460000", other).replace(
        "{site: lon}", "{site: lon, voicemail: {}}"
    )
    (one,) = found("CC243", text)
    assert one.path == ("emergency_callback",)
    assert one.message.startswith("no one answers number/+442079460000")


def test_every_line_of_an_emergency_route_counts() -> None:
    second = '{host: sip.carrier.example, caller_id: "+442079460000"}'
    text = LONDON.replace("trunks: {carrier", f"trunks: {{first: {second}, carrier").replace(
        "trunks: [carrier]", "trunks: [first, carrier]"
    )
    assert len(found("CC243", text)) == 1
    assert found("CC243", text.replace("[first, carrier]", "[first]")) == []


def test_a_phone_without_a_site_may_show_a_number_of_any_country_of_the_house() -> None:
    nowhere = APART.replace("site: dub, area: annex, ", "").replace("{site: lon}", "{}")
    assert found("CC243", nowhere) == []
    bare = nowhere.replace(', caller_id: "+442079460000"', "")
    (one,) = found("CC243", bare)
    assert str(one.address) == "extension/2001"
    assert "give the phone, or its user, a site:" in one.hint
