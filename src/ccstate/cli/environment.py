"""The environment that a command works in."""

import click

ENVIRONMENT = click.option(
    "--environment",
    metavar="NAME",
    default="",
    envvar="CCSTATE_ENVIRONMENT",
    help="Environment of the project, where it has several.",
)
