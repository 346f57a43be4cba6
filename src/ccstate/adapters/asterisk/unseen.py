"""What could not be seen for lack of rights, in words: files, what runs, and secrets."""

from collections.abc import Iterable, Iterator, Mapping

from ccstate.adapters.asterisk.entries import DIALPLAN, PARKING, PJSIP, QUEUES, VOICEMAIL

_RUNNING = {
    PJSIP: "phones and trunks as they run",
    QUEUES: "queues as they run",
    DIALPLAN: "the dialplan as it runs",
    VOICEMAIL: "mailboxes as they run",
    PARKING: "parking lots as they run",
}


def closed_files(*paths: Iterable[str]) -> list[str]:
    """Files and folders that may not be read; a folder, with `/` at its end, stands for its files."""
    found = {path for some in paths for path in some}
    folders = tuple(path for path in found if path.endswith("/"))
    return sorted(p for p in found if p in folders or not p.startswith(folders))


def unseen_words(
    closed: Iterable[str], running: Mapping[str, str], *, sees_calls: bool
) -> Iterator[str]:
    """One line for each thing that could not be seen, with the right that is missing.

    `running`: by file, the AMI action that is not permitted.
    """
    for path in closed:
        kind = "folder" if path.endswith("/") else "file"
        yield f"{path}: no right to read the {kind}"
    for file, words in _RUNNING.items():
        if action := running.get(file):
            yield f"{words}: AMI does not permit {action}"
    if not sees_calls:
        yield "calls that go on now: AMI does not permit CoreShowChannels"
