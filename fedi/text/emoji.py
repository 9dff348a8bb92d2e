"""Custom emoji in text: `:shortcode:`, standing apart from words and other colons."""

import re

_SHORTCODE = re.compile(r"(?<![^\W_])(?<!:):([A-Za-z0-9_]{2,}):(?![^\W_]|:)")


def shortcodes(text: str) -> list[str]:
    """Those used, once each, in order of appearance; whether they exist is another question."""
    return list(dict.fromkeys(_SHORTCODE.findall(text))) if ":" in text else []


def pieces(text: str) -> list[str]:
    """The text cut at shortcodes: what is between them at even places, the shortcodes without colons at odd ones."""
    return _SHORTCODE.split(text)
