"""Create: a post arrives, or a vote in one of our polls."""

from federation import budgets, posts, resolve
from federation.errors import Rejected
from federation.inbox.box import Box
from federation.vocab import note
from federation.vocab.note import Note
from storage import polls, relevance, statuses
from storage.errors import Conflict
from storage.visibility import PRIVATE


async def post(box: Box) -> None:
    """Each embedded post that is vouched for by its sender; others are fetched from where they live."""
    for number, ref in enumerate(box.activity.objects):
        if ref.doc is not None and note.is_post(ref.doc):
            # Some give their objects no id: what they arrived in has one.
            uri = f"{box.activity.id}#object{number or ''}" if box.activity.id else None
            # And what does not say whose it is is theirs, as a Create may make nothing else.
            parsed = note.parse(ref.doc, fallback=uri, sender=box.activity.actor)
            if note.vouched(box.activity, parsed):
                await store(box, note.addressed(box.activity, parsed))
                continue
        elif ref.doc is not None:
            continue  # an object of another kind
        if ref.id is not None and await _worth_fetching(box):
            await resolve.status(box.fed, ref.id, quiet=False, budget=budgets.current())


async def store(box: Box, parsed: Note, *, quiet: bool = False) -> None:
    """Keep a post that concerns somebody here. `quiet`: nobody is told of it."""
    if parsed.may_be_vote and await _vote(box, parsed):
        return
    async with box.fed.db.read() as conn:
        if not await relevance.of_post(
            conn,
            author_id=box.actor.id,
            recipient_id=box.recipient_id,
            addressed=[*parsed.to, *parsed.cc, *(mention.href or "" for mention in parsed.mentions)],
            in_reply_to=parsed.in_reply_to,
            quotes=parsed.quote,
        ):
            return
    status_id, created = await posts.store(
        box.fed, parsed, sender=box.actor, quiet=quiet, delivered_to=box.recipient_id
    )
    if not created and box.recipient_id is not None and not box.passed_on:
        await _let_read(box, status_id, box.recipient_id)


async def _let_read(box: Box, status_id: int, reader_id: int) -> None:
    """A private post that came to somebody else's inbox before is for this reader too."""
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_id(conn, status_id)
        if post is not None and post.account_id == box.actor.id and post.visibility >= PRIVATE:
            await statuses.set_mentions(conn, status_id, (), [reader_id])


async def _worth_fetching(box: Box) -> bool:
    async with box.fed.db.read() as conn:
        return await relevance.has_local_followers(conn, box.actor.id) or box.recipient_id is not None


async def _vote(box: Box, parsed: Note) -> bool:
    """Count a vote; whether it was one. A name that is no option of the poll makes it an ordinary reply."""
    async with box.fed.db.transaction() as conn:
        asked = await statuses.by_uri(conn, parsed.in_reply_to or "")
        if asked is None or not asked.is_local or asked.poll_id is None:
            return False
        poll = await polls.by_id(conn, asked.poll_id)
        if poll is None or parsed.title not in poll.options:
            return parsed.is_vote
        if not await statuses.visible(conn, box.actor.id, [asked.id]):
            raise Rejected("the poll is not theirs to see")
        ballot = polls.Ballot(poll.options.index(parsed.title), parsed.id)
        try:
            await polls.vote(conn, poll_id=poll.id, account_id=box.actor.id, ballots=[ballot])
        except Conflict as exc:
            raise Rejected(str(exc)) from exc
    return True
