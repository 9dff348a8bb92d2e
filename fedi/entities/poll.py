"""Poll: what is asked (the same for everybody), and how it stands for one viewer."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.emoji import CustomEmoji


class Option(Struct, frozen=True):
    title: str
    votes_count: int | None


class Poll(Struct, frozen=True):
    id: str
    expires_at: str | None
    expired: bool
    multiple: bool
    votes_count: int
    voters_count: int | None
    options: list[Option]
    emojis: list[CustomEmoji]
    voted: bool | UnsetType = UNSET
    own_votes: list[int] | UnsetType = UNSET


class Parts(Struct, frozen=True):
    """The question: changes only when the status is edited."""

    id: int
    titles: tuple[str, ...]
    multiple: bool = False
    expires_at: datetime | None = None
    hide_totals: bool = False
    """Until it is over, nobody sees how it stands."""
    emojis: tuple[CustomEmoji, ...] = ()


class Tally(Struct, frozen=True):
    """The count: changes with every vote."""

    votes: tuple[int, ...]
    voters: int | None = None
    """None when a remote server did not tell."""
    closed: bool = False
    """The remote server said it is over, whatever the clock says."""


class Ballot(Struct, frozen=True):
    """What the viewer voted. `own` is true on the viewer's own poll, where voting makes no sense."""

    choices: tuple[int, ...] = ()
    own: bool = False


def build(parts: Parts, tally: Tally, *, now: datetime, ballot: Ballot | None = None) -> Poll:
    """`ballot` is None for an anonymous viewer; then `voted` and `own_votes` are not sent."""
    expired = tally.closed or (parts.expires_at is not None and parts.expires_at <= now)
    return Poll(
        id=str(parts.id),
        expires_at=dates.optional(parts.expires_at),
        expired=expired,
        multiple=parts.multiple,
        votes_count=sum(tally.votes),
        voters_count=tally.voters,
        options=_options(parts, tally, hidden=parts.hide_totals and not expired),
        emojis=list(parts.emojis),
        voted=UNSET if ballot is None else ballot.own or bool(ballot.choices),
        own_votes=UNSET if ballot is None else list(ballot.choices),
    )


def _options(parts: Parts, tally: Tally, *, hidden: bool) -> list[Option]:
    missing = len(parts.titles) - len(tally.votes)  # A poll that nobody voted in may have no counts yet.
    counts = [*tally.votes, *[0] * missing]
    return [Option(title, None if hidden else count) for title, count in zip(parts.titles, counts, strict=False)]
