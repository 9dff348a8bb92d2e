"""Preferences: posting and reading defaults; all five classic keys are demanded by clients."""

from msgspec import Struct, field


class Preferences(Struct, frozen=True, kw_only=True):
    visibility: str = field(name="posting:default:visibility", default="public")
    sensitive: bool = field(name="posting:default:sensitive", default=False)
    language: str | None = field(name="posting:default:language", default=None)
    quote_policy: str = field(name="posting:default:quote_policy", default="nobody")
    expand_media: str = field(name="reading:expand:media", default="default")
    expand_spoilers: bool = field(name="reading:expand:spoilers", default=False)
    autoplay_gifs: bool = field(name="reading:autoplay:gifs", default=False)
