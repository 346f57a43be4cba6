"""Conference room: a number that several people call to talk with each other."""

from ccstate.kinds.fields import Count, Digits, KindFields, Name, Recording, SecretReference


class ConferenceRoom(KindFields):
    """A room for conversations of several people; a caller who does not enter a PIN that is asked for is not let in."""

    extension: Digits | None = None
    """Internal number that reaches the room."""
    pin: SecretReference | None = None
    """Reference to the PIN, of digits, that callers must enter; none is asked for where left out."""
    moderator_pin: SecretReference | None = None
    """Reference to the PIN of moderators. Where there is one, others wait until a moderator is there."""
    music: Name | None = None
    """Music for a caller who is alone there, or waits for a moderator; silence where left out."""
    max_members: Count = 0
    """Most people at a time; 0 for no limit."""
    recording: Recording | None = None
    """Recording of the conversations; `on_demand` is for moderators."""
