from tests.asterisk_sites import new_site, site

__all__ = ["new_site", "site"]
