"""Contact-centre configuration as code: load, plan, apply, confirm.

`Project` is the Python API: see docs/python-api.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccstate.errors import CcstateError as CcstateError
    from ccstate.project import Listener as Listener
    from ccstate.project import Project as Project

__version__ = "0.1.0"
__all__ = ["CcstateError", "Listener", "Project"]


def __getattr__(name: str) -> Any:
    """Imports what is exported once it is asked for, so that `ccstate --help` answers at once."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'ccstate' has no attribute '{name}'")
    module = "errors" if name == "CcstateError" else "project"
    return getattr(import_module(f"ccstate.{module}"), name)
