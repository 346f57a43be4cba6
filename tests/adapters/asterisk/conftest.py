import pytest

from tests.asterisk_sites import equip, new_site, site

__all__ = ["new_site", "site"]


@pytest.fixture(scope="session", autouse=True)
def speaking() -> None:
    """Prompts become sound files, with a site or without."""
    equip()
