"""A folder of Asterisk's configuration, read for `ccstate import`."""

from pathlib import Path

from ccstate.adapters.asterisk import codes
from ccstate.errors import InvalidInput, Span
from ccstate.imports import Calls, Estate, ImportOptions, Stage

NEEDED = ("pjsip.conf", "extensions.conf")


def read_estate(folder: Path, options: ImportOptions, during: Stage) -> Estate:
    """The objects of a folder such as /etc/asterisk; see `ccstate.imports.ReadsEstates`.

    Of recordings without a list of their words, those of Debian's package asterisk-core-sounds-en
    are known, where the folder belongs to a system that has it.
    """
    from ccstate.adapters.asterisk.importing import Setting, import_estate, words
    from ccstate.adapters.asterisk.importing.files import Folder, listed_words, recorded_words
    from ccstate.adapters.asterisk.proof import prove

    _refuse_other_folders(folder)
    listed = options.words
    if listed is None and options.language.partition("-")[0] == "en":
        listed = recorded_words(folder)
    known = words(listed_words(listed)) if listed else {}
    setting = Setting(options.prefix, options.timezone, options.language, known)
    with during(f"Reading {folder}"):
        files = Folder(folder)
        found = import_estate(files.read, files.matching, setting=setting)
    calls = None
    if found.objects:
        with during("Comparing calls before and after"):
            proof = prove(found.confs, found, setting, options.today)
        calls = Calls(
            numbers=proof.entry_points,
            samples=proof.samples,
            same=proof.same,
            differ=proof.differ,
            differences=proof.differences,
            unfollowed=proof.unfollowed,
        )
    return Estate(
        objects=found.objects,
        files={address: found.group(address) for address in found.objects},
        said=len(found.taken),
        unsaid=found.unexpressed,
        secrets=found.secrets,
        calls=calls,
    )


def _refuse_other_folders(folder: Path) -> None:
    """Refuses what is no configuration, or one that ccstate cannot read."""
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if not missing:
        return
    hint = "name the folder that Asterisk reads, such as /etc/asterisk, or a copy of it"
    if (folder / "sip.conf").is_file():
        hint = "phones in sip.conf come first: Asterisk's sip_to_pjsip.py makes pjsip.conf of it"
    elif (folder / "extensions.ael").is_file():
        hint = "a dialplan in extensions.ael comes first: `aelparse -w` makes extensions.conf of it"
    raise InvalidInput(
        codes.CONFIGURATION_MISSING(
            Span(str(folder)), folder=folder, files=" and no ".join(missing), hint=hint
        )
    )
