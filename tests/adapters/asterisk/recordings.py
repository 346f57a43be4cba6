"""Recordings of a site that are shorter than those of Asterisk, so that no call waits for their ends."""

from ccstate_lab.site import Site

SECONDS = {
    "basic-pbx-ivr-main": 1.0,
    "option-is-invalid": 0.5,  # comes with Asterisk's extra sounds
    "pbx-invalid": 0.5,
    "vm-theperson": 0.3,
    "vm-isunavail": 0.3,
    "vm-isonphone": 0.3,
    "vm-intro": 0.3,
    **{f"digits/{digit}": 0.1 for digit in range(10)},
}
"""Seconds that a recording takes here."""


def shorten_recordings(site: Site) -> None:
    """Give the site recordings of its own: links to those of Asterisk, and some that are short."""
    theirs, english = site.programs.sounds, site.sounds / "en"
    english.unlink()
    for path in theirs.rglob("*.gsm"):
        link = english / path.relative_to(theirs)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    voice = (theirs / "pbx-invalid.gsm").read_bytes()
    for name, seconds in SECONDS.items():
        path = english / f"{name}.gsm"
        path.unlink(missing_ok=True)
        path.write_bytes(voice[: 33 * round(seconds * 50)])  # GSM: 33 bytes for 20 ms
