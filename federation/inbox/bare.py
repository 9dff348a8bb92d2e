"""Accept and Reject that give only the id of what they answer: whoever of ours asked takes it."""

from federation.inbox import feature_request, follow, quote
from federation.inbox.box import Box


async def accepted(box: Box) -> None:
    if not await feature_request.accepted(box) and not await quote.accepted(box):
        await follow.accepted(box)


async def rejected(box: Box) -> None:
    if not await feature_request.rejected(box) and not await quote.rejected(box):
        await follow.rejected(box)
