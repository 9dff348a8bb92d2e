"""What federation code is given: the first argument of everything that needs the database or the network."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import msgspec

from federation.http.client import HTTPClient
from federation.vault import Vault
from storage.db import Database

T = TypeVar("T")

# The account row that signs what no person signs. Its id is never shown.
INSTANCE_ACTOR_ID = -99


class Site(msgspec.Struct, frozen=True):
    """This server as others see it, and what opens the keys that it signs with."""

    base_url: str  # scheme and authority, no slash at the end
    host: str  # authority of base_url: what a Host header must say
    domain: str  # of our accounts' handles
    version: str
    title: str
    description: str
    source_url: str  # where the source of what runs here is; empty if nobody said
    allow_private: bool  # plain http and loopback peers: development and tests
    mode: Literal["open", "allowlist"]
    authorized_fetch: bool  # documents for signed requests only
    linked_data_signatures: Literal["relays", "always", "never"]  # on public activities, instead of proofs
    lenient_host: bool  # signatures of POSTs need not cover the Host header
    send_blocks: bool  # to the servers of whom people here block
    registrations_open: bool
    max_per_host: int  # deliveries under way to one host at a time
    max_waiting_per_host: int  # activities of one site that wait to be handled
    max_waiting: int  # activities that wait to be handled, of all
    vault: Vault  # of the private keys of our accounts

    @property
    def asks_who(self) -> bool:
        """Whether every document depends on who asks for it."""
        return self.authorized_fetch or self.mode == "allowlist"

    @property
    def scheme(self) -> str:
        """How we are reached from outside, whatever a proxy speaks with us."""
        return self.base_url.partition(":")[0]

    @property
    def hosts(self) -> frozenset[str]:
        """What others may call us when they sign a request to us."""
        return frozenset((self.host.lower(), self.domain.lower()))

    def is_own(self, domain: str) -> bool:
        """Whether a handle at this domain can only be one of ours: the one place that knows which domains those are."""
        return domain.lower() in (self.domain.lower(), self.host.lower())

    def handle_domain(self, written: str | None) -> str:
        """The domain of a handle as somebody wrote it: ours where there is none, or the one we are reached at."""
        return self.domain if not written or self.is_own(written) else written


class Fed(msgspec.Struct, frozen=True):
    db: Database
    http: HTTPClient
    site: Site
    memory: dict[str, Any]  # per-process caches, named by their module. Any: each knows its own

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """What somebody keeps in this process, made when it is first asked for."""
        found: T | None = self.memory.get(name)
        if found is None:
            found = self.memory[name] = make()
        return found
