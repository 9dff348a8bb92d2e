"""Which hosts take the mail of a domain, so that rules about providers also meet those behind domains of their own.

What cannot be found out keeps nobody away: a name server that is silent must not close the door.
"""

import logging
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from fedi.context import App

log = logging.getLogger(__name__)

MEMORY = "exchangers"
TIMEOUT_SECONDS = 3.0
MAX_HOSTS = 20
# https://www.rfc-editor.org/rfc/rfc6761 and what is like them: nobody has mail there.
_RESERVED = ("test", "invalid", "example", "localhost", "local", "internal", "onion", "arpa")


class Exchangers:
    """Asks the name servers that this machine uses, or these."""

    def __init__(self, nameservers: Sequence[str] | None = None, *, port: int = 53) -> None:
        self._nameservers = nameservers
        self._port = port

    async def of(self, domain: str) -> list[str]:
        """Without the dot at the end, in small letters; none when it has none or nobody says so in time."""
        if domain.rpartition(".")[2] in _RESERVED or "." not in domain:
            return []
        try:
            answer = await self._resolver().resolve(
                f"{domain}.", dns.rdatatype.MX, raise_on_no_answer=False, lifetime=TIMEOUT_SECONDS
            )
        except (dns.exception.DNSException, OSError, UnicodeError) as exc:
            log.info("where %s has its mail is not known: %s", domain, exc)
            return []
        hosts = [each.exchange.canonicalize().to_text(omit_final_dot=True) for each in answer.rrset or ()]
        return [host for host in hosts if host != "@"][:MAX_HOSTS]

    def _resolver(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=self._nameservers is None)
        if self._nameservers is not None:
            resolver.nameservers = list(self._nameservers)
            resolver.port = self._port
        return resolver


async def of_address(app: App, address: str) -> tuple[str, ...]:
    """Of an e-mail address. Not inside a transaction."""
    exchangers: Exchangers = app.memory[MEMORY]
    domain = address.strip().rpartition("@")[2].lower()
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        return ()
    return tuple(await exchangers.of(domain))
