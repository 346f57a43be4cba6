"""Team: people who are rostered, measured and led together."""

from typing import Annotated

from ccstate.kinds.fields import KindFields, Name, Ref


class Team(KindFields):
    """A team and who leads it; users say which team they belong to."""

    supervisor: Annotated[Name, Ref("user")] | None = None
    """User who leads the team and takes escalations."""
    site: Annotated[Name, Ref("site")] | None = None
    """Site where the team is based."""
