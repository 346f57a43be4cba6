"""What can be done during a call: the key codes, the rights of its parties, and its recording.

The codes are set for each call (`FEATUREMAP`, main/features_config.c, Asterisk 16 and 22), so that
features.conf stays as its administrator wrote it.
"""

from collections.abc import Collection, Iterable, Mapping

from ccstate.adapters.asterisk.entries import Compiled, Context, Step
from ccstate.adapters.asterisk.places import INTERNAL, SOUND
from ccstate.adapters.asterisk.rows import UNCLEAR, Codec, Decoded, Template, Unclear, decoded
from ccstate.journeys.centre import Centre, Filled
from ccstate.model import Json

CODES: Mapping[str, str] = {
    "blindxfer": "##",
    "atxfer": "*2",
    "parkcall": "*5",
    "automixmon": "*1",
}
"""What is pressed during a call: to transfer it blindly, or after asking; to park it; to record it."""

CALLED: Mapping[str, str] = {"transfer": "t", "park": "k", "record": "x"}
CALLING: Mapping[str, str] = {"transfer": "T", "park": "K", "record": "X"}
"""Options of Dial and Queue that give a right to who is called, and to who calls (16 and 22)."""

NOTICE = Template("Playback", "<sound>,noanswer")
"""That a call is recorded: said where the call has been answered already."""
RECORD = Template("MixMonitor", "<folder>/${UNIQUEID}.wav,b")
"""Records from the answer on; the name has digits and the system's name alone."""
KEYS = "ccstate-in-call"
MAY_PRESS = Step("Gosub", f"{KEYS},s,1")
TOP = "ccstate"
"""The folder of all recordings, below `monitor` in Asterisk's spool folder."""


def compile_key_codes(compiled: Compiled, centre: Centre) -> None:
    """Compile the subroutine that gives a call, and the phones that it rings, the key codes.

    It says where the numbers are that the caller may transfer to: those that its phone dials, or
    else those inside. Left alone, Asterisk 16.28 and 22.10 look in the context that the caller is
    in, which has none (seen); phones that are called have that of their endpoint. A call that is
    parked by its code goes to the first lot by name.
    """
    codes = (Step("Set", f"FEATUREMAP({name})={code}") for name, code in CODES.items())
    lots = [Step("Set", f"__PARKINGLOT={lot}") for lot in sorted(centre.of("parking_lot"))[:1]]
    steps = [
        Step("Set", f"TRANSFER_CONTEXT={INTERNAL}"),
        Step("GotoIf", '$["${CC_EXTENSION}" = ""]?codes'),
        Step("Set", "TRANSFER_CONTEXT=${PJSIP_ENDPOINT(${CC_EXTENSION},context)}"),
        Step("Set", "FEATURE(inherit)=yes", label="codes"),
        *codes,
        *lots,
        Step("Return"),
    ]
    Context(compiled, KEYS).add("s", steps)


def letters(rights: Iterable[str] | None, options: Mapping[str, str]) -> str:
    """Return the options that give these rights."""
    return "".join(options[right] for right in sorted(rights or ()))


def key_options(fields: Filled, rights: Iterable[str] | None, options: Mapping[str, str]) -> str:
    """Encode rights as options of Dial, and the right to record where `fields` say `on_demand`."""
    recorded = ["record"] if recording_mode(fields) == "on_demand" else []
    return letters({*(rights or ()), *recorded}, options)


def rights(text: str, options: Mapping[str, str]) -> Json:
    """Return the rights that options give; None where they give none."""
    found: list[Json] = [right for right in ("park", "transfer") if options[right] in text]
    return found or None


def _folder(text: str) -> Json:
    top, _, folder = text.partition("/")
    if top != TOP:
        raise Unclear
    return folder or None


FOLDER = Codec(lambda folder: f"{TOP}/{folder}" if folder else TOP, _folder)


def recording_mode(fields: Filled) -> str:
    """Whether calls are recorded: `never`, `always` or `on_demand`."""
    return str((fields.get("recording") or {}).get("when", "never"))


def folder(fields: Filled) -> str:
    """Return the folder in which calls are recorded, below `monitor`."""
    return FOLDER.encode((fields.get("recording") or {}).get("folder"))


def notice_steps(fields: Filled, sound: str) -> list[Step]:
    """Tells callers that they are recorded, or may be; nothing where they are not."""
    if not sound or recording_mode(fields) == "never":
        return []
    return [Step("Answer"), NOTICE.step("recording.notice", sound=sound)]


def record_steps(fields: Filled) -> list[Step]:
    """Records a call that is always recorded."""
    if recording_mode(fields) != "always":
        return []
    return [RECORD.step("recording.folder", folder=folder(fields))]


def decoded_recording(steps: Collection[str], *, on_demand: bool) -> Decoded:
    """Decode the recording that steps and options say."""
    folder = RECORD.find(steps).get("folder")
    said = "always" if folder is not None else "on_demand" if on_demand else "never"
    return recording_fields(said, folder, steps)


def recording_fields(said: str, folder: str | None, steps: Collection[str]) -> Decoded:
    """The fields of a recording: when it is said to be, its folder, and the notice among steps."""
    sound, path = NOTICE.find(steps).get("sound"), "recording"
    return {
        (path, "when"): said,
        (path, "folder"): UNCLEAR if folder is None else decoded(FOLDER, folder),
        (path, "notice"): UNCLEAR if said == "never" else decoded(SOUND, sound),
    }


def recorded_outgoing(label: str, then: str) -> list[Step]:
    """Records a call of a phone whose calls are always recorded."""
    return [
        Step("GotoIf", f'$["${{CC_RECORD}}" = ""]?{then}', label=label),
        Step("MixMonitor", "${CC_RECORD}/${UNIQUEID}-out.wav,b"),
    ]
