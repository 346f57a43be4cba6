"""User: a person who answers or supervises calls."""

from typing import Annotated

from pydantic import Field

from ccstate.kinds.fields import WHOLE, Email, KindFields, Name, Ref, Text

Level = Annotated[int, Field(ge=1, le=10), WHOLE]


class User(KindFields):
    """A person: where they sit, what they can do, the extension they answer."""

    name: Text
    """Full name."""
    email: Email | None = None
    """Work address, for voicemail and reports."""
    team: Annotated[Name, Ref("team")] | None = None
    """Team the person belongs to."""
    site: Annotated[Name, Ref("site")] | None = None
    """Site where the person works."""
    area: Name | None = None
    """Area of the site where the person sits."""
    desk: Name | None = None
    """Desk in that area; leave out for hot-desking."""
    hot_desking: bool = False
    """True when the person sits at any free desk and logs in there."""
    skills: dict[Name, Level] | None = None
    """Skills with their level, 1 (beginner) to 10 (expert)."""
    extension: Annotated[Name, Ref("extension")] | None = None
    """Extension that rings for this person."""
