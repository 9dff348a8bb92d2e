"""The template environment: escaping on, unknown names are errors, strings through gettext."""

import jinja2

from fedi import i18n, paths
from fedi.config import Settings
from fedi.web import emojis, static

DIRECTORY = paths.directory("templates")


def environment(settings: Settings) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(DIRECTORY),
        autoescape=jinja2.select_autoescape(["html", "xml"], default=False),
        undefined=jinja2.StrictUndefined,
        auto_reload=settings.development,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The i18n extension adds this method to the class at run time; the stubs do not know it.
    made.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(with_emojis=emojis.in_text, html_with_emojis=emojis.in_html)
    made.globals.update(settings=settings, static=static.url, locale=i18n.current)
    return made
