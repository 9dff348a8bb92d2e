"""The operators' long texts, from Markdown to HTML."""

from functools import partial

from federation import uris
from fedi.context import App
from fedi.text import compose


def html(app: App, text: str) -> str:
    """Clean HTML: what is allowed in a post."""
    return compose.render(
        text, content_type="text/markdown", mentions={}, tag_url=partial(uris.tag_page, app.settings.base_url)
    )
