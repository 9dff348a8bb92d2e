"""Custom emoji are pictures where text is read, and text everywhere else."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from fedi.entities.emoji import CustomEmoji
from fedi.services import emojis as service
from fedi.web import emojis
from tests.support.pictures import picture
from tests.support.servers import Node

BLOB = CustomEmoji("blob", 'https://x.test/a"b.png', 'https://x.test/still"b.png')
PICTURE = '<img class="emoji" src="https://x.test/still&quot;b.png" alt=":blob:" title=":blob:"{}>'


def _same(one: str, other: str) -> bool:
    return LexborHTMLParser(one).html == LexborHTMLParser(other).html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain <b>&", "plain &lt;b&gt;&amp;"),
        ("a :blob: b", "a {} b"),
        (":blob:", "{}"),
        (":blob:<script>", "{}&lt;script&gt;"),
        (":unknown: :blob:", ":unknown: {}"),
        ("x:blob:", "x:blob:"),
        (":blob:blob:", ":blob:blob:"),
    ],
)
def test_names_show_pictures_and_nothing_else_of_html(text: str, html: str) -> None:
    assert _same(str(emojis.in_text(text, [BLOB])), html.format(PICTURE.format(' loading="lazy"')))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>a :blob: b</p>", "<p>a {} b</p>"),
        ("no element :blob:", "no element {}"),
        ("<p>:blob:</p><p>:nope: :blob:</p>", "<p>{0}</p><p>:nope: {0}</p>"),
        ("<p>&lt;img :blob: src=x&gt;</p>", "<p>&lt;img {} src=x&gt;</p>"),
        ("<p>&amp;lt;:blob:</p>", "<p>&amp;lt;{}</p>"),
        (
            '<a href="https://x.test/:blob:/" title=":blob:">:blob:</a>',
            '<a href="https://x.test/:blob:/" title=":blob:">{}</a>',
        ),
        ("<p><code>:blob:</code></p>", "<p><code>:blob:</code></p>"),
        ("<pre><code><span>:blob:</span></code></pre>", "<pre><code><span>:blob:</span></code></pre>"),
        ("", ""),
    ],
)
def test_html_shows_pictures_in_text_only(before: str, after: str) -> None:
    assert str(emojis.in_html(before, [BLOB])) == after.format(PICTURE.format(""))


def test_without_emojis_html_stays_as_it_is() -> None:
    odd = "<p>a<br>b:c: </p>"
    assert str(emojis.in_html(odd, [])) == odd
    assert str(emojis.in_html("<p>no colon", [BLOB])) == "<p>no colon"


@pytest.mark.anyio
async def test_profiles_and_posts_show_them(server: Node) -> None:
    await service.add(server.app, "party", picture())
    alice = await server.person("alice")
    await alice.api(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        data={
            "display_name": "Alice :party: <i>",
            "note": "bio :party:",
            "fields_attributes[0][name]": "f :party:",
            "fields_attributes[0][value]": "v :party:",
        },
    )
    post = await alice.posts("text :party:", spoiler_text="warning :party:")
    asked = await alice.posts("asked", poll={"options": ["one :party:", "two"], "expires_in": 3600})
    page = LexborHTMLParser((await server.client.get("/@alice", headers={"Accept": "text/html"})).text)
    for place in (
        "h1",
        ".p-note",
        "dt",
        "dd",
        ".who strong",
        ".poll span",
        f"#p{post['id']} summary",
        f"#p{post['id']} .text",
    ):
        pictures = page.css(f"{place} img.emoji")
        assert pictures, place
        assert pictures[0].attributes["alt"] == ":party:"
        assert (pictures[0].attributes["src"] or "").startswith("https://example.test/media/")
    (name,) = page.css("h1")
    assert name.text().strip() == "Alice  <i>"
    (closing,) = page.css(".poll + .note time")
    assert closing.attributes["datetime"] == asked["poll"]["expires_at"]
    assert not page.css("title img")
