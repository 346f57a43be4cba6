"""The form of a plan as a file, from which its JSON Schema is made."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import Strict
from ccstate.model import Action, Why

ADDRESS_PATTERN = r"^[a-z_]+/[a-z0-9+][a-z0-9._+-]{0,79}$"

AddressText = Annotated[str, StringConstraints(pattern=ADDRESS_PATTERN)]


class EditFile(Strict):
    """One field; a side that is left out means that the field is not there."""

    path: str
    """Field, nested ones joined by dots."""
    before: Any = None
    """Value on the platform when the plan was made."""
    after: Any = None
    """Value that the plan writes."""
    why: Literal[tuple(why.value for why in Why)]  # type: ignore[valid-type]  # from the enum
    """Whose doing the difference is."""


class ChangeFile(Strict):
    """What happens to one object."""

    action: Literal[tuple(action.value for action in Action)]  # type: ignore[valid-type]  # as above
    """create, update, delete, adopt (manage what was made by hand) or release (stop managing)."""
    address: AddressText
    """The object, as kind/name."""
    why: Literal[tuple(why.value for why in Why)]  # type: ignore[valid-type]  # as above
    """Whose doing the change is."""
    basis: str
    """Fingerprint of the live object that the plan was made from, or `absent`."""
    edits: list[EditFile]
    """Fields that change."""
    ledger: dict[str, Any] | None = None
    """Declared fields, as the platform records them afterwards; for a new object what the edits
    say, where left out."""
    needs: list[AddressText] = Field(default_factory=list)
    """Objects whose changes must have succeeded before."""
    secrets: dict[str, str] = Field(default_factory=dict)
    """Reference of each secret field; the plan itself holds only seals."""


class StepFile(Strict):
    """Changes on one target that are performed as one batch."""

    target: str
    """Name of the target in ccstate.yaml."""
    changes: list[ChangeFile]
    """Changes of the batch."""


class RefusalFile(Strict):
    """Why the plan may not be applied."""

    code: str
    """Stable code of the refusal."""
    message: str
    """What is too much, or forbidden."""
    hint: str
    """What to do."""


class UnmanagedFile(Strict):
    """Objects of one kind that nobody declared."""

    count: Annotated[int, Field(ge=1)]
    """How many there are."""
    names: list[str]
    """Some of their names."""


Whole = Annotated[int, Field(ge=0)]


class ArrivalFile(Strict):
    """How a call ends."""

    end: str
    """human, message, hangup, cut off, waits without end, or goes round without end."""
    at: str = ""
    """With whom or what, such as queue/sales; empty where nobody is there."""
    label: str = ""
    """What people call it."""


class JourneyChangeFile(Strict):
    """Callers who do the same as before and end elsewhere."""

    number: str
    """Number that they call."""
    label: str
    """What people call the number."""
    more: Whole
    """Other numbers whose callers do the same and end alike."""
    before: ArrivalFile
    """How the call ends before the plan."""
    after: ArrivalFile
    """How it ends after the plan."""
    keys: list[str]
    """Keys of one such caller, an entry for each question; "" for silence."""
    outcomes: list[str]
    """What comes of that caller's rings and waits; afterwards somebody answers."""
    when: list[str]
    """Some of the moments, in the number's own time, each with its occasion."""
    ways: Whole
    """Different things that callers do to the same effect."""
    count: Whole
    """Journeys: ways by distinct moments."""
    worse: Whole
    """How bad it is: 0 to 2 lose a human, 3 and 4 get worse, 5 is elsewhere, 6 better."""


class NumberChangeFile(Strict):
    """A number that comes or goes, with where it leads; or one that was not compared."""

    number: str
    """The number."""
    label: str
    """What people call it."""
    arrivals: list[ArrivalFile]
    """Where its callers end, whatever the hour; the best first."""
    more: Whole = 0
    """Better ends beyond these."""


class JourneysFile(Strict):
    """What the plan means to callers, over twelve months."""

    compared: Whole
    """Last decisions of callers on ways that change, at each distinct moment."""
    changed: Whole
    """Journeys that end elsewhere."""
    lost: Whole
    """Journeys among them that end with a human before, and with none after."""
    numbers: Whole
    """Numbers that have such journeys."""
    changes: list[JourneyChangeFile]
    """The changes, the worst first."""
    hidden: Whole
    """Changes beyond these."""
    uncompared: list[NumberChangeFile]
    """Numbers whose calls were too many to compare: there may be more changes than are told."""
    added: list[NumberChangeFile]
    """Numbers that are new."""
    removed: list[NumberChangeFile]
    """Numbers that go."""
    more_uncompared: Whole
    """Numbers that were not compared, beyond these."""
    more_added: Whole
    """New numbers beyond these."""
    more_removed: Whole
    """Numbers that go, beyond these."""


class RenameFile(Strict):
    """Two objects that look like one whose name was changed."""

    before: AddressText
    """The object that is deleted."""
    after: AddressText
    """The object that is created."""


class PlatformFile(Strict):
    """What the plan was made with, for one target."""

    adapter: str
    """Adapter that ccstate.yaml names."""
    connection: str
    """Fingerprint of the connection there, secrets as they are referred to."""


class PlanFile(Strict):
    """What ccstate will do, exactly; `ccstate apply` accepts nothing else."""

    version: Literal[2]
    """Version of this format."""
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 over the rest of the plan."""
    made_by: str
    """Release of ccstate that made the plan."""
    platforms: dict[str, PlatformFile]
    """Platforms that the plan was made with, by target; it is refused on others."""
    commit: str
    """Git commit of the desired state; `+` behind it when files differed; may be empty."""
    forced: str
    """Reason given for going beyond a limit."""
    repeat: Annotated[int, Field(ge=0)]
    """How many earlier plans said the same and were begun."""
    refusals: list[RefusalFile]
    """Why the plan may not be applied as it stands."""
    managed: dict[str, dict[str, int]]
    """Objects under management afterwards, by target and kind."""
    unmanaged: dict[str, dict[str, UnmanagedFile]]
    """Objects that nobody declared, by target and kind; they stay as they are."""
    journeys: JourneysFile | None = None
    """What the plan means to callers; left out where nothing changes for them."""
    renames: list[RenameFile] = Field(default_factory=list)
    """Objects that look renamed; left out where there are none."""
    only: list[AddressText] = Field(default_factory=list)
    """Objects that the plan was narrowed to; left out where it was not."""
    left_out: Whole = 0
    """Changes that a narrowed plan leaves for later."""
    unseen: dict[str, list[str]] = Field(default_factory=dict)
    """What could not be seen for lack of rights, by target; such a plan is never applied."""
    kept: dict[str, list[str]] = Field(default_factory=dict)
    """Fields that the plan writes and for which the platform has no place, such as queue.label: they
    stand in ccstate's records only. By target; left out where there are none."""
    steps: list[StepFile]
    """Batches, in order."""
