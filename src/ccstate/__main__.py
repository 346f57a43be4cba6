"""Where the process begins: `ccstate`, and `python -m ccstate`."""

import os
import signal


def main() -> None:
    """Imports the command line and runs it.

    Until commands can be stopped in order, Ctrl-C ends the process on the spot: nothing has been
    opened yet, and an import that is broken off would show where it stood.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: _stop())
    from ccstate.cli import main as command_line

    command_line()


def _stop() -> None:
    os.write(2, b"interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    main()
