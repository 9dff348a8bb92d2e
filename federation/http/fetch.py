"""Documents of other servers: fetched, and believed only about their own origin.

What comes out of `fetch_document` was served by the origin of its id. Errors are those of `federation.errors`. A
`judge` is asked about every address but the one given, before anything is sent there.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import msgspec

from federation.errors import Gone, Rejected, Retry
from federation.http import html
from federation.http.addresses import Url, parse_url
from federation.http.client import BadResponse, HTTPClient, HTTPError, Judge, Response, Sign, Unreachable
from federation.vocab.normalise import AS2, has_context, loads, properties

ACCEPT_DOCUMENT = f'application/activity+json, application/ld+json; profile="{AS2}"'
ACCEPT_JRD = "application/jrd+json, application/json"
ACCEPT_PAGE = f"{ACCEPT_DOCUMENT}, text/html;q=0.5"
JRD_TYPES = frozenset(("application/jrd+json", "application/json", "application/ld+json", "application/activity+json"))
HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))
DISCOVERY_SECONDS = 10.0
MAX_RETRY_AFTER_SECONDS = 24 * 3600.0
# The head of a page is enough to find its alternate, and parsing more is work for whoever posts links.
MAX_PAGE_BYTES = 256 * 1024

_PROFILE = re.compile(r';\s*profile\s*=\s*(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)
_LINK = re.compile(r"<([^<>]{1,2048})>([^<>,]{0,512})")


class Document(msgspec.Struct, frozen=True):
    """A JSON document whose origin is proven. `uri` is its id as it spells it, `url` where the bytes came from."""

    uri: str
    body: dict[str, Any]  # JSON, until vocab parses it
    url: Url


class Text(msgspec.Struct, frozen=True):
    text: str
    media_type: str
    url: Url


class NotFound(Rejected):
    """The origin answers 404: it does not exist, or not for us."""


class Denied(Rejected):
    """The origin answers 401 or 403."""


async def fetch_document(
    client: HTTPClient, uri: str, *, sign: Sign | None = None, judge: Judge | None = None
) -> Document:
    """Fetch an ActivityPub document by URI.

    The id in it must be the URL it came from; a document that claims another id is not believed, but that id is
    fetched, once. Raises Rejected (NotFound, Denied), Gone or Retry.
    """
    response = await _get(client, uri, sign=sign, judge=judge, accept=ACCEPT_DOCUMENT)
    return await _proven(client, uri, response, sign=sign, judge=judge)


async def fetch_unnamed(client: HTTPClient, url: str, *, sign: Sign, judge: Judge | None = None) -> dict[str, Any]:
    """Fetch an ActivityPub document that is believed because of who named its address, whatever its id. Any: JSON."""
    response = await _get(client, url, sign=sign, judge=judge, accept=ACCEPT_DOCUMENT)
    raise_for_status(response)
    if not _is_document_type(response.headers.get("content-type", "")) or response.url.origin != parse_url(url).origin:
        raise Rejected(f"{url} answers something else than ActivityPub")
    return loads(response.body)


async def fetch_page_document(
    client: HTTPClient, url: str, *, sign: Sign | None = None, judge: Judge | None = None
) -> Document:
    """Fetch the document behind an address that a person pasted: itself, or what its page names as alternate."""
    response = await _get(client, url, sign=sign, judge=judge, accept=ACCEPT_PAGE)
    if response.status == 200 and response.media_type in HTML_TYPES:
        alternate = find_alternate(response)
        if alternate is None:
            raise Rejected(f"{url} is a page without an ActivityPub alternate")
        if judge is not None:
            await judge(parse_url(alternate))
        return await fetch_document(client, alternate, sign=sign, judge=judge)
    return await _proven(client, url, response, sign=sign, judge=judge)


async def fetch_jrd(client: HTTPClient, url: str, *, judge: Judge | None = None) -> dict[str, Any]:
    """Fetch a JSON resource descriptor or nodeinfo document, unsigned."""
    response = await _get(client, url, sign=None, judge=judge, accept=ACCEPT_JRD, timeout=DISCOVERY_SECONDS)
    raise_for_status(response)
    if response.media_type not in JRD_TYPES:
        raise Rejected(f"{url} answers {response.media_type or 'no content type'} instead of JSON")
    return loads(response.body)


async def fetch_text(
    client: HTTPClient, url: str, *, accept: str, media_types: Iterable[str], judge: Judge | None = None
) -> Text:
    """Fetch XRD or HTML, unsigned; refuses any media type but those named."""
    response = await _get(client, url, sign=None, judge=judge, accept=accept, timeout=DISCOVERY_SECONDS)
    raise_for_status(response)
    if response.media_type not in media_types:
        raise Rejected(f"{url} answers {response.media_type or 'no content type'}")
    return Text(response.body.decode("utf-8", "replace"), response.media_type, response.url)


def find_alternate(response: Response) -> str | None:
    """The ActivityPub address that a page names in its Link header or in `<link rel="alternate">`."""
    for target, parameters in _LINK.findall(response.headers.get("link", "")):
        rel, kind = _parameter(parameters, "rel"), _parameter(parameters, "type")
        if "alternate" in rel.split() and _is_document_type(kind):
            return _absolute(response.url, target)
    page = html.parse(response.body[:MAX_PAGE_BYTES], response.headers.get("content-type", ""))
    for link in page.css("link[rel][type][href]"):
        if "alternate" in html.rels(link) and _is_document_type(link.attributes.get("type") or ""):
            return _absolute(response.url, link.attributes.get("href") or "")
    return None


def raise_for_status(response: Response) -> None:
    """Turns every status but 200 into NotFound, Gone, Denied, Retry or Rejected."""
    status, where = response.status, response.url.full
    if status == 200:
        return
    if status == 404:
        raise NotFound(f"{where} answers 404")
    if status == 410:
        raise Gone(f"{where} answers 410")
    if status in (401, 403):
        raise Denied(f"{where} answers {status}")
    if status in (408, 425, 429) or (status >= 500 and status != 501):
        raise Retry(f"{where} answers {status}", after=retry_after(response))
    raise Rejected(f"{where} answers {status}")


def retry_after(response: Response) -> float | None:
    """The seconds that Retry-After asks for, at most a day; None when it is absent or unreadable."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return min(float(value), MAX_RETRY_AFTER_SECONDS)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)


async def _get(
    client: HTTPClient, url: str, *, sign: Sign | None, judge: Judge | None, accept: str, timeout: float = 30.0
) -> Response:
    try:
        return await client.get_following(url, headers={"Accept": accept}, sign=sign, judge=judge, timeout=timeout)
    except (Unreachable, BadResponse) as exc:
        raise Retry(str(exc)) from exc
    except HTTPError as exc:  # Refused, BadUrl, TooLarge: the next try would end the same
        raise Rejected(str(exc)) from exc


async def _proven(
    client: HTTPClient, uri: str, response: Response, *, sign: Sign | None, judge: Judge | None
) -> Document:
    raise_for_status(response)
    document = _parse(response)
    claimed = _claimed(document)
    if _speaks_for(response.url, claimed, asked=uri):
        return document
    if judge is not None:
        await judge(claimed)
    response = await _get(client, document.uri, sign=sign, judge=judge, accept=ACCEPT_DOCUMENT)
    raise_for_status(response)
    document = _parse(response)
    if _claimed(document).full != claimed.full or response.url.origin != claimed.origin:
        raise Rejected(f"{claimed.full} answers with a document of another id")
    return document


def _speaks_for(source: Url, claimed: Url, *, asked: str) -> bool:
    """Whether a document found at `source` may have the id `claimed`: its own address, or the one asked for if the
    redirect in between stayed on that origin."""
    if claimed.full == source.full:
        return True
    return claimed.full == parse_url(asked).full and claimed.origin == source.origin


def _parse(response: Response) -> Document:
    where = response.url.full
    # Uploads of users are served from the same origin; only the media type tells them from what the server says.
    if not _is_document_type(response.headers.get("content-type", "")):
        raise Rejected(f"{where} answers {response.media_type or 'no content type'} instead of ActivityPub")
    # Named once and for all, so that no reader takes another of several spellings for the id that is proven here.
    body = properties(loads(response.body))
    if response.media_type == "application/ld+json" and not _is_activity_streams(response, body):
        raise Rejected(f"{where} answers JSON-LD that is not ActivityStreams")
    uri = body.get("id")
    if not isinstance(uri, str):
        raise Rejected(f"{where} answers a document without id")
    return Document(uri, body, response.url)


def _claimed(document: Document) -> Url:
    try:
        return parse_url(document.uri)
    except HTTPError as exc:
        raise Rejected(f"{document.url.full} answers a document whose id is not a URL") from exc


def _is_document_type(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in ("application/activity+json", "application/ld+json")


def _is_activity_streams(response: Response, body: dict[str, Any]) -> bool:
    """By the profile that it names, or when it names none by its context. Any: JSON."""
    match = _PROFILE.search(response.headers.get("content-type", ""))
    return has_context(body) if match is None else AS2 in (match[1] or match[2] or "").split()


def _parameter(parameters: str, name: str) -> str:
    match = re.search(rf';\s*{name}\s*=\s*(?:"([^"]*)"|([^\s;"]+))', parameters, re.IGNORECASE)
    return (match[1] or match[2] or "").lower() if match else ""


def _absolute(base: Url, reference: str) -> str | None:
    try:
        return parse_url(urljoin(base.full, reference.strip())).full
    except (HTTPError, ValueError):
        return None
