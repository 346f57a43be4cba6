"""Rules about trunks: whether numbers can be written as the carrier does."""

from collections.abc import Iterator

from ccstate.dialling.number_formats import NATIONAL, carrier_formats, is_known
from ccstate.errors import Severity
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule


def _without_country(estate: Estate) -> Iterator[Found]:
    for name, trunk in estate.of("trunk").items():
        inbound, outbound, country = carrier_formats(estate.centre, name)
        if NATIONAL not in (inbound, outbound) or is_known(country):
            continue
        field = "number_format" if trunk.get("number_format") == NATIONAL else _INBOUND
        yield Found(
            Address("trunk", name),
            ("country",) if trunk.get("country") else (field,),
            f"trunk/{name} has national numbers, and no country is known for them",
            "Calls to numbers in national form reach nobody, and numbers leave as they are dialled.",
            "write the country: of the carrier, two letters such as AU, or that of the trunk's site",
        )


_INBOUND = "inbound_number_format"

RULES: tuple[Rule, ...] = (
    Rule(
        "CC255",
        "national-numbers-without-country",
        Severity.ERROR,
        "A carrier writes national numbers, and nobody says of which country",
        _without_country,
        Reach.UNLABELLED,
    ),
)
