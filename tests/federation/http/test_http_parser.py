"""The response parser: any split of any bytes ends in the same answer or in an error of our tree."""

import gzip
import tracemalloc
import zlib
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.http.errors import BadResponse, HTTPError, TooLarge
from federation.http.parser import MAX_HEAD_BYTES, ResponseParser

Outcome = tuple[object, ...]

DOCUMENT = b'{"id":"https://a.test/1"}' * 40
ZIPPED = gzip.compress(DOCUMENT)


def outcome(data: bytes, cuts: list[int] | None = None, *, method: str = "GET", max_bytes: int = 100_000) -> Outcome:
    """What becomes of `data`, cut at `cuts` and followed by the end of the connection."""
    parser = ResponseParser(method=method, max_bytes=max_bytes)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
    try:
        for start, end in pairwise(edges):
            parser.feed(data[start:end])
        parser.eof()
    except HTTPError as exc:
        return (type(exc),)
    assert parser.done
    return parser.status, parser.headers, parser.body, parser.truncated


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


GOOD = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(DOCUMENT) + DOCUMENT,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(DOCUMENT, 17),
    "until close": b"HTTP/1.1 200 OK\r\n\r\n" + DOCUMENT,
    "old": b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(DOCUMENT) + DOCUMENT,
    "interim": b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Go\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + DOCUMENT,
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED,
    "gzip chunked": b"HTTP/1.1 200 OK\r\nContent-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(ZIPPED, 5),
    "deflate": b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + zlib.compress(DOCUMENT),
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(DOCUMENT, 99)[:-2] + b"X-Trailer: 1\r\n\r\n",
    "extension": b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3e8;a=b\r\n" + DOCUMENT + b"\r\n0\r\n\r\n",
    "empty header": b"HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 1000\r\n\r\n" + DOCUMENT,
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
@given(cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_however_it_is_cut_the_document_arrives(name: str, cuts: list[int]) -> None:
    status, headers, body, truncated = outcome(GOOD[name], cuts)
    assert (status, body, truncated) == (200, DOCUMENT, False)
    assert "x-trailer" not in str(headers)
    assert "link" not in str(headers)


@given(
    name=st.sampled_from(sorted(GOOD)),
    edits=st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=4)), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
)
def test_damaged_answers_end_in_an_answer_or_our_error(
    name: str, edits: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    data = GOOD[name]
    for position, replacement in edits:
        data = data[:position] + replacement + data[position + len(replacement) :]
    found = outcome(data, cuts)
    assert len(found) in (1, 4)
    if len(found) == 4:
        assert len(found[2]) <= 100_000  # type: ignore[arg-type]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
@example(b"HTTP/1.1 200 OK\r\n\r\n", [])
@example(b"HTTP/1.1 999 OK\r\n\r\n", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08", [])
def test_arbitrary_bytes_end_in_an_answer_or_our_error(data: bytes, cuts: list[int]) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        assert len(outcome(prefix + data, cuts)) in (1, 4)


BROKEN = {
    "both lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "huge length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nabcd",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "short": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    "short chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "chunk overflow": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc",
    "other coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "upgrade": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
    "http2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "brotli": b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
    "twice zipped": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 3\r\n\r\nabc",
    "two encodings": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\nabc",
    "not zipped": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "half zipped": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + ZIPPED[:-9],
    "only head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "only interim": b"HTTP/1.1 100 Continue\r\n\r\n",
    "telnet": b"220 mail.example ESMTP\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_answers_are_refused(name: str) -> None:
    assert outcome(BROKEN[name]) == (BadResponse,)
    assert outcome(BROKEN[name], list(range(0, 200, 3))) == (BadResponse,)


def test_a_status_survives_a_body_nobody_can_decode() -> None:
    parser = ResponseParser(method="GET", max_bytes=100)
    parser.feed(b"HTTP/1.1 410 Gone\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc")
    assert (parser.status, parser.body, parser.truncated, parser.keep_alive) == (410, b"", True, False)


def test_a_lenient_reader_keeps_the_status_of_an_undecodable_success() -> None:
    parser = ResponseParser(method="POST", max_bytes=100, lenient=True)
    parser.feed(b"HTTP/1.1 202 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")
    assert (parser.done, parser.status, parser.body) == (True, 202, b"")


@pytest.mark.parametrize("method_and_status", [("HEAD", b"200 OK"), ("GET", b"204 No"), ("GET", b"304 Same")])
def test_answers_without_body_end_with_their_head(method_and_status: tuple[str, bytes]) -> None:
    method, status = method_and_status
    length = b"" if b"204" in status else b"Content-Length: 10\r\n"
    parser = ResponseParser(method=method, max_bytes=100)
    parser.feed(b"HTTP/1.1 " + status + b"\r\n" + length + b"\r\n")
    assert (parser.done, parser.body, parser.keep_alive) == (True, b"", True)


def test_a_connection_with_bytes_after_the_answer_is_not_kept() -> None:
    for extra in (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"garbage"):
        parser = ResponseParser(method="GET", max_bytes=100)
        parser.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" + extra)
        assert (parser.done, parser.body, parser.keep_alive) == (True, b"abc", False)


def test_a_body_beyond_the_limit_is_cut_at_the_limit() -> None:
    unannounced = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50
    assert outcome(unannounced, max_bytes=20)[2:] == (b"x" * 20, True)
    assert outcome(unannounced, list(range(40)), max_bytes=20)[2:] == (b"x" * 20, True)
    assert outcome(unannounced, max_bytes=50)[2:] == (b"x" * 50, False)
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
    assert outcome(announced, max_bytes=20)[2:] == (b"", True)


def test_a_compressed_bomb_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    parser = ResponseParser(method="GET", max_bytes=100_000)
    tracemalloc.start()
    try:
        parser.feed(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(parser.body), parser.truncated) == (100_000, True)
    assert peak < 2_000_000


def test_what_follows_a_compressed_body_counts_against_the_limit() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + ZIPPED
    assert outcome(answer + b"x" * 5_000, max_bytes=10_000)[2:] == (DOCUMENT, False)
    assert outcome(answer + b"x" * 20_000, list(range(0, 20_000, 500)), max_bytes=10_000)[2:] == (DOCUMENT, True)


def test_a_compressed_body_of_exactly_the_limit_is_whole() -> None:
    assert outcome(GOOD["gzip"], max_bytes=len(DOCUMENT))[2:] == (DOCUMENT, False)
    assert outcome(GOOD["gzip"], max_bytes=len(DOCUMENT) - 1)[2:] == (DOCUMENT[:-1], True)


ENDLESS = {
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 4096),
    "many headers": (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n" * 700),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 200),
    "chunk extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;", b"a" * 4096),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", b"X: a\r\n" * 700),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_framing_without_end_is_cut_after_64_kilobytes(name: str) -> None:
    start, more = ENDLESS[name]
    parser = ResponseParser(method="GET", max_bytes=10_000_000)
    fed = 0

    def feed_until_refused() -> None:
        nonlocal fed
        parser.feed(start) if start else None
        while True:
            parser.feed(more)
            fed += len(more)

    with pytest.raises(TooLarge):
        feed_until_refused()
    assert fed <= MAX_HEAD_BYTES


def test_a_huge_head_in_one_piece_is_refused() -> None:
    huge = b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n"
    assert outcome(huge) == (TooLarge,)
