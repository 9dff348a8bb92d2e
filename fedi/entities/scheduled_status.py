"""ScheduledStatus: a post that waits, and the parameters it was sent with."""

from datetime import datetime

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.media import MediaAttachment


class ScheduledPoll(Struct, frozen=True):
    options: list[str]
    expires_in: int
    multiple: bool
    hide_totals: bool


class ScheduledParams(Struct, frozen=True, kw_only=True):
    """What was not given is null."""

    text: str
    poll: ScheduledPoll | None = None
    language: str | None = None
    media_ids: list[str] | None = None
    sensitive: bool | None = None
    visibility: str | None = None
    idempotency: str | None = None
    scheduled_at: str | None = None
    spoiler_text: str | None = None
    application_id: int = 0
    in_reply_to_id: str | None = None
    with_rate_limit: bool = False
    allowed_mentions: list[str] | None = None
    quoted_status_id: str | None = None
    quote_approval_policy: str | None = None


class ScheduledStatus(Struct, frozen=True):
    id: str
    scheduled_at: str
    params: ScheduledParams
    media_attachments: list[MediaAttachment]


def build(
    scheduled_id: int, scheduled_at: datetime, params: ScheduledParams, media: list[MediaAttachment]
) -> ScheduledStatus:
    return ScheduledStatus(str(scheduled_id), dates.timestamp(scheduled_at), params, media)
