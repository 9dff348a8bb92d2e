"""Which names an account may have."""

import itertools

import pytest
from confusable_homoglyphs import confusables

from fedi import errors
from fedi.auth import names


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("alice", None),
        ("Alice_2", None),
        ("", "ERR_BLANK"),
        ("al-ice", "ERR_INVALID"),
        ("al.ice", "ERR_INVALID"),
        ("alice\n", "ERR_INVALID"),
        ("аlice", "ERR_INVALID"),  # a Cyrillic letter
        ("٣", "ERR_INVALID"),  # a digit, but not an ASCII one
        ("a" * 30, None),
        ("a" * 31, "ERR_TOO_LONG"),
        ("admin", "ERR_RESERVED"),
        ("ADMIN", "ERR_RESERVED"),
        ("adm1n", "ERR_RESERVED"),
        ("_admin_", "ERR_RESERVED"),
        ("adrnin", "ERR_RESERVED"),
        ("r00t", "ERR_RESERVED"),
        ("social", "ERR_RESERVED"),  # the server's own name
    ],
)
def test_names_are_plain_and_not_the_servers_own(name: str, fault: str | None) -> None:
    assert names.fault(name, "social.example") == fault


def test_staff_may_have_a_reserved_name_but_no_unreadable_one() -> None:
    names.check("admin", "example.org", staff=True)
    with pytest.raises(errors.Invalid):
        names.check("ad min", "example.org", staff=True)


def test_names_that_look_alike_have_one_skeleton() -> None:
    assert names.skeleton("PayPa1") == names.skeleton("paypaI") == names.skeleton("paypal")
    assert names.skeleton("rnilo") == names.skeleton("mil0")
    assert names.skeleton("alice") != names.skeleton("alina")


def test_the_skeleton_knows_every_confusable_of_unicode_that_a_name_can_hold() -> None:
    pairs = {
        (text, glyph["c"])
        for text, glyphs in confusables.confusables_data.items()
        for glyph in glyphs
        if text.isascii() and glyph["c"].isascii() and (text + glyph["c"]).isalnum()
    }
    assert pairs
    for one, other in pairs:
        assert names.skeleton(one) == names.skeleton(other), (one, other)
    for one, other in itertools.combinations("abcdefghjkmnpqrstuvwxyz", 2):
        assert names.skeleton(one) != names.skeleton(other)
