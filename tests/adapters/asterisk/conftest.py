import pytest

from tests.adapters.asterisk.estate import applied, estate
from tests.asterisk_sites import equip, new_site, site

__all__ = ["applied", "estate", "new_site", "site"]


@pytest.fixture(scope="session", autouse=True)
def speaking() -> None:
    """Prompts become sound files, with a site or without."""
    equip()
