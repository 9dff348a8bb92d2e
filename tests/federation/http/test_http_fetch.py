"""Documents are believed about their own origin only; statuses become Rejected, Gone or Retry."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import orjson
import pytest

from federation.errors import Gone, Rejected, Retry
from federation.http.client import HTTPClient, Response
from federation.http.fetch import (
    ACCEPT_DOCUMENT,
    Denied,
    NotFound,
    fetch_document,
    fetch_jrd,
    fetch_page_document,
    fetch_text,
)

pytestmark = pytest.mark.anyio

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]
AS2 = "https://www.w3.org/ns/activitystreams"
ACTIVITY = "application/activity+json"


def doc(uri: Any, *, kind: str = ACTIVITY, **more: Any) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": kind}, content=orjson.dumps({"id": uri, "type": "Note"} | more))


def moved(location: str) -> httpx.Response:
    return httpx.Response(302, headers={"Location": location})


class Net:
    """A network of URL → answer; everything else is 404. Remembers what was asked."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.asked: list[str] = []
        self.requests: list[httpx.Request] = []
        self._answers = answers
        self.client = HTTPClient(httpx.MockTransport(self._handle), user_agent="t")

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        self.requests.append(request)
        answer = self._answers.get(str(request.url), httpx.Response(404))
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


async def test_a_document_with_its_own_address_is_believed() -> None:
    net = Net({"https://a.test/n/1": doc("https://a.test/n/1", content="hi")})
    document = await fetch_document(net.client, "https://a.test/n/1")
    assert (document.uri, document.body["content"], document.url.host) == ("https://a.test/n/1", "hi", "a.test")
    assert net.requests[0].headers["accept"] == ACCEPT_DOCUMENT


class Signs:
    def attempts(self, url: str) -> Iterator[Mapping[str, str]]:
        yield {"Signature": url}

    def ended(self, url: str, headers: Mapping[str, str], response: Response) -> None:
        pass


async def test_the_request_is_signed() -> None:
    net = Net({"https://a.test/n/1": doc("https://a.test/n/1")})
    await fetch_document(net.client, "https://a.test/n/1", sign=Signs())
    assert net.requests[0].headers["signature"] == "https://a.test/n/1"


async def test_a_fragment_is_not_sent() -> None:
    net = Net({"https://a.test/u/1": doc("https://a.test/u/1")})
    assert (await fetch_document(net.client, "https://a.test/u/1#main-key")).uri == "https://a.test/u/1"
    assert net.asked == ["https://a.test/u/1"]


async def test_the_id_is_kept_as_the_document_spells_it() -> None:
    net = Net({"https://a.test/n/1": doc("https://A.test:443/n/1")})
    assert (await fetch_document(net.client, "https://a.test/n/1")).uri == "https://A.test:443/n/1"
    assert len(net.asked) == 1


async def test_a_document_of_another_id_is_fetched_from_there_once() -> None:
    net = Net({
        "https://a.test/@x/1": doc("https://a.test/n/1", content="copy"),
        "https://a.test/n/1": doc("https://a.test/n/1", content="original"),
    })  # fmt: skip
    assert (await fetch_document(net.client, "https://a.test/@x/1")).body["content"] == "original"
    assert net.asked == ["https://a.test/@x/1", "https://a.test/n/1"]


async def test_a_document_about_a_foreign_origin_is_believed_only_from_there() -> None:
    net = Net({
        "https://evil.test/1": doc("https://victim.test/1", content="forged"),
        "https://victim.test/1": doc("https://victim.test/1", content="true"),
    })  # fmt: skip
    assert (await fetch_document(net.client, "https://evil.test/1")).body["content"] == "true"
    with pytest.raises(NotFound):
        await fetch_document(Net({"https://evil.test/1": doc("https://victim.test/1")}).client, "https://evil.test/1")


async def test_a_second_change_of_id_is_refused_and_no_third_request_made() -> None:
    net = Net({
        "https://a.test/1": doc("https://a.test/2"), "https://a.test/2": doc("https://a.test/3"),
        "https://a.test/3": doc("https://a.test/3"),
    })  # fmt: skip
    with pytest.raises(Rejected):
        await fetch_document(net.client, "https://a.test/1")
    assert net.asked == ["https://a.test/1", "https://a.test/2"]


async def test_a_redirect_within_the_origin_may_answer_for_the_address_asked_for() -> None:
    net = Net({"https://a.test/n/1": moved("/api/n/1"), "https://a.test/api/n/1": doc("https://a.test/n/1")})
    assert (await fetch_document(net.client, "https://a.test/n/1")).uri == "https://a.test/n/1"
    assert len(net.asked) == 2


async def test_a_redirect_to_another_origin_answers_for_itself_only() -> None:
    honest = Net({"https://old.test/1": moved("https://new.test/1"), "https://new.test/1": doc("https://new.test/1")})
    assert (await fetch_document(honest.client, "https://old.test/1")).uri == "https://new.test/1"
    # An open redirect on the victim must not lend its origin to what it points to.
    net = Net(
        {"https://victim.test/r?1": moved("https://evil.test/1"), "https://evil.test/1": doc("https://victim.test/r?1")}
    )
    with pytest.raises(Rejected):
        await fetch_document(net.client, "https://victim.test/r?1")


@pytest.mark.parametrize("other", ["https://a.test:8443/1", "https://a.test.evil.test/1", "https://b.test/1"])
async def test_an_open_redirect_cannot_move_a_claimed_id_to_another_origin(other: str) -> None:
    net = Net({
        "https://evil.test/1": doc("https://a.test/1"), "https://a.test/1": moved(other), other: doc("https://a.test/1"),
    })  # fmt: skip
    with pytest.raises(Rejected):
        await fetch_document(net.client, "https://evil.test/1")


@pytest.mark.parametrize("uri", [None, "", 7, [], {}, "urn:uuid:1", "https://a.test:99999/", "javascript:1"])
async def test_a_document_without_a_usable_id_is_rejected(uri: Any) -> None:
    net = Net({"https://a.test/1": doc(uri)})
    with pytest.raises(Rejected):
        await fetch_document(net.client, "https://a.test/1")


@pytest.mark.parametrize(
    ("kind", "context"),
    [
        (ACTIVITY, None), ("Application/Activity+JSON ; charset=utf-8", None),
        (f'application/ld+json; profile="{AS2}"', None), (f"application/ld+json;profile={AS2}", None),
        (f'application/ld+json; profile="https://other.test {AS2}"', None),
        ("application/ld+json", AS2), ("application/ld+json; charset=utf-8", [AS2, {"toot": "x"}]),
    ],
)  # fmt: skip
async def test_media_types_of_activitypub_are_accepted(kind: str, context: Any) -> None:
    net = Net({"https://a.test/1": doc("https://a.test/1", kind=kind, **{"@context": context})})
    assert (await fetch_document(net.client, "https://a.test/1")).uri == "https://a.test/1"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json", "text/html", "text/plain", "application/ld+json",
        'application/ld+json; profile="https://o.test"',
        "application/activity+json, text/html", "application/activity+jsonx",
        "image/png; x=application/activity+json", "",
    ],
)  # fmt: skip
async def test_what_users_can_upload_is_not_a_document(kind: str) -> None:
    net = Net({"https://a.test/1": doc("https://a.test/1", kind=kind)})
    with pytest.raises(Rejected):
        await fetch_document(net.client, "https://a.test/1")


@pytest.mark.parametrize("profile", ["https://other.test/ns", f"{AS2}.other.test", '""'])
async def test_json_ld_of_another_profile_is_not_activitypub_whatever_its_context_says(profile: str) -> None:
    kind = f"application/ld+json; profile={profile}"
    net = Net({"https://a.test/1": doc("https://a.test/1", kind=kind, **{"@context": AS2})})
    with pytest.raises(Rejected):
        await fetch_document(net.client, "https://a.test/1")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"{", b'{"id":NaN}', b"[" * 5000, b'{"a":' * 300 + b"1" + b"}" * 300]
)
async def test_what_is_not_a_reasonable_json_object_is_rejected(content: bytes) -> None:
    net = Net({"https://a.test/1": httpx.Response(200, headers={"Content-Type": ACTIVITY}, content=content)})
    with pytest.raises(Rejected):
        await fetch_document(net.client, "https://a.test/1")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, NotFound), (410, Gone), (401, Denied), (403, Denied), (400, Rejected), (406, Rejected), (418, Rejected),
        (204, Rejected), (202, Rejected), (304, Rejected), (501, Rejected),
        (408, Retry), (425, Retry), (429, Retry), (500, Retry), (503, Retry),
    ],
)  # fmt: skip
async def test_a_status_says_whether_to_drop_retry_or_delete(status: int, error: type[Exception]) -> None:
    net = Net({"https://a.test/1": httpx.Response(status)})
    with pytest.raises(error) as caught:
        await fetch_document(net.client, "https://a.test/1")
    assert type(caught.value) is error


async def test_failing_networks_are_retried_and_refused_addresses_are_not() -> None:
    net = Net(
        {"https://a.test/1": httpx.ConnectTimeout("x"), "https://a.test/2": httpx.Response(200, content=b"x" * 1100000)}
    )
    with pytest.raises(Retry):
        await fetch_document(net.client, "https://a.test/1")
    for uri in ("https://a.test/2", "https://127.0.0.1/", "http://a.test/1", "nonsense"):
        with pytest.raises(Rejected):
            await fetch_document(net.client, uri)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120), (" 7 ", 7), ("999999999", 86400), ("٣", None), ("-5", None), ("soon", None), ("", None),
        ("1e3", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86400),
        ("9" * 400, None),
    ],
)  # fmt: skip
async def test_retry_after_is_read_and_capped(value: str, seconds: float | None) -> None:
    headers = [(b"Retry-After", value.encode())]
    net = Net({"https://a.test/1": httpx.Response(503, headers=headers)})
    with pytest.raises(Retry) as caught:
        await fetch_document(net.client, "https://a.test/1")
    assert caught.value.after == seconds


async def test_a_date_in_retry_after_is_a_distance_from_now() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    net = Net({"https://a.test/1": httpx.Response(429, headers={"Retry-After": when})})
    with pytest.raises(Retry) as caught:
        await fetch_document(net.client, "https://a.test/1")
    assert caught.value.after is not None
    assert 290 < caught.value.after <= 300


PAGES = {
    "link element": ({}, '<head><link rel="alternate" type="application/activity+json" href="/n/1"></head>'),
    "profile": ({}, f"<link href=/n/1 rel='me Alternate' type='application/ld+json; profile=&quot;{AS2}&quot;'>"),
    "header": ({"Link": '<https://a.test/feed>; rel="alternate"; type="application/atom+xml", '
                        '<https://a.test/n/1>; rel="alternate"; type="application/activity+json"'}, "<p>"),
    "bare header": ({"Link": "</n/1>;rel=alternate;type=application/activity+json"}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
async def test_a_pasted_page_leads_to_its_document(name: str) -> None:
    headers, html = PAGES[name]
    page = httpx.Response(200, headers={"Content-Type": "text/html; charset=utf-8"} | headers, content=html.encode())
    net = Net({"https://a.test/@x/1": page, "https://a.test/n/1": doc("https://a.test/n/1")})
    assert (await fetch_page_document(net.client, "https://a.test/@x/1")).uri == "https://a.test/n/1"


async def test_a_page_cannot_vouch_for_another_origin() -> None:
    page = httpx.Response(
        200, headers={"Content-Type": "text/html"},
        content=b'<link rel="alternate" type="application/activity+json" href="https://evil.test/1">',
    )  # fmt: skip
    net = Net({"https://victim.test/1": page, "https://evil.test/1": doc("https://victim.test/1")})
    with pytest.raises(Rejected):
        await fetch_page_document(net.client, "https://victim.test/1")


@pytest.mark.parametrize(
    "html", ["", "<link rel=stylesheet type=application/activity+json href=/n/1>",
             "<link rel=alternate type=application/activity+json href=javascript:1>", "<![", "<a " * 60_000]
)  # fmt: skip
async def test_a_page_without_an_alternate_is_rejected(html: str) -> None:
    page = httpx.Response(200, headers={"Content-Type": "text/html"}, content=html.encode())
    with pytest.raises(Rejected):
        await fetch_page_document(Net({"https://a.test/1": page}).client, "https://a.test/1")


async def test_a_pasted_document_needs_no_page() -> None:
    net = Net({"https://a.test/n/1": doc("https://a.test/n/1")})
    assert (await fetch_page_document(net.client, "https://a.test/n/1")).uri == "https://a.test/n/1"


async def test_descriptors_are_fetched_as_json() -> None:
    url = "https://a.test/.well-known/webfinger?resource=acct:x@a.test"
    for kind in ("application/jrd+json; charset=utf-8", "application/json"):
        net = Net({url: httpx.Response(200, headers={"Content-Type": kind}, content=b'{"subject":"acct:x@a.test"}')})
        assert await fetch_jrd(net.client, url) == {"subject": "acct:x@a.test"}
    net = Net({url: httpx.Response(200, headers={"Content-Type": "text/html"}, content=b'{"subject":"acct:x@a.test"}')})
    with pytest.raises(Rejected):
        await fetch_jrd(net.client, url)


async def test_text_is_fetched_in_the_media_types_asked_for() -> None:
    url = "https://a.test/.well-known/host-meta"
    page = httpx.Response(200, headers={"Content-Type": "application/xrd+xml; charset=utf-8"}, content=b"<XRD/>\xff")
    text = await fetch_text(
        Net({url: page}).client, url, accept="application/xrd+xml", media_types=("application/xrd+xml",)
    )
    assert (text.text, text.media_type) == ("<XRD/>\ufffd", "application/xrd+xml")
    with pytest.raises(Rejected):
        await fetch_text(Net({url: page}).client, url, accept="text/html", media_types=("text/html",))
