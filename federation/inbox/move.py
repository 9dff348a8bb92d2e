"""Move: somebody goes on as another account."""

from federation import moving
from federation.inbox.box import Box


async def moved(box: Box) -> None:
    """Only about the actor itself; forums move their topics, too."""
    target = box.activity.target
    if box.object_id == box.actor.uri and target is not None and target.id is not None:
        await moving.moved(box.fed, box.actor, target.id)
