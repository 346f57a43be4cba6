"""Load the desired state from YAML: read, check, resolve; each problem with its place."""

from ccstate.desired.cache import ParseCache, cache_folder
from ccstate.desired.load import Desired, load
from ccstate.desired.settings import Settings, Target, load_settings

__all__ = ["Desired", "ParseCache", "Settings", "Target", "cache_folder", "load", "load_settings"]
