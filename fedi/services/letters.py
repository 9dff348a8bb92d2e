"""A mail, written from a template in the language of whom it is for."""

from typing import Any

import msgspec

from fedi import i18n
from fedi.context import App


class Letter(msgspec.Struct, frozen=True):
    to: str
    subject: str
    body: str
    headers: dict[str, str] = {}


def write(
    app: App, template: str, *, to: str, locale: str, headers: dict[str, str] | None = None, **values: Any
) -> Letter:
    """The first line of a template is the subject. Any: what a template shows."""
    i18n.use(locale)
    text = app.templates.get_template(f"email/{template}.txt").render(**values)
    subject, _, body = text.strip().partition("\n")
    return Letter(to, " ".join(subject.split()), body.strip() + "\n", headers or {})
