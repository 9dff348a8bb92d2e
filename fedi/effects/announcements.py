"""Announcements reach everybody whose client is open."""

from fedi.effects.context import Context
from fedi.effects.distribute import messages, users
from storage import announcements, events


async def published(ctx: Context, event: events.AnnouncementPublished) -> None:
    people = await announcements.listener_ids(ctx.conn)
    ctx.stream.extend(messages(users(people), "announcement", event.announcement_id))


async def removed(ctx: Context, event: events.AnnouncementRemoved) -> None:
    people = await announcements.listener_ids(ctx.conn)
    ctx.stream.extend(messages(users(people), "announcement.delete", event.announcement_id))


async def reacted(ctx: Context, event: events.AnnouncementReacted) -> None:
    people = await announcements.listener_ids(ctx.conn)
    ctx.stream.extend(messages(users(people), "announcement.reaction", event.announcement_id, event.name))
