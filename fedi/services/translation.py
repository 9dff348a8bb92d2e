"""Posts translated by a service with LibreTranslate's API, if the operator has set one up: https://docs.libretranslate.com

What comes back is a stranger's word: HTML is cleaned, and text is text.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import msgspec
import orjson
from cachetools import TTLCache

from federation import sanitize
from federation.http.client import HTTPError
from fedi import access, entities, errors
from fedi.context import App
from fedi.entities.status import Status
from fedi.entities.translation import Medium, Option, Poll, Translation
from fedi.http.endpoint import User
from fedi.text import language as languages
from storage import translations
from storage.visibility import UNLISTED

PROVIDER = "LibreTranslate"
UNKNOWN = "und"
TIMEOUT_SECONDS = 20.0
LANGUAGES_SECONDS = 6 * 3600
_KEPT = re.compile(r'<span translate="no">(:[A-Za-z0-9_]+:)</span>')


class _Language(msgspec.Struct, frozen=True):
    code: str
    targets: list[str] | None = None


class _Detected(msgspec.Struct, frozen=True):
    language: str = ""


class _Answer(msgspec.Struct, frozen=True):
    """To a list of texts."""

    texts: list[str] = msgspec.field(name="translatedText")
    detected: list[_Detected] | _Detected | None = msgspec.field(name="detectedLanguage", default=None)


class _Offer(msgspec.Struct, frozen=True):
    """What the service can do. `codes`: its own words for our codes."""

    pairs: dict[str, list[str]]
    codes: dict[str, str]


async def pairs(app: App) -> dict[str, list[str]]:
    """From which language into which; `und` is whatever the service finds out itself. Empty when there is none."""
    return (await _offer(app)).pairs if app.settings.translation_url else {}


async def _offer(app: App) -> _Offer:
    memory: TTLCache[str, _Offer] = app.memory.setdefault(__name__, TTLCache(1, LANGUAGES_SECONDS))
    known = memory.get("offer")
    if known is None:
        known = memory["offer"] = _offered(await _ask(app, "GET", "languages", list[_Language]))
    return known


async def translate(app: App, user: User, status_id: int, into: str | None) -> Translation:
    """`NotFound` without a service, `Forbidden` for what is not public or not translated so; else `Unavailable`."""
    if not app.settings.translation_url:
        raise errors.NotFound
    async with app.db.read() as conn:
        row = await access.proper_status(conn, user.account_id, status_id)
        status = await entities.status(app, conn, row.id, user.account_id)
    target = languages.normalise(into or user.locale)
    if row.visibility > UNLISTED or target is None or target == row.language:
        raise errors.Forbidden
    offer = await _offer(app)
    source = row.language if row.language in offer.pairs else UNKNOWN
    if target not in offer.pairs.get(source, ()):
        raise errors.Forbidden
    async with app.db.read() as conn:
        kept = await translations.find(conn, row.id, row.version, target)
    if kept is not None:
        return msgspec.json.decode(kept, type=Translation)
    made = await _translated(app, status, (offer.codes.get(source, "auto"), offer.codes[target]), target)
    async with app.db.transaction() as conn:
        await translations.keep(conn, row.id, row.version, target, msgspec.json.encode(made).decode())
    return made


async def _translated(app: App, status: Status, codes: tuple[str, str], target: str) -> Translation:
    media = [each for each in status.media_attachments if each.description]
    options = status.poll.options if status.poll else []
    plain = [status.spoiler_text, *(each.title for each in options), *(each.description or "" for each in media)]
    emojis = {each.shortcode for each in status.emojis}
    texts = [
        _marked(str(status.content or ""), emojis),
        *(_marked(escape(text, quote=False), emojis) for text in plain),
    ]
    asked = [text for text in texts if text.strip()]
    if not asked:
        raise errors.Forbidden
    body = {"q": asked, "source": codes[0], "target": codes[1], "format": "html"}
    if app.settings.translation_key:
        body["api_key"] = app.settings.translation_key
    answer = await _ask(app, "POST", "translate", _Answer, body)
    if len(answer.texts) != len(asked):
        raise _unavailable()
    given = iter(answer.texts)
    content, *rest = [_unmarked(next(given)) if text.strip() else "" for text in texts]
    spoiler, *rest = [_plain(text) for text in rest]
    titles, descriptions = rest[: len(options)], rest[len(options) :]
    return Translation(
        content=_html(content),
        spoiler_text=spoiler,
        language=target,
        media_attachments=[
            Medium(each.id, text or each.description or "") for each, text in zip(media, descriptions, strict=True)
        ],
        poll=Poll(status.poll.id, [Option(text) for text in titles]) if status.poll else None,
        detected_source_language=_detected(answer) or status.language or UNKNOWN,
        provider=PROVIDER,
    )


async def _ask(app: App, method: str, path: str, kind: Any, body: Mapping[str, Any] | None = None) -> Any:
    """An answer as `kind`. Any: each has its own."""
    try:
        response = await app.fed.http.request(
            method,
            f"{app.settings.translation_url.rstrip('/')}/{path}",
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            body=b"" if body is None else orjson.dumps(body),
            timeout=TIMEOUT_SECONDS,
            trusted=True,
        )
        if response.status != 200:
            raise _unavailable()
        return msgspec.json.decode(response.body, type=kind)
    except (HTTPError, msgspec.DecodeError) as exc:
        raise _unavailable() from exc


def _unavailable() -> errors.Unavailable:
    return errors.Unavailable("Translation is not available at the moment")


def _offered(found: Sequence[_Language]) -> _Offer:
    ours = {each.code: languages.normalise(each.code) for each in found}
    known, codes = dict[str, list[str]](), dict[str, str]()
    for each in found:
        source = ours[each.code]
        if source is not None and source not in known:
            targets = {ours.get(code) for code in each.targets or ours}
            known[source] = sorted(code for code in targets if code and code != source)
            codes[source] = each.code
    everything = sorted({code for targets in known.values() for code in targets})
    return _Offer({**known, UNKNOWN: everything} if everything else {}, codes)


def _html(text: str) -> str:
    cleaned = sanitize.clean_html(text)
    return cleaned if "<pre" in cleaned else cleaned.replace("\n", " ")


def _detected(answer: _Answer) -> str | None:
    first = answer.detected[0] if isinstance(answer.detected, list) and answer.detected else answer.detected
    return languages.normalise(first.language) if isinstance(first, _Detected) else None


def _marked(html: str, emojis: set[str]) -> str:
    """With the names of emoji kept from being translated."""
    if not emojis:
        return html
    names = "|".join(sorted(map(re.escape, emojis)))
    return re.sub(rf"(?<![\w:]):(?:{names}):(?![\w:])", r'<span translate="no">\g<0></span>', html)


def _unmarked(html: str) -> str:
    return _KEPT.sub(r"\1", html)


def _plain(html: str) -> str:
    return " ".join(sanitize.plain_text(html).split())
