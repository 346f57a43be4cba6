"""What git, plans and records remember of a project; no platform is asked, and nothing is written."""

from dataclasses import dataclass
from datetime import datetime

from ccstate.audit.chain import Checked, check
from ccstate.audit.change_sets import Audit, audit
from ccstate.audit.evidence import Evidence, evidence
from ccstate.desired import Settings
from ccstate.desired.settings import ENVIRONMENTS
from ccstate.errors import InvalidInput
from ccstate.history import Entry, history
from ccstate.history.blame import FieldOrigin, blame, in_environment
from ccstate.history.stored_plans import stored_plans
from ccstate.model import Address
from ccstate.project.addresses import address_in


@dataclass(frozen=True, slots=True)
class Records:
    """The memory of the project with these settings."""

    settings: Settings

    @property
    def sources(self) -> tuple[str, ...]:
        """Name where plans and records of applies are found: `plans/`, and branches of records."""
        with stored_plans(self.settings.root) as stored:
            return stored.sources

    def history(self, address: Address | str, limit: int) -> list[Entry]:
        """Read the newest commits that changed an object, and what became of them."""
        settings = self.settings
        names = [settings.environment] if settings.environment else settings.environments
        return history(
            settings.root,
            settings.desired_state,
            address_in(address),
            limit,
            overlays={name: f"{ENVIRONMENTS}/{name}" for name in names},
            environment=settings.environment,
        )

    def blame(self, address: Address | str, field: str = "") -> list[FieldOrigin]:
        """Find the commit that each field of an object comes from, and what became of it; or of one.

        In an environment a field is that of its own files where they declare it.
        """
        settings, wanted = self.settings, address_in(address)
        if not settings.environment:
            return blame(settings.root, settings.desired_state, wanted, field)
        layers: list[list[FieldOrigin]] = []
        refused: InvalidInput | None = None
        for folder in settings.folders:
            try:
                found = blame(
                    settings.root,
                    folder,
                    wanted,
                    field,
                    settings.environment,
                    folders=settings.folders,
                )
            except InvalidInput as error:  # this layer does not know the object, or the field
                found, refused = [], refused or error
            layers.append(found)
        if refused is not None and not any(layers):
            raise refused
        base, own = layers
        return in_environment(wanted.kind, base, own, settings.environment)

    def audit(self, since: datetime, until: datetime) -> Audit:
        """Collect the change sets of a span of time, from request to corrective action."""
        settings = self.settings
        settings.require_environment()
        return audit(settings.root, settings.folders, since, until, settings.environment)

    def check(self) -> Checked:
        """Check that the records of applies are as they were left, and none is missing."""
        return check(self.settings.root)

    def evidence(self, since: datetime, until: datetime, person: str = "") -> Evidence:
        """Collect what git shows for an assessor; with a person, of what that person had part in."""
        return evidence(self.audit(since, until), self.check(), person)
