"""How articles, pages, videos, events and the rest become posts: title, text, link, and their media (10.8)."""

from html import escape

from msgspec import Struct

from federation import sanitize
from federation.vocab import attachment, normalise, types
from federation.vocab.attachment import Attachment
from federation.vocab.normalise import JSON

# A text longer than this gives way to the short version the author provided (FEP-b2b8).
LONG_CHARACTERS = 4_000
MAX_STARS = 10


class Subject(Struct, frozen=True, kw_only=True):
    """What is shown of an object: `content` is clean HTML, `links` are its attached web addresses."""

    kind: str
    title: str
    content: str
    url: str
    links: tuple[str, ...] = ()


def media(doc: JSON, kind: str) -> tuple[Attachment, ...]:
    """The media of a post: attachments, for a medium itself what it plays, else its picture."""
    found = attachment.parse(doc.get("attachment"))
    if kind in {"Image", "Video", "Audio", "Document", "PodcastEpisode", "Track"}:
        # What a podcast plays is an object of its own.
        played = normalise.properties(normalise.one(doc.get("audio"))) if kind == "PodcastEpisode" else {}
        medium = {"type": "Audio", **played} if played else doc
        own = attachment.parse_one({**medium, "name": None, "summary": None} if kind != "Image" else doc)
        if own is not None and (_is_medium(own.media_type) or (kind == "Image" and own.media_type is None)):
            found = (own, *(item for item in found if item.url != own.url))
    if not found:
        picture = attachment.image(doc.get("image"))
        if picture is None and kind not in types.NATIVE:
            picture = attachment.image(doc.get("icon"))
        if picture is not None:
            found = (
                Attachment(
                    kind="image",
                    url=picture.url,
                    media_type=picture.media_type,
                    description=picture.description,
                ),
            )
    return found[: attachment.MAX_ATTACHMENTS]


def _is_medium(media_type: str | None) -> bool:
    return (media_type or "").startswith(("image/", "video/", "audio/"))


def compose(doc: JSON, subject: Subject, attachments: tuple[Attachment, ...]) -> str:
    """The HTML shown for an object with a title: the title, when and where, the text, and a link to the whole."""
    parts = []
    if subject.title:
        parts.append(f"<p><strong>{escape(subject.title, quote=False)}</strong></p>")
    if subject.kind == "Event":
        parts.append(_occasion(doc))
    parts.append(_body(doc, subject))
    shown = {item.url for item in attachments}
    if subject.kind not in {"Note", "Question", "Comment", "ChatMessage"}:
        targets = [link for link in subject.links if link not in shown] or [subject.url]
        parts += [_link(target) for target in dict.fromkeys(targets) if normalise.is_http(target)]
    return sanitize.clean_html("".join(parts))


def opinion(doc: JSON, kind: str) -> str:
    """What BookWyrm says beside the text: how many stars, or what is quoted from a book."""
    stars = normalise.number(doc.get("rating")) if kind in ("Review", "Rating") else None
    if stars is not None and 0 < stars <= MAX_STARS:
        whole, half = divmod(round(stars * 2), 2)
        return f"<p>{'★' * whole}{'½' * half}</p>"
    quoted = normalise.text(doc.get("quote"), sanitize.MAX_CHARACTERS) if kind == "Quotation" else ""
    return sanitize.clean_html(f"<blockquote>{quoted}</blockquote>") if quoted and not normalise.iri(quoted) else ""


def _body(doc: JSON, subject: Subject) -> str:
    if len(subject.content) > LONG_CHARACTERS or not subject.content:
        preview = normalise.properties(normalise.one(doc.get("preview")))
        if text := normalise.text(preview.get("content"), sanitize.MAX_CHARACTERS):
            return sanitize.clean_html(text)
    if subject.content:
        return subject.content if subject.content.startswith("<") else f"<p>{subject.content}</p>"
    if subject.kind == "PodcastEpisode" and (about := normalise.properties(normalise.one(doc.get("description")))):
        kind = normalise.text(about.get("mediaType"), 100) or None
        return sanitize.content_html(normalise.text(about.get("content"), sanitize.MAX_CHARACTERS), kind)
    summary = sanitize.clean_html(normalise.text(doc.get("summary"), sanitize.MAX_CHARACTERS))
    return f"<p>{summary}</p>" if summary and not summary.startswith("<") else summary


def _occasion(doc: JSON) -> str:
    """Start, end and place of an event, as its server wrote them: times stay in the zone of the place."""
    times = [normalise.text(doc.get(name), 40).strip() for name in ("startTime", "endTime")]
    location = normalise.one(doc.get("location"))
    place = {"name": location} if isinstance(location, str) else normalise.properties(location)
    address = normalise.one(place.get("address"))
    lines = [" – ".join(_readable(time) for time in times if time)]
    lines.append(", ".join(part for part in (_name(place.get("name")), _address(address)) if part))
    shown = [escape(line, quote=False) for line in lines if line]
    return f"<p>{'<br>'.join(shown)}</p>" if shown else ""


def _readable(time: str) -> str:
    return time.replace("T", " ", 1).removesuffix("Z") + (" UTC" if time.endswith("Z") else "")


def _address(address: object) -> str:
    if isinstance(address, dict):
        parts = (_name(address.get(n)) for n in ("streetAddress", "addressLocality", "addressCountry"))
        return ", ".join(part for part in parts if part)
    return _name(address)


def _name(value: object) -> str:
    return sanitize.plain_text(normalise.text(value, 500))


def _link(target: str) -> str:
    return f'<p><a href="{escape(target)}">{escape(target, quote=False)}</a></p>'
