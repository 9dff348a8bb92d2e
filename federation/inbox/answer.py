"""Our answers to those who ask for consent."""

from federation import uris
from federation.inbox.box import Box
from federation.outgoing import now, to_one
from federation.vocab import consent
from storage.accounts import Account
from storage.db import Conn


async def give(conn: Conn, box: Box, asked: consent.Request, *, sender: Account, stamp: str | None) -> None:
    """The sender agrees with a stamp, or refuses with none."""
    if stamp is None:
        document = consent.reject(uris.answer(sender.uri, "rejects", now()), sender.uri, asked)
    else:
        document = consent.accept(uris.answer(sender.uri, "accepts", now()), sender.uri, asked, stamp)
    await to_one(conn, box.fed.site, document, sender=sender, recipient=box.actor)
