"""CustomEmoji: a picture that stands for `:shortcode:`."""

from msgspec import UNSET, Struct, UnsetType


class CustomEmoji(Struct, frozen=True):
    shortcode: str
    url: str
    static_url: str
    visible_in_picker: bool = True
    category: str | UnsetType = UNSET
    """Left out, not null, for an emoji without one."""
