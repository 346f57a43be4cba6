"""The command line: the only place that prints, reads the clock or the environment.

Commands are imported when they run, so that `ccstate --help` answers at once. Results go to
standard output, remarks and warnings to standard error.

    0  clean        1  error        2  changes (with --detailed-exitcode)
    3  refused before the first write: a limit, a protection, a policy, a stale or edited plan
    4  applied, but not confirmed   5  locked, or frozen         130, 143  stopped by a signal
"""

import gc
import io
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from types import FrameType

import click

from ccstate import __version__
from ccstate.errors import CcstateError

COMMANDS = {
    "init": ("files", "Start a project here"),
    "validate": ("validate", "Check the desired state, without any platform"),
    "rule": ("validate", "Explain a rule that validate speaks of, or list them all"),
    "fmt": ("files", "Put YAML files into their usual layout, comments kept"),
    "schema": ("files", "Write the JSON Schemas that editors complete from"),
    "plan": ("plan", "Say what would change, and write it down for review"),
    "plans": ("plan", "List the plans, and remove those that were never applied"),
    "apply": ("apply", "Do what a plan says, and confirm it by reading again"),
    "sign-off": ("apply", "Say that what was handed over to people is done"),
    "confirm": ("apply", "Confirm a change that is taken back otherwise"),
    "unlock": ("apply", "Remove the lock of an apply that died"),
    "rollback": ("rollback", "Plan the way back: of a plan, or to a commit"),
    "policy": ("policy", "Show the policy that counts, and when changes may be applied"),
    "verify": ("live", "Read the platforms and compare them with the desired state"),
    "drift": ("live", "Say what was changed by hand since the last apply"),
    "show": ("live", "Show an object as declared, applied and live; or a plan"),
    "adopt": ("adopt", "Take objects made by hand under management"),
    "import": ("importing", "Write a configuration that was made by hand as YAML"),
    "test": ("calls", "Run the call tests: does every promise to callers hold?"),
    "history": ("audit", "Say who changed an object, when, and on whose word"),
    "audit": ("audit", "List every change from request to outcome, with what is missing"),
    "evidence": ("audit", "Write what an assessor asks for, criterion by criterion, from git"),
    "blame": ("audit", "Say of each field which commit set it, and on whose word"),
    "simulate": ("calls", "Call a number: say what callers meet, and where calls end"),
    "holidays": ("holidays", "Write the holidays of a country, or of a file, as a calendar"),
    "promote": ("promote", "Write what one environment changes into another one"),
    "graph": ("graph", "Draw what callers meet, as SVG or Mermaid"),
    "ci": ("ci", "Plan, apply and record a change in continuous integration"),
    "measure": (
        "measure",
        "Say how queues stand, or serve their figures to Prometheus and displays",
    ),
    "worker": ("worker", "Take back what nobody confirmed, and look for drift at night"),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"ccstate.cli.{COMMANDS[cmd_name][0]}")
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `ccstate {near[0]}`?" if near else ""
            ctx.fail(f'There is no command "{args[0]}".{hint}')
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="ccstate %(version)s")
@click.option(
    "--project",
    envvar="CCSTATE_PROJECT",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of ccstate.yaml; the nearest one from here upwards where left out.",
)
@click.pass_context
def cli(ctx: click.Context, project: Path | None) -> None:
    """Contact-centre configuration as code.

    \b
    The way of a change:
      edit desired_state/  →  ccstate plan  →  review  →  ccstate apply
    """
    ctx.obj = project


_stopped: list[int] = []
"""The signals that stopped this process."""


def main() -> None:
    """Run the command line and exit with the code of what happened."""
    _keep_standard_streams()
    _handle_signals()
    # A command lives for seconds, and what it reads lives as long: collecting cycles among
    # millions of values that are all in use doubled the time of a plan of 100,000 objects.
    gc.disable()
    code = run(sys.argv[1:])
    with suppress(OSError):  # standard error may be closed
        sys.stderr.flush()
    os._exit(
        code
    )  # taking those millions of values down one by one takes another third of a second


def _keep_standard_streams() -> None:
    """Keep files that are opened later out of the places of closed standard streams."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number; writing to it fails
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack characters


def _handle_signals() -> None:
    """Turn signals to stop into an exception, so that locks are given back."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    _stopped.append(number)
    raise KeyboardInterrupt


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        result = cli.main(arguments, prog_name="ccstate", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - unforeseen errors are raised again
        return _report_error(error)
    return result if isinstance(result, int) else 0


def _report_error(error: BaseException) -> int:
    """Print what went wrong and return its exit code; unforeseen errors are raised again."""
    from ccstate.cli.output import OutputFailed, file_problem, print_problems, print_remark
    from ccstate.render.text import safe

    is_stopped = bool(_stopped) or isinstance(error, KeyboardInterrupt | click.Abort)
    match error:
        case CcstateError():
            print_problems(error.problems)
            code = error.exit_code
        case OutputFailed():
            code = error.exit_code
        case click.exceptions.Exit():
            code = error.exit_code
        case click.ClickException():
            words = io.StringIO()
            error.show(words)  # it quotes arguments, which may be names of a branch's files
            print_remark("\n".join(map(safe, words.getvalue().rstrip("\n").split("\n"))))
            code = 1  # click's own 2 means "changes" here
        case OSError() if not is_stopped:
            print_problems([file_problem(error)])
            code = 1
        case _ if is_stopped:  # an import that is broken off may make something else of Ctrl-C
            print_remark("interrupted")
            code = 0
        case _:
            raise error
    return 128 + (_stopped[0] if _stopped else signal.SIGINT) if is_stopped else code
