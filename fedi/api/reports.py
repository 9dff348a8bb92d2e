"""Telling the moderators about somebody."""

from typing import Literal

import msgspec

from fedi import entities
from fedi.entities.report import Report, build
from fedi.http.endpoint import Call, post, user
from fedi.services import reports as service


class ReportParams(msgspec.Struct, frozen=True, kw_only=True):
    account_id: int
    status_ids: list[int] = []
    collection_ids: list[int] = []
    comment: str = ""
    forward: bool = False
    forward_to_domains: list[str] = []
    category: Literal["spam", "legal", "violation", "other"] | None = None
    rule_ids: list[int] = []


async def create(call: Call[ReportParams]) -> Report:
    params = call.params
    filed = service.Complaint(
        target_id=params.account_id,
        comment=params.comment,
        category=params.category,
        status_ids=params.status_ids,
        collection_ids=params.collection_ids,
        rule_ids=params.rule_ids,
        forward=params.forward,
        forward_to_domains=params.forward_to_domains,
    )
    row = await service.file(call.app, call.user, filed)
    async with call.read() as conn:
        target = await entities.account(call.app, conn, row.target_id, call.viewer_id)
    return build(row, target=target)


ROUTES = [post("/api/v1/reports", create, access=user("write:reports"), params=ReportParams)]
