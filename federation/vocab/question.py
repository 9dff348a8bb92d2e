"""Polls and votes."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from federation import sanitize
from federation.vocab import audience, normalise
from federation.vocab.context import wrap
from federation.vocab.normalise import JSON

MAX_OPTIONS = 500
MAX_OPTION_CHARACTERS = 2_048


class Option(Struct, frozen=True):
    title: str
    votes: int = 0


class Poll(Struct, frozen=True, kw_only=True):
    """`ends` is None for a poll without an end; `closed` is when it was ended, always past; `voters` may be unknown."""

    options: tuple[Option, ...]
    multiple: bool
    ends: datetime | None = None
    closed: datetime | None = None
    voters: int | None = None


class Vote(Struct, frozen=True, kw_only=True):
    """One choice of ours in a remote poll. `id` is the id of the vote object."""

    id: str
    voter: str
    poll: str
    author: str
    option: str
    published: datetime


def parse(doc: JSON, now: datetime) -> Poll | None:
    """The poll of an object with names stripped, or None when it offers nothing to choose."""
    multiple = bool(normalise.many(doc.get("anyOf")))
    items = normalise.many(doc.get("anyOf") if multiple else doc.get("oneOf"))
    options: dict[str, Option] = {}
    for item in items[:MAX_OPTIONS]:
        option = _option(item)
        if option.title:
            options.setdefault(option.title, option)
    if not options:
        return None
    ends, closed = normalise.future(doc.get("endTime")), normalise.future(doc.get("closed"))
    if closed is None and normalise.boolean(doc.get("closed")):
        closed = min(ends or now, now)
    if closed and closed > now:
        # Misskey names the end of a running poll this way.
        ends, closed = ends or closed, None
    if closed is None and ends and ends <= now:
        closed = ends
    return Poll(
        options=tuple(options.values()),
        multiple=multiple,
        ends=ends or closed,
        closed=closed,
        voters=normalise.count(doc.get("votersCount")),
    )


def fields(poll: Poll) -> JSON:
    """The properties that make a rendered note a Question."""
    rendered: JSON = {
        "anyOf" if poll.multiple else "oneOf": [
            {"type": "Note", "name": o.title, "replies": {"type": "Collection", "totalItems": o.votes}}
            for o in poll.options
        ]
    }
    if poll.ends:
        rendered["endTime"] = normalise.stamp(poll.ends)
    if poll.closed:
        rendered["closed"] = normalise.stamp(poll.closed)
    if poll.voters is not None:
        rendered["votersCount"] = poll.voters
    return rendered


def vote(cast: Vote) -> JSON:
    """The Create to send to the author of the poll: one for each option chosen."""
    addressed = audience.audience("direct", "", [cast.author])
    common = {"to": list(addressed.to), "cc": list(addressed.cc)}
    note: JSON = {
        "id": cast.id,
        "type": "Note",
        "attributedTo": cast.voter,
        "name": cast.option,
        "inReplyTo": cast.poll,
        "published": normalise.stamp(cast.published),
        **common,
    }
    return wrap({"id": f"{cast.id}/activity", "type": "Create", "actor": cast.voter, **common, "object": note})


def _option(item: Any) -> Option:
    properties = normalise.properties(item)
    if not properties:
        return Option(normalise.text(item, MAX_OPTION_CHARACTERS).strip())
    title = normalise.translated(properties, "name", MAX_OPTION_CHARACTERS) or sanitize.plain_text(
        normalise.translated(properties, "content", MAX_OPTION_CHARACTERS)
    )
    replies = normalise.one(properties.get("replies"))
    total = normalise.properties(replies).get("totalItems") if isinstance(replies, dict) else replies
    return Option(title.strip(), normalise.count(total) or 0)
