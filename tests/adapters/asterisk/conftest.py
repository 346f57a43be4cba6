import pytest

from tests.asterisk_sites import new_site, site, speak

__all__ = ["new_site", "site"]


@pytest.fixture(scope="session", autouse=True)
def speaking() -> None:
    """Prompts become sound files, with a site or without."""
    speak()
