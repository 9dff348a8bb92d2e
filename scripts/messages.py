"""Collect the strings of templates and modules into locales/fedi.pot, and bring every catalogue up to date with it.

    python scripts/messages.py           write
    python scripts/messages.py --check   only say whether anything would change

Needs Babel, which is a development dependency: the server reads the .po files by itself.
"""

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from fedi import __version__

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "locales"
TEMPLATE = LOCALES / "fedi.pot"
METHODS = [("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2"), ("fedi/**.py", "python")]
OPTIONS = {"templates/**": {"trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}


def collected() -> Catalog:
    catalog = Catalog(
        project="Fedi",
        version=__version__,
        charset="utf-8",
        header_comment="# The strings of Fedi. AGPL-3.0-or-later, like the rest.",
        msgid_bugs_address=" ",
        last_translator=" ",
        language_team=" ",
        fuzzy=False,
    )
    for name, _line, message, comments, context in sorted(_found(), key=lambda found: (found[0], found[1])):
        # Without line numbers, so that moving code changes no catalogue.
        catalog.add(message, None, [(name, 1)], auto_comments=comments, context=context)
    return catalog


def _found() -> Iterable[tuple[str, int, str | tuple[str, ...], list[str], str | None]]:
    return extract_from_dir(ROOT, METHODS, OPTIONS, KEYWORDS, directory_filter=_wanted)


def _wanted(directory: str) -> bool:
    path = Path(directory)
    return path == ROOT or path.relative_to(ROOT).parts[0] in ("fedi", "templates")


def catalogues() -> Iterator[tuple[Path, Catalog]]:
    for path in sorted(LOCALES.glob("*.po")):
        with path.open("rb") as file:
            yield path, read_po(file, locale=path.stem)


def texts(catalog: Catalog) -> set[str | tuple[str, ...]]:
    return {_key(message) for message in catalog if message.id}


def _key(message: Message) -> str | tuple[str, ...]:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def written(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=120, omit_header=False, include_lineno=False, sort_by_file=True)
    # The dates of the header would make every run a change.
    lines = [line for line in buffer.getvalue().splitlines(keepends=True) if b"-Date: " not in line]
    return b"".join(lines)


def main() -> int:
    source = collected()
    if "--check" in sys.argv:
        with TEMPLATE.open("rb") as file:
            stale = texts(read_po(file)) != texts(source)
        print("locales/fedi.pot is out of date: run scripts/messages.py" if stale else "locales/fedi.pot is up to date")
        return int(stale)
    TEMPLATE.write_bytes(written(source))
    for path, catalog in catalogues():
        catalog.update(source, no_fuzzy_matching=True)
        path.write_bytes(written(catalog))
        missing = sum(1 for message in catalog if message.id and not message.string)
        print(f"{path.name}: {len(catalog)} strings, {missing} to translate")
    return 0


if __name__ == "__main__":
    sys.exit(main())
