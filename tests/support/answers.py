"""One valid answer for each operation, made by the builders of `fedi.entities`, as JSON a client would parse."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec

from fedi.entities import (
    announcement,
    application,
    card,
    context,
    conversation,
    emoji,
    instance,
    marker,
    notification,
    preferences,
    relationship,
    search,
    suggestion,
    tag,
)
from fedi.entities import user_filter as filters
from fedi.entities import user_list as lists
from fedi.entities.account import Account, AccountRole, Preferences, credentials, fields
from fedi.entities.account import Parts as AccountParts
from fedi.entities.account import Stats as AccountStats
from fedi.entities.account import build as build_account
from fedi.entities.media import Parts as MediaParts
from fedi.entities.media import build as build_media
from fedi.entities.poll import Ballot, Tally
from fedi.entities.poll import Parts as PollParts
from fedi.entities.poll import build as build_poll
from fedi.entities.status import Application, Marks, Status, as_source, mention
from fedi.entities.status import Parts as StatusParts
from fedi.entities.status import Stats as StatusStats
from fedi.entities.status import overlay as overlay_status
from fedi.entities.status import render as render_status

NOW = datetime(2026, 8, 1, 13, 55, 56, 462_789, UTC)
BLOB = emoji.CustomEmoji("blob", "https://a.test/e/blob.png", "https://a.test/e/blob-still.png")


def an_account(account_id: int = 7, username: str = "alice", domain: str | None = None) -> Account:
    host = domain or "a.test"
    parts = AccountParts(
        id=account_id,
        username=username,
        domain=domain,
        uri=f"https://{host}/users/{username}",
        url=f"https://{host}/@{username}",
        created_at=NOW,
        avatar="https://a.test/avatar.png",
        header="https://a.test/header.png",
        display_name="Alice :blob:",
        note="<p>hello</p>",
        fields=fields([("web", '<a href="https://a.test">a.test</a>', NOW)]),
        emojis=(BLOB,),
        roles=(AccountRole("3", "Owner"),),
    )
    return build_account(parts, AccountStats(1, 2, 3, date(2026, 8, 1)))


ALICE = an_account()
BOB = an_account(8, "bob", "b.test")
PICTURE = MediaParts(
    id=31,
    type="image",
    url="https://a.test/media/1.png",
    preview_url="https://a.test/media/1s.png",
    description="a cat",
    blurhash="UPN1Ddxup{IT9an~.8RjK-oy%gkE%#W?i^t6",
    width=800,
    height=400,
    preview_width=400,
    preview_height=200,
    focus_x=0.0,
    focus_y=-0.5,
)
CARD = card.build(card.Parts(url="https://example.org/", title="Example", author_name="Ann", published_at=NOW))
POLL_PARTS = PollParts(id=5, titles=("yes", "no"), expires_at=NOW)
A_POLL = build_poll(POLL_PARTS, Tally((3, 1), 4), now=NOW, ballot=Ballot((0,)))
RULE = filters.Parts(
    9, "spam", ("home", "public"), "warn", NOW, (filters.Keyword(1, "buy", True),), ((4, 117020565966271181),)
)
FILTERED = filters.result(RULE, keywords=["buy"], statuses=[])


def parts(status_id: int = 117020565966271181, **changes: Any) -> StatusParts:
    made = StatusParts(
        id=status_id,
        created_at=NOW,
        uri=f"https://a.test/users/alice/statuses/{status_id}",
        url=f"https://a.test/@alice/{status_id}",
        content="<p>Hello :blob:</p>",
        language="en",
        attachments=(PICTURE,),
        mentions=(mention(8, username="bob", acct="bob@b.test", url=None, uri="https://b.test/users/bob"),),
        tags=(tag.StatusTag("cats", "https://a.test/tags/cats"),),
        emojis=(BLOB,),
        application=Application("Client", None),
        card=CARD,
        in_reply_to_id=3,
        in_reply_to_account_id=8,
    )
    return msgspec.structs.replace(made, **changes)


def a_status(**changes: Any) -> Status:
    marks = Marks(favourited=True, pinned=False, filtered=(FILTERED,))
    return overlay_status(
        render_status(parts(**changes)), account=ALICE, stats=StatusStats(1, 2, 3), marks=marks, poll=A_POLL
    )


def a_boost() -> Status:
    bare = parts(
        117020565966271199, content="", attachments=(), mentions=(), tags=(), emojis=(), card=None, in_reply_to_id=None
    )
    marks = Marks(favourited=True, pinned=False)
    return overlay_status(render_status(bare), account=BOB, stats=StatusStats(), marks=marks, reblog=a_status())


STATUS = a_status()
BOOST = a_boost()
TAG = tag.build(
    tag.Parts(4, "cats", "https://a.test/tags/cats", {date(2026, 8, 1): tag.Usage(2, 5)}),
    today=date(2026, 8, 1),
    following=True,
)
RELATIONSHIP = relationship.build(
    relationship.Parts(id=8, following=True, languages=("en",), muting=True, muting_expires_at=NOW)
)
MENTIONED = notification.build(notification.Parts(12, "mention", NOW), notification.Subject(status=STATUS), account=BOB)
FOLLOWED = notification.build(notification.Parts(13, "follow", NOW, "follow-495"), notification.Subject(), account=BOB)
APP = application.Parts(2, "Client", None, ("read", "write"), ("urn:ietf:wg:oauth:2.0:oob", "app://back"))
LIMITS = instance.Limits(
    max_reactions=8,
    max_characters=5000,
    max_media_attachments=8,
    content_types=("text/plain",),
    mime_types=("image/png",),
    image_size=16_000_000,
    image_matrix=33_000_000,
    video_size=99_000_000,
    video_matrix=8_000_000,
    video_frame_rate=120,
    description=1500,
    max_options=8,
    max_characters_per_option=100,
    min_expiration=300,
    max_expiration=2_629_746,
    max_display_name=60,
    max_note=1000,
    max_fields=8,
    field_name=255,
    field_value=255,
    max_pinned_statuses=5,
)
SERVER = instance.Parts(
    domain="a.test",
    title="A",
    version="0.1.0",
    source_url="https://a.test/source",
    description="",
    short_description="",
    thumbnail="https://a.test/preview.png",
    streaming="wss://a.test",
    about="https://a.test/about",
    privacy_policy=None,
    vapid_key="BAhx",
    limits=LIMITS,
    icons=(("https://a.test/icon.png", "36x36"),),
    rules=instance.rules([(1, "Be kind", "")]),
    contact=ALICE,
)
ANNOUNCEMENT = announcement.build(
    announcement.Parts(id=3, content="<p>New</p>", published_at=NOW, updated_at=NOW, emojis=(BLOB,)),
    reactions=(announcement.Reaction("👍", 2, True),),
    read=False,
)
SEARCH = search.Search([ALICE], [STATUS], [TAG])

STRUCTS: dict[str, object] = {
    "GET /api/v1/accounts/7": ALICE,
    "GET /api/v1/accounts/verify_credentials": credentials(ALICE, Preferences(note="hello")),
    "GET /api/v1/accounts/relationships": [RELATIONSHIP],
    "GET /api/v1/accounts/familiar_followers": [relationship.FamiliarFollowers("8", [ALICE])],
    "GET /api/v1/announcements": [ANNOUNCEMENT],
    "POST /api/v1/apps": application.credentials(APP, vapid_key="BAhx", client_id="id", client_secret="secret"),
    "GET /api/v1/apps/verify_credentials": application.build(APP, vapid_key="BAhx"),
    "GET /api/v1/conversations": [
        conversation.build(15, viewer=ALICE, others=[ALICE, BOB], unread=True, last_status=STATUS)
    ],
    "GET /api/v1/custom_emojis": [BLOB, msgspec.structs.replace(BLOB, category="blobs")],
    "GET /api/v1/filters": filters.v1(RULE),
    "GET /api/v2/filters": [filters.build(RULE)],
    "GET /api/v1/instance": instance.v1(SERVER),
    "GET /api/v2/instance": instance.build(SERVER),
    "GET /api/v1/lists": [lists.build(1, title="friends", replies_policy="list", exclusive=False)],
    "GET /api/v1/markers": {"home": marker.build(117020574841135347, 1, NOW)},
    "POST /api/v2/media": build_media(PICTURE),
    "GET /api/v1/notifications": [MENTIONED, FOLLOWED],
    "POST /oauth/token": application.token("token", ["read", "write"], NOW),
    "GET /api/v1/polls/5": A_POLL,
    "GET /api/v1/preferences": preferences.Preferences(language="en"),
    "GET /api/v2/search": SEARCH,
    "GET /api/v1/statuses/1": STATUS,
    "DELETE /api/v1/statuses/1": as_source(STATUS, "Hello :blob:"),
    "POST /api/v1/statuses/1/reblog": BOOST,
    "GET /api/v1/statuses/1/context": context.Context([STATUS], [BOOST]),
    "GET /api/v2/suggestions": [suggestion.build(BOB, ["featured"])],
    "GET /api/v1/trends/tags": [TAG],
    "GET /api/v1/trends/links": [
        card.trend(
            card.build(card.Parts(url="https://example.org/", title="Example")),
            tag.history({}, today=date(2026, 8, 1)),
        )
    ],
}


def parsed(value: object) -> Any:
    """As it looks after the wire."""
    return msgspec.json.decode(msgspec.json.encode(value))


ANSWERS: dict[str, Any] = {operation: parsed(value) for operation, value in STRUCTS.items()}
