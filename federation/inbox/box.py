"""What a handler is given: the activity, who sent it, and to whose inbox."""

import msgspec

from federation.context import Fed
from federation.vocab import normalise
from federation.vocab.activity import Activity
from storage import inbox
from storage.accounts import Account
from storage.db import Conn


class Box(msgspec.Struct, frozen=True):
    """An activity whose actor is proven. `recipient_id` is the account whose personal inbox it came to; `passed_on`:
    somebody else brought it."""

    fed: Fed
    activity: Activity
    actor: Account
    recipient_id: int | None
    passed_on: bool = False

    @property
    def object_id(self) -> str:
        """The id of the object; empty when there is none."""
        return self.activity.object_id or ""

    async def undone(self, conn: Conn, *, once: bool = False) -> bool:
        """Whether its Undo came first. Others who speak of this activity wait until the transaction ends. `once`: its
        id may be used again later, and then it counts."""
        if self.activity.id is None:
            return False
        await inbox.lock(conn, self.activity.id)
        if once:
            return await inbox.unbury(conn, self.activity.id, actor_uri=self.actor.uri)
        return await inbox.buried(conn, self.activity.id, actor_uri=self.actor.uri)

    def owns(self, uri: str) -> bool:
        """Whether an id lies on the actor's own server, so that the actor may speak about it at all."""
        return normalise.same_host(uri, self.actor.uri)

    def speaks_for(self, actor_uri: str | None) -> bool:
        """Whether what the actor passes on may be believed to be that person's: a community is the word of its own
        host, anybody else is their own."""
        return actor_uri == self.actor.uri or (self.actor.group and self.owns(actor_uri or ""))
