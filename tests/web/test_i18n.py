"""Catalogues: read right, complete, and in step with what the pages say."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from fedi import i18n
from scripts import messages

PLURALS = r"""
# A comment.
msgid ""
msgstr ""
"Language: pl\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

#: somewhere.html
msgid "one \"file\"\n"
"and more"
msgstr "plik\t"
"i wiecej"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d plik"
msgstr[1] "%d pliki"
msgstr[2] "%d plików"

#, fuzzy
msgid "unsure"
msgstr "niepewny"

msgid "missing"
msgstr ""
"""


def test_catalogues_are_read_with_plurals_and_without_what_is_unsure() -> None:
    catalogue = i18n.parse(PLURALS)
    assert catalogue.forms == {
        'one "file"\nand more': ("plik\ti wiecej",),
        "%d file": ("%d plik", "%d pliki", "%d plików"),
    }
    assert [catalogue.plural(number) for number in (1, 2, 5, 22, 112)] == [0, 1, 2, 1, 2]


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("de", "de"),
        ("de-AT,en;q=0.8", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr;q=0.9,de;q=0.1,en;q=0.5", "en"),
        ("de;q=0,en", "en"),
        ("*", "en"),
        ("de;q=x", "en"),
        ("", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_reader_gets_the_best_language_there_is(header: str, locale: str) -> None:
    assert i18n.choose(header) == locale


def test_an_earlier_wish_wins() -> None:
    assert i18n.choose("xx", "de", "en") == "de"
    assert i18n.choose("../../etc/passwd") == "en"


def test_strings_without_a_translation_stay_as_they_are() -> None:
    i18n.use("de")
    try:
        assert i18n.gettext("Log in") == "Anmelden"
        assert i18n.gettext("nobody translated this") == "nobody translated this"
        assert [i18n.ngettext("%d thing", "%d things", number) for number in (1, 2)] == ["%d thing", "%d things"]
    finally:
        i18n.use(i18n.SOURCE)


def test_the_list_of_strings_is_up_to_date() -> None:
    with messages.TEMPLATE.open("rb") as file:
        listed = messages.texts(read_po(file))
    assert listed == messages.texts(messages.collected()), "run scripts/messages.py"


@pytest.mark.parametrize("path", sorted(messages.LOCALES.glob("*.po")), ids=lambda path: path.stem)
def test_a_translation_is_complete_and_fills_in_the_same_values(path: Path) -> None:
    forms = i18n.parse(path.read_text(encoding="utf-8")).forms
    wanted = {text if isinstance(text, str) else text[0] for text in messages.texts(messages.collected())}
    assert wanted == set(forms)
    for text, translations in forms.items():
        for translation in translations:
            assert set(re.findall(r"%\(?\w+\)?s?", text)) == set(re.findall(r"%\(?\w+\)?s?", translation)), text
