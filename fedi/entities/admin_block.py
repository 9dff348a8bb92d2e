"""Rules of staff about servers, addresses and networks, as the API shows them."""

import hashlib
from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.tag import History, Usage, history
from storage import domains, email_blocks, ip_blocks


class AdminDomainAllow(Struct, frozen=True):
    id: str
    domain: str
    created_at: str


class AdminDomainBlock(Struct, frozen=True):
    id: str
    domain: str
    digest: str
    created_at: str
    severity: str
    reject_media: bool
    reject_reports: bool
    private_comment: str | None
    public_comment: str | None
    obfuscate: bool


class AdminEmailDomainBlock(Struct, frozen=True):
    id: str
    domain: str
    created_at: str
    history: list[History]
    allow_with_approval: bool


class AdminCanonicalEmailBlock(Struct, frozen=True):
    id: str
    canonical_email_hash: str


class AdminIpBlock(Struct, frozen=True):
    id: str
    ip: str
    severity: str
    comment: str
    created_at: str
    expires_at: str | None


def domain_allow(row: domains.Allow) -> AdminDomainAllow:
    return AdminDomainAllow(str(row.id), row.domain, dates.timestamp(row.created_at))


def domain_block(row: domains.Block) -> AdminDomainBlock:
    return AdminDomainBlock(
        id=str(row.id),
        domain=row.domain,
        digest=hashlib.sha256(row.domain.encode()).hexdigest(),
        created_at=dates.timestamp(row.created_at),
        severity=row.severity,
        reject_media=row.reject_media,
        reject_reports=row.reject_reports,
        private_comment=row.private_comment,
        public_comment=row.public_comment,
        obfuscate=row.obfuscate,
    )


def email_domain_block(
    row: email_blocks.DomainBlock, attempts: Sequence[email_blocks.Attempts], *, today: date
) -> AdminEmailDomainBlock:
    week = {each.day: Usage(each.people, each.uses) for each in attempts if each.block_id == row.id}
    return AdminEmailDomainBlock(
        id=str(row.id),
        domain=row.domain,
        created_at=dates.timestamp(row.created_at),
        history=history(week, today=today),
        allow_with_approval=row.allow_with_approval,
    )


def canonical_email_block(row: email_blocks.Canonical) -> AdminCanonicalEmailBlock:
    return AdminCanonicalEmailBlock(str(row.id), row.hash)


def ip_block(row: ip_blocks.Block) -> AdminIpBlock:
    return AdminIpBlock(
        id=str(row.id),
        ip=row.ip,
        severity=row.severity,
        comment=row.comment,
        created_at=dates.timestamp(row.created_at),
        expires_at=dates.optional(row.expires_at),
    )
