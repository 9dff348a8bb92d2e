"""Posts: notes, polls, and everything else that can be shown as one; and the notes we send."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from federation import sanitize
from federation.errors import Gone, Rejected
from federation.vocab import attachment, conversion, normalise, pictures, question, tag, types
from federation.vocab import quote as quotes
from federation.vocab.activity import Activity
from federation.vocab.attachment import Attachment
from federation.vocab.audience import PUBLIC, Audience, addresses
from federation.vocab.context import wrap
from federation.vocab.interaction import Policy
from federation.vocab.normalise import JSON
from federation.vocab.tag import Emoji, Hashtag, Mention
from federation.vocab.types import Ref

MAX_SUMMARY_CHARACTERS = 5_000
MAX_TITLE_CHARACTERS = 2_048
_ZERO_WIDTH_SPACE = "\u200b"
_HTML = (None, "text/html")


class Source(Struct, frozen=True):
    """What the author typed."""

    content: str
    media_type: str = "text/plain"


class Note(Struct, frozen=True, kw_only=True):
    """A post as its author's server describes it.

    `content` is clean HTML; for converted types it has title, text and link composed into it. `summary` is the content
    warning as text. `title` is the bare name: for a Note without content and with `in_reply_to`, or whose name is an
    option of a poll of ours, it is a vote. `author` is chosen from several; `authors` holds all that were named.
    `updated` is set only when it is later than `published`: without it a new copy is not an edit. Neither address nor
    mention nor quote is proven to exist.
    """

    id: str
    type: str
    converted: bool
    author: str | None
    authors: tuple[str, ...]
    url: str
    title: str
    content: str
    language: str | None
    summary: str
    sensitive: bool
    source: Source | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    published: datetime
    updated: datetime | None
    in_reply_to: str | None
    conversation: str | None
    context: str | None
    attachments: tuple[Attachment, ...]
    links: tuple[str, ...]
    mentions: tuple[Mention, ...]
    hashtags: tuple[Hashtag, ...]
    emojis: tuple[Emoji, ...]
    collections: tuple[str, ...]
    poll: question.Poll | None
    quote: str | None
    quote_gone: bool
    quote_authorization: str | None
    can_quote: Policy | None
    searchable_by: tuple[str, ...] | None
    replies: str | None
    application: str
    raw: JSON

    @property
    def is_addressed(self) -> bool:
        """Whether the object itself names recipients; if not, the activity's count (7.3.5)."""
        return bool(self.to or self.cc)

    @property
    def is_legacy_quote(self) -> bool:
        """Whether it quotes in a way that knows nothing of consent (11.1.3)."""
        return "quote" not in self.raw

    @property
    def may_be_vote(self) -> bool:
        """Whether it is a vote if its name is an option of what it answers."""
        return bool(self.type in {"Note", "Answer"} and self.title and self.in_reply_to)

    @property
    def is_vote(self) -> bool:
        """Whether it can be nothing but a vote."""
        return self.may_be_vote and not self.content and not self.attachments


class Outgoing(Struct, frozen=True, kw_only=True):
    """A post of ours, to be published. `to` and `cc` come from `audience.audience`; `content` is finished HTML.

    `author` and `in_reply_to` are ids. With a `poll` it becomes a Question. `quotable_by` is public, followers or
    nobody.
    """

    id: str
    url: str
    author: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    content: str
    published: datetime
    updated: datetime | None = None
    language: str | None = None
    summary: str = ""
    sensitive: bool = False
    source: Source | None = None
    in_reply_to: str | None = None
    conversation: str | None = None
    context: str | None = None
    direct: bool = False
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    collections: tuple[str, ...] = ()
    poll: question.Poll | None = None
    replies: str | None = None
    likes: str | None = None
    shares: str | None = None
    quote: quotes.Outgoing | None = None
    quotable_by: str | None = None
    followers: str | None = None
    approved_by: str | None = None
    audience: str | None = None


def parse(
    document: JSON, *, now: datetime | None = None, fallback: str | None = None, sender: str | None = None
) -> Note:
    """Raise Rejected for what is not a post, Gone for a Tombstone. `now` clamps dates and replaces a missing one,
    `fallback` a missing id, `sender` a missing author."""
    doc = normalise.properties(document)
    now = now or datetime.now(UTC)
    kind = normalise.kind(doc, types.NATIVE | types.CONVERTED | types.NOT_POSTS)
    if "Tombstone" in normalise.kinds(doc):
        raise Gone("the object is a Tombstone")
    note_id = normalise.identifier(doc.get("id")) or fallback
    if note_id is None:
        raise Rejected("the object has no id")
    if not is_post(doc):
        raise Rejected(f"{kind or 'nothing'} is not a type of post")
    made = _note(doc, note_id, kind, now)
    silent = not made.authors and not normalise.many(doc.get("attributedTo"))
    return replace(made, author=sender, authors=(sender,)) if silent and sender else made


def is_post(document: JSON) -> bool:
    """Whether the type can be shown as a post; an unknown one needs an author and something to show (10.8.2)."""
    doc = normalise.properties(document)
    kind = normalise.kind(doc, types.NATIVE | types.CONVERTED | types.NOT_POSTS)
    if kind in types.NATIVE or kind in types.CONVERTED:
        return True
    if not kind or kind in types.KNOWN:
        return False
    shown = normalise.text(doc.get("content")) or normalise.text(doc.get("name"))
    return bool(shown and normalise.iri(doc.get("attributedTo")))


def recipients(envelope: Activity, parsed: Note) -> Audience:
    """Whom a post is for: what the object says, and only where it says nothing what the activity says (7.3.5). A list
    that is empty says something, if the other one is not."""
    silent = not parsed.is_addressed
    return Audience(
        envelope.to if silent or (parsed.raw.get("to") is None and not parsed.to) else parsed.to,
        envelope.cc if silent or (parsed.raw.get("cc") is None and not parsed.cc) else parsed.cc,
    )


def addressed(envelope: Activity, parsed: Note) -> Note:
    """A post for those whom its activity and it are for together."""
    made = recipients(envelope, parsed)
    return replace(parsed, to=made.to, cc=made.cc)


def vouched(envelope: Activity, parsed: Note) -> bool:
    """Whether an embedded copy may be believed on the word of its envelope, once that is proven to be the actor's.

    The actor must be the author, and activity, actor and object must share a host. If not, the origin is asked.
    """
    return (
        envelope.actor is not None
        and parsed.author == envelope.actor
        and normalise.same_host(parsed.id, envelope.actor)
        and (envelope.id is None or normalise.same_host(envelope.id, envelope.actor))
    )


def brought(envelope: Activity, ref: Ref | None) -> Note | None:
    """The post that came with an activity, if that vouches for it."""
    if ref is None or ref.doc is None or not is_post(ref.doc):
        return None
    parsed = parse(ref.doc)
    return parsed if vouched(envelope, parsed) else None


def render(out: Outgoing) -> JSON:
    """The document of one of our posts, a Note or a Question."""
    document: JSON = {"id": out.id, "type": "Question" if out.poll else "Note"}
    if out.summary:
        document["summary"] = out.summary
    if out.in_reply_to:
        document["inReplyTo"] = out.in_reply_to
    document |= {"published": normalise.stamp(out.published)}
    if out.updated and normalise.stamp(out.updated) > document["published"]:
        document["updated"] = normalise.stamp(out.updated)
    document |= {
        "url": out.url,
        "attributedTo": out.author,
        "to": list(out.to),
        "cc": list(out.cc),
        "sensitive": out.sensitive,
    }
    for name, value in (("conversation", out.conversation), ("context", out.context)):
        if value:
            document[name] = value
    if out.direct:
        document["directMessage"] = True
    document["content"] = out.content
    if out.language:
        document["contentMap"] = {out.language: out.content}
    if out.source:
        document["source"] = {"content": out.source.content, "mediaType": out.source.media_type}
    document["attachment"] = [attachment.render(item) for item in out.attachments]
    document["tag"] = tag.render(tag.Tags(out.mentions, out.hashtags, out.emojis, None, out.collections))
    if out.quote:
        document |= quotes.fields(out.quote)
        document["tag"] += [quotes.link(out.quote)] if out.quote.consented and not out.quote.gone else []
    if out.quotable_by:
        document["interactionPolicy"] = quotes.render_policy(out.quotable_by, out.author, out.followers)
    if out.audience:
        document["audience"] = out.audience
    listed = (("replies", out.replies), ("likes", out.likes), ("shares", out.shares))
    for name, value in (*listed, ("approvedBy", out.approved_by), ("replyAuthorization", out.approved_by)):
        if value:
            document[name] = value
    return wrap(document | (question.fields(out.poll) if out.poll else {}))


class _Body(Struct, frozen=True, kw_only=True):
    """What a reader sees of a post."""

    title: str
    content: str
    language: str | None
    url: str
    attachments: tuple[Attachment, ...]
    links: tuple[str, ...]


def _body(doc: JSON, note_id: str, kind: str) -> _Body:
    media_type = normalise.text(doc.get("mediaType"), 100).partition(";")[0].strip().lower() or None
    raw_content, language = _content(doc)
    attachments, links = conversion.media(doc, kind), attachment.links(doc.get("attachment"))
    if media_type in _HTML and "<img" in raw_content.lower():
        raw_content, inline = pictures.take(
            raw_content,
            {item.url for item in attachments} | {tag.url for tag in tag.parse(doc.get("tag")).emojis},
            most=attachment.MAX_ATTACHMENTS - len(attachments),
        )
        attachments += inline
    content, title = sanitize.content_html(raw_content, media_type), _title(doc, kind)
    url = normalise.page_url(doc.get("url")) or note_id
    content = conversion.opinion(doc, kind) + content
    # A name may be all that there is, unless it is a choice.
    if kind not in types.NATIVE or (title and (content or normalise.iri(doc.get("inReplyTo")) is None)):
        subject = conversion.Subject(kind=kind, title=title, content=content, url=url, links=links)
        content = conversion.compose(doc, subject, attachments)
    return _Body(title=title, content=content, language=language, url=url, attachments=attachments, links=links)


def _note(doc: JSON, note_id: str, kind: str, now: datetime) -> Note:
    converted, body, tags = kind not in types.NATIVE, _body(doc, note_id, kind), tag.parse(doc.get("tag"))
    summary, hidden = ("", False) if converted else _summary(doc)
    author, authors = _authors(doc, note_id)
    published, updated = normalise.moment(doc.get("published"), now) or now, normalise.moment(doc.get("updated"), now)
    to, cc, group = (addresses(doc.get(name)) for name in ("to", "cc", "audience"))
    return Note(
        id=note_id,
        type=kind,
        converted=converted,
        author=author,
        authors=authors,
        url=body.url,
        title=body.title,
        content=body.content,
        language=body.language,
        summary=summary,
        sensitive=bool(normalise.boolean(doc.get("sensitive"))) or hidden,
        source=_source(doc.get("source")),
        to=to,
        cc=(*cc, PUBLIC) if PUBLIC in group and PUBLIC not in (*to, *cc) else cc,
        audience=group,
        published=published,
        updated=updated if updated and updated > published else None,
        in_reply_to=_parent(doc, note_id),
        conversation=normalise.iri(doc.get("conversation")),
        context=normalise.iri(doc.get("context")),
        attachments=body.attachments,
        links=body.links,
        mentions=tags.mentions,
        hashtags=tags.hashtags,
        emojis=tags.emojis,
        collections=tags.collections,
        poll=question.parse(doc, now),
        quote=_quote(doc, tags),
        quote_gone="Tombstone" in normalise.kinds(normalise.one(doc.get("quote"))),
        quote_authorization=normalise.iri(doc.get("quoteAuthorization")),
        can_quote=quotes.parse_policy(doc),
        searchable_by=addresses(doc["searchableBy"]) if doc.get("searchableBy") is not None else None,
        replies=normalise.iri(doc.get("replies")),
        application=_application(doc.get("generator")),
        raw=doc,
    )


def _content(doc: JSON) -> tuple[str, str | None]:
    """The text and its language: the key of contentMap whose value is the content, else the first (10.1.3)."""
    content = normalise.text(doc.get("content"))
    value = normalise.one(doc.get("content"))
    language = normalise.language(value.get("@language")) if isinstance(value, dict) else None
    language = language or normalise.language(doc.get("language"))
    translations = doc.get("contentMap")
    if isinstance(translations, dict):
        said = {key: words for key, value in translations.items() if (words := normalise.text(value)).strip()}
        key = next((key for key, words in said.items() if words == content), next(iter(said), None))
        if key is not None:
            content = content or said[key]
            language = normalise.language(key) or language
    return content, language


def _title(doc: JSON, kind: str) -> str:
    """A vote repeats an option letter by letter, so the name of a note is text; elsewhere it may hold entities."""
    name = normalise.translated(doc, "name", MAX_TITLE_CHARACTERS)
    return name.strip() if kind in types.NATIVE else sanitize.plain_text(name)


def _summary(doc: JSON) -> tuple[str, bool]:
    """The content warning, and whether there is one without words: Misskey writes a zero-width space for that."""
    summary = normalise.translated(doc, "summary", MAX_SUMMARY_CHARACTERS)
    stripped = sanitize.plain_text(summary).replace(_ZERO_WIDTH_SPACE, "").strip()
    return stripped, bool(stripped) or _ZERO_WIDTH_SPACE in summary


def _authors(doc: JSON, note_id: str) -> tuple[str | None, tuple[str, ...]]:
    """Who wrote it: of several the first person on the post's host, then anybody there, then the first named."""
    values = normalise.many(doc.get("attributedTo")) or normalise.many(doc.get("actor"))
    authors = normalise.iris(values)
    people = normalise.iris([v for v in values if types.primary(v) not in ("Group", "Organization")])
    near = [a for a in (*people, *authors) if normalise.same_host(a, note_id)]
    chosen = near or list(people) or list(authors)
    return (chosen[0] if chosen else None), authors


def _parent(doc: JSON, note_id: str) -> str | None:
    parent = normalise.iri(doc.get("inReplyTo"))
    return parent if parent != note_id else None


def _quote(doc: JSON, tags: tag.Tags) -> str | None:
    """The first of the five spellings (11.1.1). A `quote` that is present but empty ends the search."""
    if "quote" in doc and doc["quote"] is not None:
        value = normalise.one(doc["quote"])
        return None if isinstance(value, dict) and "Tombstone" in normalise.kinds(value) else normalise.iri(value)
    for name in ("_misskey_quote", "quoteUrl", "quoteUri"):
        if quoted := normalise.iri(doc.get(name)):
            return quoted
    return tags.quote


def _source(value: Any) -> Source | None:
    found = normalise.properties(normalise.one(value))
    content = normalise.text(found.get("content"), sanitize.MAX_CHARACTERS)
    return Source(content, normalise.text(found.get("mediaType"), 100) or "text/plain") if content else None


def _application(value: Any) -> str:
    found = normalise.one(value)
    return sanitize.plain_text(normalise.text(normalise.properties(found).get("name"), 255))
