"""Runs a program text as another user where root starts it, with everything imported that ccstate may need.

    python as_reader.py UID GID FOLDER ARGUMENT…

Modules are imported before rights are given up: the Python of a developer may lie in a folder that
others cannot enter. `code` as the first argument runs the second as Python, with the third as `path`;
anything else is a command line of ccstate.
"""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import ccstate
from ccstate.cli import run

MORE = ("_strptime", "encodings.idna", "getpass", "importlib.readers", "stringprep")
"""Modules that the standard library imports late."""


def main() -> int:
    for module in pkgutil.walk_packages(ccstate.__path__, "ccstate."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in MORE:
        importlib.import_module(name)
    user, group, folder, *arguments = sys.argv[1:]
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    os.chdir(folder)
    if arguments[0] == "code":
        exec(arguments[1], {"path": Path(arguments[2]), "os": os})  # noqa: S102 - the test's own
        return 0
    return run(arguments)


sys.exit(main())
