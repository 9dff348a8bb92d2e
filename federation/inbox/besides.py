"""What a genuine request says besides its activity: how its server signs, and whom of us it takes for followers."""

from starlette.requests import Request

from federation import knocking, reconciling
from federation.context import Fed
from federation.http.addresses import parse_url
from federation.signatures.synchronization import HEADER
from federation.signatures.verify import Claim


async def learn(fed: Fed, request: Request, sender_uri: str, claim: Claim) -> None:
    """Only what the signature covers counts."""
    if claim.is_rfc9421:
        await knocking.learn(fed, parse_url(sender_uri).authority)
    seen = request.headers.getlist(HEADER)
    if len(seen) == 1 and claim.covers(HEADER.lower()):
        await reconciling.noticed(fed, sender_uri, seen[0])
