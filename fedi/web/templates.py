"""The Jinja environment of all pages."""

import jinja2

from fedi.config import Settings


def environment(settings: Settings) -> jinja2.Environment:
    return jinja2.Environment(autoescape=True, loader=jinja2.FileSystemLoader("templates"))
