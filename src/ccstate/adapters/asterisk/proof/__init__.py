"""The proof of an import: callers meet the same in the hand-written dialplan and in the objects.

Every number that carriers dial, and everything that phones dial, is called on both sides: the
dialplan is interpreted, the objects are walked by `journeys`. What callers then meet otherwise is
listed with its line, and so is what cannot be followed.
"""

from collections.abc import Mapping
from datetime import date

from ccstate.adapters.asterisk.conf import Conf
from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.asterisk.proof.lockstep import Difference, EntryPoint, Proof, Unfollowed
from ccstate.adapters.asterisk.proof.proving import Proving

__all__ = ["Difference", "EntryPoint", "Proof", "Unfollowed", "prove"]


def prove(confs: Mapping[str, Conf], found: Imported, setting: Setting, first: date) -> Proof:
    """Compare every call of a year, from that day on, through the dialplan and the objects."""
    return Proving(confs, found, setting, first).proof()
