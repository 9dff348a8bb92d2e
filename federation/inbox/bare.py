"""Accept and Reject that give only the id of what they answer: whoever of ours asked takes it."""

from federation.inbox import approval, feature_request, follow, quote
from federation.inbox.box import Box


async def accepted(box: Box) -> None:
    for known in (feature_request.accepted, quote.accepted, approval.accepted):
        if await known(box):
            return
    await follow.accepted(box)


async def rejected(box: Box) -> None:
    for known in (feature_request.rejected, quote.rejected, approval.rejected):
        if await known(box):
            return
    await follow.rejected(box)
