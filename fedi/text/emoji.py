"""Custom emoji in text: `:shortcode:`, standing apart from words and other colons."""

import re

_SHORTCODE = re.compile(r"(?<![^\W_])(?<!:):([A-Za-z0-9_]{2,}):(?![^\W_]|:)")


def shortcodes(text: str) -> list[str]:
    """Those used, once each, in order of appearance; whether they exist is another question."""
    return list(dict.fromkeys(_SHORTCODE.findall(text))) if ":" in text else []
