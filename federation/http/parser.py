"""One HTTP/1.1 response from bytes, without I/O: httptools does the grammar, this class the limits and the decoding."""

import zlib
from contextlib import suppress

import httptools

from federation.http.errors import BadResponse, TooLarge

MAX_HEAD_BYTES = 64 * 1024

Headers = list[tuple[bytes, bytes]]


class _Done(Exception):
    """Stops httptools in the middle of a buffer whose rest is of no interest."""


class ResponseParser:
    """Feed it until `done`; raises BadResponse or TooLarge.

    A body beyond `max_bytes` (counted on the wire and again after decompression) ends the response with `truncated`
    set. With `lenient`, or under an error status, so does a body that cannot be decoded: there the status is the
    message, and a delivery that the other side accepted must not be repeated for the sake of its body.
    """

    def __init__(self, *, method: str, max_bytes: int, lenient: bool = False) -> None:
        self.status = 0
        self.headers: Headers = []
        self.started = False
        self.done = False
        self.keep_alive = False
        self.truncated = False
        self._has_body = method != "HEAD"
        self._max_bytes = max_bytes
        self._lenient = lenient
        self._pieces: list[bytes] = []
        self._wire_bytes = 0
        self._body_bytes = 0
        self._head_bytes = 0
        self._framing_bytes = 0
        self._interim = False
        self._in_body = False
        self._until_eof = True
        self._inflate: zlib._Decompress | None = None
        self._http = httptools.HttpResponseParser(self)

    @property
    def body(self) -> bytes:
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def feed(self, data: bytes) -> None:
        self.started = True
        if self.done:
            self.keep_alive = False
            return
        # Bytes that brought no body byte: head, interim answers, trailers, chunk extensions.
        self._framing_bytes += len(data)
        try:
            self._http.feed_data(data)
        except httptools.HttpParserUpgrade as exc:
            raise BadResponse("the server changed the protocol") from exc
        except httptools.HttpParserError as exc:
            if self.done:
                self.keep_alive = False
                return
            cause = exc.__context__
            if isinstance(cause, BadResponse | TooLarge):
                raise cause from None
            raise BadResponse(f"not HTTP: {exc}") from exc
        if not self.done and self._framing_bytes > MAX_HEAD_BYTES:
            raise TooLarge("the head of the answer is too large")

    def eof(self) -> None:
        """The peer closed: complete only if the response is one that ends so."""
        if self.done:
            return
        if not self._in_body or not self._until_eof:
            raise BadResponse("the connection closed in the middle of the answer")
        with suppress(_Done):
            self._finish()

    # httptools calls the methods below; what they raise arrives in `feed` as the context of a parser error.

    def on_message_begin(self) -> None:
        if self.done:
            raise _Done

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.done:
            raise _Done
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > MAX_HEAD_BYTES:
            raise TooLarge("the head of the answer is too large")
        if not self._in_body:  # trailers are counted and dropped
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._http.get_status_code()
        if self._http.get_http_version() not in ("1.0", "1.1") or status == 101 or not 100 <= status <= 599:
            raise BadResponse(f"unexpected answer {status}")
        self._interim = status < 200
        if self._interim:
            self.headers.clear()
            return
        self.status = status
        if not self._has_body or status in (204, 304):
            self.keep_alive = self._http.should_keep_alive()
            self.done = True
            return
        self._in_body = True
        self._begin_body()

    def on_body(self, data: bytes) -> None:
        if self.done:
            raise _Done
        self._framing_bytes = 0
        self._wire_bytes += len(data)
        if self._wire_bytes > self._max_bytes:
            self._cut(data[: max(0, len(data) - (self._wire_bytes - self._max_bytes))])
        self._append(data)

    def on_message_complete(self) -> None:
        if self._interim or self.done:
            return
        self.keep_alive = self._http.should_keep_alive()
        self._finish()

    def _begin_body(self) -> None:
        for name, value in self.headers:
            if name == b"transfer-encoding":
                if value.strip().lower() != b"chunked":
                    raise BadResponse("unknown transfer encoding")
                self._until_eof = False
            elif name == b"content-length":
                self._until_eof = False
                if int(value) > self._max_bytes:
                    self._cut(b"")
            elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                if self._inflate is not None or value.strip().lower() not in (b"gzip", b"x-gzip", b"deflate"):
                    self._undecodable("unknown content encoding")
                self._inflate = zlib.decompressobj(wbits=47)  # gzip or zlib, by its magic number

    def _append(self, data: bytes) -> None:
        room = self._max_bytes - self._body_bytes
        if self._inflate is not None:
            try:
                # One byte more than there is room for tells "full" from "overflowing" without inflating the rest.
                data = self._inflate.decompress(data, room + 1)
            except zlib.error:
                self._undecodable("corrupt compressed body")
        self._body_bytes += len(data)
        if len(data) > room:
            self._pieces.append(data[:room])
            self._inflate = None
            self._cut(b"")
        if data:
            self._pieces.append(data)

    def _finish(self) -> None:
        if self._inflate is not None and self._wire_bytes and not self._inflate.eof:
            self._undecodable("truncated compressed body")
        self.done = True

    def _cut(self, rest: bytes) -> None:
        """Ends the response here, keeping `rest` if it needs no decoding."""
        if rest and self._inflate is None:
            self._pieces.append(rest)
        self.truncated = True
        self.keep_alive = False
        self.done = True
        raise _Done

    def _undecodable(self, reason: str) -> None:
        if self._lenient or self.status >= 300:
            self._pieces.clear()
            self._inflate = None
            self._cut(b"")
        raise BadResponse(reason)
