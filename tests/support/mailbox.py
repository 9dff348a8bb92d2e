"""A mail server on loopback that keeps what it is given."""

import asyncio
import contextlib
import email
import email.message
import email.policy
import re
from collections.abc import AsyncIterator
from typing import Any


class Mailbox:
    def __init__(self) -> None:
        self.letters: list[email.message.EmailMessage] = []
        self.port = 0
        self.refuse = ""  # an address that gets 550

    def to(self, address: str) -> list[email.message.EmailMessage]:
        return [letter for letter in self.letters if letter["To"] == address]

    def link(self, address: str) -> str:
        """The link in the latest letter to somebody."""
        found = re.search(r"https?://\S+", self.to(address)[-1].get_content())
        assert found is not None
        return found[0]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                text = body.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
                letter = email.message_from_bytes(text, policy=email.policy.default)
                assert isinstance(letter, email.message.EmailMessage)
                self.letters.append(letter)
                writer.write(b"250 kept\r\n")
            elif verb == b"RCPT" and self.refuse and self.refuse.encode() in line:
                writer.write(b"550 nobody here\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 mail.test\r\n")
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    server = await asyncio.start_server(box._talk, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


def settings(box: Mailbox) -> dict[str, Any]:
    """What makes a server send its mail there."""
    return {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_tls": "none"}
