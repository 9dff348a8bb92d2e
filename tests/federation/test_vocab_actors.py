"""Profiles and keys in the shapes other servers give them."""

from typing import Any

import pytest

from federation.errors import Gone, Rejected
from federation.signatures import keys
from federation.vocab import actor
from federation.vocab.attachment import Image

BOB = "https://b.test/users/bob"
KEY = {"id": f"{BOB}#main-key", "owner": BOB, "publicKeyPem": "PEM"}


def document(**properties: Any) -> dict[str, Any]:
    necessary = {"id": BOB, "type": "Person", "preferredUsername": "bob", "inbox": f"{BOB}/inbox"}
    return {**necessary, "publicKey": KEY, **properties}


def read(**properties: Any) -> actor.Actor:
    return actor.parse(document(**properties))


def test_the_least_profile_has_defaults() -> None:
    parsed = read(name=None, summary=None, icon=[], image=None, url=None, alsoKnownAs=None, attachment=None)
    assert (parsed.name, parsed.summary, parsed.url) == ("bob", "", BOB)
    assert (parsed.icon, parsed.image, parsed.fields, parsed.aliases) == (None, None, (), ())
    assert (parsed.locked, parsed.discoverable) == (False, None)


@pytest.mark.parametrize("missing", ["id", "inbox", "preferredUsername"])
def test_without_the_necessary_it_is_no_account_but_its_key_can_be_used(missing: str) -> None:
    with pytest.raises(Rejected):
        read(**{missing: None})
    if missing != "id":
        assert actor.keys(document(**{missing: None})) == (actor.Key(f"{BOB}#main-key", BOB, "PEM"),)


def test_other_types_are_rejected_and_a_tombstone_is_gone() -> None:
    with pytest.raises(Rejected):
        read(type="Note")
    with pytest.raises(Gone):
        read(type="Tombstone")
    with pytest.raises(Gone):
        read(type=["Person", "Tombstone"])
    assert read(type=["https://x.test/ns#X", "Service"]).is_bot
    assert read(type="Group").is_group


def test_a_name_is_text_and_a_summary_clean_html() -> None:
    parsed = read(name="<b>Bob</b> &amp;\nco <3", summary="<script>x</script><p onclick=x>hi</p>")
    assert parsed.name == "Bob & co <3"
    assert parsed.summary == "<p>hi</p>"


@pytest.mark.parametrize(
    ("url", "chosen"),
    [
        ("https://b.test/@bob", "https://b.test/@bob"),
        ("https://www.b.test/@bob", "https://www.b.test/@bob"),
        ("https://elsewhere.test/@bob", BOB),
        ("javascript:alert(1)", BOB),
        (["threads://x", {"type": "Link", "href": "https://b.test/h", "mediaType": "text/html"}], "https://b.test/h"),
        ("https://test/x", BOB),
    ],
)
def test_the_address_for_people_is_on_the_actors_host(url: object, chosen: str) -> None:
    assert read(url=url).url == chosen


@pytest.mark.parametrize(
    "icon",
    [
        "https://b.test/i.png",
        {"type": "Image", "url": "https://b.test/i.png"},
        {"type": "Link", "href": "https://b.test/i.png"},
        {"type": "Image", "url": [{"type": "Link", "href": "https://b.test/i.png"}]},
        [{"type": "Image", "url": "https://b.test/s.png", "width": 1}, {"url": "https://b.test/i.png", "width": 9}],
    ],
)
def test_an_icon_in_any_shape(icon: object) -> None:
    assert read(icon=icon).icon == Image("https://b.test/i.png")


def test_fields_of_every_kind() -> None:
    fields = [
        {"type": "PropertyValue", "name": "Site", "value": '<a href="javascript:x">x</a>'},
        {"type": "schema:PropertyValue", "name": "<b>B</b>", "value": "v"},
        {"type": "Link", "name": "Link", "href": "https://x.test/"},
        {"type": "Note", "name": "Note", "content": "<p>n</p>"},
        {"type": "Edition", "name": "no"},
        None,
    ]
    rel = 'rel="nofollow noopener noreferrer" target="_blank"'
    assert read(attachment=fields).fields == (
        actor.Field("Site", f"<a {rel}>x</a>"),
        actor.Field("B", "v"),
        actor.Field("Link", f'<a href="https://x.test/" {rel}>https://x.test/</a>'),
        actor.Field("Note", "<p>n</p>"),
    )


def test_rows_that_say_the_same_in_two_ways_are_one() -> None:
    """NodeBB writes each field as FEP-fb2a has it and for everybody else."""
    fields = [
        {"type": "Link", "name": "Website", "href": "https://x.test"},
        {"type": "PropertyValue", "name": "Website", "value": "https://x.test"},
        {"type": "Note", "name": "Location", "content": "here"},
        {"type": "PropertyValue", "name": "Location", "value": "there"},
        {"type": "PropertyValue", "name": "Location", "value": "elsewhere"},
    ]
    assert [(each.name, each.value) for each in read(attachment=fields).fields] == [
        ("Website", "https://x.test"),
        ("Location", "there"),
        ("Location", "elsewhere"),
    ]


def test_handles() -> None:
    assert read(preferredUsername=None, preferredUsernameMap={"en": "bob"}).username == "bob"
    assert read(webfinger="acct:bob@handle.test").webfinger == "bob@handle.test"
    assert read(webfinger="bob").webfinger is None
    assert read(webfinger="bob@handle.test", preferredUsername=None).username == "bob"


def test_invalid_aliases_are_passed_over_and_odd_ones_kept() -> None:
    assert read(alsoKnownAs=["at://did:plc:x", "", None, "not an iri"]).aliases == ("at://did:plc:x",)


def test_shared_inboxes_old_and_new() -> None:
    assert read(endpoints={"sharedInbox": "https://b.test/in"}).shared_inbox == "https://b.test/in"
    assert read(sharedInbox="https://b.test/in").shared_inbox == "https://b.test/in"
    assert read(endpoints=None).shared_inbox is None
    assert read(endpoints={"sharedInbox": "https://evil.test/in"}).shared_inbox is None


@pytest.mark.parametrize("username", ["bob@evil.test", "bob smith", "a/b", "<b>", "x" * 3000, "a\u202eb"])
def test_a_username_that_makes_no_handle_is_rejected(username: str) -> None:
    with pytest.raises(Rejected):
        read(preferredUsername=username)


def test_keys_of_every_kind_belong_to_their_actor_or_are_left_out() -> None:
    ed25519 = keys.multikey(keys.load_public(keys.generate_ed25519().public_pem))
    method = {"id": f"{BOB}#ed", "type": "Multikey", "controller": BOB, "publicKeyMultibase": ed25519}
    found = read(
        publicKey=[
            KEY,
            {**KEY, "id": f"{BOB}#2", "owner": "https://evil.test/u"},
            {**KEY, "id": "https://evil.test/k"},
        ],
        assertionMethod=[method, {**method, "id": f"{BOB}#x", "controller": "https://evil.test/u"}, "https://b.test/k"],
    )
    assert [key.id for key in found.keys] == [f"{BOB}#main-key", f"{BOB}#ed"]
    assert actor.key_references(document(publicKey="https://b.test/k")) == ("https://b.test/k",)


def test_a_bare_key_document_names_its_owner() -> None:
    assert actor.keys({"type": "Key", **KEY}) == (actor.Key(f"{BOB}#main-key", BOB, "PEM"),)


def test_a_document_of_keys_alone_is_a_stub() -> None:
    assert actor.is_stub(document())
    assert actor.is_stub({"id": BOB, "type": "Person", "preferredUsername": "bob", "publicKey": KEY})
    assert not actor.is_stub(document(name=""))
