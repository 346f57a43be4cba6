"""YAML → desired state: read, check, resolve; every problem with its place."""

from ccstate.desired.cache import ParseCache, cache_folder
from ccstate.desired.load import Desired, load
from ccstate.desired.project import Project, Target, load_project

__all__ = ["Desired", "ParseCache", "Project", "Target", "cache_folder", "load", "load_project"]
