"""Translation: a post in another language."""

from msgspec import Struct


class Option(Struct, frozen=True):
    title: str


class Poll(Struct, frozen=True):
    id: str
    options: list[Option]


class Medium(Struct, frozen=True):
    id: str
    description: str


class Translation(Struct, frozen=True, kw_only=True):
    content: str
    spoiler_text: str
    language: str
    media_attachments: list[Medium]
    poll: Poll | None
    detected_source_language: str
    provider: str
