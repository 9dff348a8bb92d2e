"""The languages of pages and mail: gettext catalogues in `locales/`, read from their .po files when first needed.

Source strings are English. Templates say `_("…")`; modules say `_ = i18n.gettext`. Which language is in force is a
context variable, set once a request or job by `use`.
"""

import ast
import functools
import gettext as stdlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import msgspec

from fedi import paths

DIRECTORY = paths.directory("locales")
SOURCE = "en"

_current: ContextVar[str] = ContextVar("locale", default=SOURCE)


class Catalogue(msgspec.Struct, frozen=True):
    """Translations by English text; of those with a plural, all forms."""

    forms: dict[str, tuple[str, ...]]
    plural: Callable[[int], int]


def use(locale: str) -> None:
    """Speak this language for the rest of the request or job."""
    _current.set(locale if locale in available() else SOURCE)


def current() -> str:
    return _current.get()


def mark(message: str) -> str:
    """For the collector of strings: translated later, where it is shown."""
    return message


def gettext(message: str) -> str:
    forms = _catalogue(_current.get()).forms.get(message)
    return forms[0] if forms else message


def ngettext(singular: str, plural: str, number: int) -> str:
    catalogue = _catalogue(_current.get())
    forms = catalogue.forms.get(singular)
    if forms and len(forms) > catalogue.plural(number):
        return forms[catalogue.plural(number)]
    return singular if number == 1 else plural


@functools.cache
def available() -> tuple[str, ...]:
    """Codes of the languages there are."""
    return (SOURCE, *sorted(path.stem for path in DIRECTORY.glob("*.po")))


def choose(*wishes: str) -> str:
    """The first wish that can be met. A wish is a language tag or an Accept-Language header."""
    for wish in wishes:
        for tag in _preferred(wish):
            for candidate in (tag, tag.partition("-")[0]):
                if candidate in available():
                    return candidate
    return SOURCE


def _preferred(header: str) -> list[str]:
    """Language tags of an Accept-Language header, best first."""
    weighted = []
    for part in header[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag.strip().lower().replace("_", "-")))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighted, key=lambda pair: pair[0]) if tag and weight]


@functools.cache
def _catalogue(locale: str) -> Catalogue:
    path = DIRECTORY / f"{locale}.po"
    if locale == SOURCE or not path.exists():
        return Catalogue({}, _germanic)
    return parse(path.read_text(encoding="utf-8"))


def _germanic(number: int) -> int:
    return int(number != 1)


def parse(text: str) -> Catalogue:
    """A catalogue from the text of a .po file. Fuzzy and empty translations are left out."""
    forms: dict[str, tuple[str, ...]] = {}
    plural: Callable[[int], int] = _germanic
    for entry in _entries(text):
        translations = tuple(value for key, value in sorted(entry.items()) if key.startswith("msgstr"))
        if entry.get("msgid") == "" and translations:
            plural = _plural_rule(translations[0])
        elif entry.get("msgid") and all(translations):
            forms[entry["msgid"]] = translations
    return Catalogue(forms, plural)


def _entries(text: str) -> Iterator[dict[str, str]]:
    for block in text.replace("\r\n", "\n").split("\n\n"):
        entry: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith("#,") and "fuzzy" in line:
                entry = {}
                break
            if line.startswith("#") or not line.strip():
                continue
            keyword, quote, _rest = line.partition('"')
            key = keyword.strip() or key
            entry[key] = entry.get(key, "") + ast.literal_eval(line[line.index(quote) :])
        if entry:
            yield entry


def _plural_rule(header: str) -> Callable[[int], int]:
    for line in header.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "plural-forms":
            return stdlib.c2py(value.partition("plural=")[2].rstrip("; "))
    return _germanic
