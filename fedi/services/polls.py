"""Voting: on polls here and elsewhere. A vote on a remote poll counts at once and is sent by an effect."""

from collections.abc import Sequence

from federation import polling, uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from storage import accounts, polls, statuses


async def vote(app: App, user: User, poll_id: int, choices: Sequence[int]) -> None:
    """Choose. `NotFound` when the viewer may not see the post, `Invalid` when the vote cannot be."""
    if not choices:
        raise errors.Invalid("Choices can't be blank")
    async with app.db.transaction() as conn:
        poll = await polls.by_id(conn, poll_id)
        if poll is None:
            raise errors.NotFound
        status = await access.visible_status(conn, user.account_id, poll.status_id)
        if status.account_id == user.account_id:
            raise errors.Invalid("You cannot vote in your own polls")
        account = await accounts.by_id(conn, user.account_id)
        if account is None:
            raise errors.NotFound
        if any(not 0 <= choice < len(poll.options) for choice in choices):
            raise errors.Invalid("The chosen vote option does not exist")
        ballots = []
        for choice in dict.fromkeys(choices):
            vote_id = await statuses.new_id(conn)
            ballots.append(polls.Ballot(choice, uris.vote(account.uri, vote_id), vote_id))
        if len(await polls.vote(conn, poll_id=poll_id, account_id=account.id, ballots=ballots)) < len(ballots):
            raise errors.Invalid("You have already voted on this poll")


async def look(app: App, viewer_id: int, poll_id: int) -> None:
    """Somebody looks at a poll, which may have changed where it is from. `NotFound` when they may not."""
    async with app.db.read() as conn:
        poll = await polls.by_id(conn, poll_id)
        if poll is None:
            raise errors.NotFound
        status = await access.visible_status(conn, viewer_id, poll.status_id)
    if not status.is_local:
        await polling.look(app.fed, poll_id)


async def sweep(app: App) -> None:
    """Scheduled: close polls whose time has come."""
    async with app.db.transaction() as conn:
        await polls.close_due(conn)
