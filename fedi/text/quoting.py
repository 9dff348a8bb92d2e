"""The line that stands for a quote where nothing else shows it. Clients that know quotes hide it by its class."""

from collections.abc import Collection

from fedi.text.links import Links


def prefixed(content: str, urls: Collection[str], *, page: str, uri: str) -> str:
    """`content` behind that line, unless the text links to what it quotes (`page` or `uri`) by itself."""
    if page in urls or uri in urls:
        return content
    return f'<p class="quote-inline">RE: {Links({}, str).url(page)}</p>{content}'
