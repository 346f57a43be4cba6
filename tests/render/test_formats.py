"""A format of a report is one entry: the option --format offers it, and the report is written in it."""

import click

from ccstate.cli.output import in_format
from ccstate.render.formats import Report
from ccstate.render.text import PLAIN, Palette


def as_text(value: int, width: int, _: Palette) -> str:
    return f"{value:>{width}}"


COUNT: Report[int] = Report(as_text, json=str, csv=lambda value: f"count\n{value}\n")
AGE: Report[int] = Report(as_text, markdown=lambda value: f"**{value}**")


def test_a_report_is_written_in_each_of_its_formats() -> None:
    assert COUNT.formats == ("text", "json", "csv")
    assert COUNT.render("csv", 7) == "count\n7\n"
    assert COUNT.render("text", 7, 3, PLAIN) == "  7"


def test_a_report_is_text_where_it_has_no_such_format() -> None:
    assert AGE.render("csv", 7, 3) == "  7"


def test_a_command_offers_the_formats_of_all_its_reports_once() -> None:
    command = click.command()(in_format(COUNT, AGE)(lambda form: form))
    (option,) = command.params
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == ["text", "json", "csv", "markdown"]
