"""YAML → desired state: read, check, resolve; every problem with its place."""

from ccstate.desired.cache import ParseCache, cache_folder
from ccstate.desired.load import Desired, load
from ccstate.desired.settings import Settings, Target, load_settings

__all__ = ["Desired", "ParseCache", "Settings", "Target", "cache_folder", "load", "load_settings"]
