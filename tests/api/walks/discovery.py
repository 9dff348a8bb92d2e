"""What the server says about itself, and about pages and posts: texts, figures, previews, translations."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import documents, domains, invites, rules
from tests.support import factories
from tests.support.servers import Person, drain, node
from tests.support.translator import Translator
from tests.support.walk import Walk
from tests.support.websites import Website, later


async def walk(walk: Walk) -> None:
    alice, bob = [await walk.server.person(name) for name in ("alice", "bob")]
    await pages(walk, alice, bob)
    await texts(walk)
    await figures(walk, alice)
    await announced(walk, alice)
    await invited(walk, alice)
    await walk.get(None, "/health")
    await translated(walk)


async def pages(walk: Walk, alice: Person, bob: Person) -> None:
    url = Website(walk.server.network, "news.test").page("/story", "<title>Story</title>")
    await alice.posts(f"see {url}")
    status = await bob.posts(f"see {url}")
    await alice.posts("@bob psst", visibility="direct")
    await later(walk.server)
    found = await walk.some(alice, "/api/v1/timelines/link", url=url)
    assert [each["card"]["title"] for each in found] == ["Story", "Story"]
    await walk.some(bob, "/api/v1/timelines/direct")
    embed = await walk.get(None, "/api/oembed", url=status["url"], maxwidth=300)
    assert (embed["width"], embed["author_name"]) == (300, "bob")


async def texts(walk: Walk) -> None:
    today = datetime.now(UTC).date()
    async with walk.server.db.transaction() as conn:
        for kind in ("privacy_policy", "terms_of_service", "extended_description"):
            await documents.put(conn, kind, f"# {kind}", today)
        await documents.put(conn, "terms_of_service", "Later", today + timedelta(days=30))
        await rules.add(conn, "Be kind")
        await factories.remote(conn, "far", "far.example.org")
    for kind in ("privacy_policy", "extended_description"):
        assert kind.split("_")[0] in (await walk.get(None, f"/api/v1/instance/{kind}"))["content"]
    terms = await walk.get(None, "/api/v1/instance/terms_of_service")
    assert (terms["effective"], terms["effective_date"]) == (True, str(today))
    following = await walk.get(None, f"/api/v1/instance/terms_of_service/{terms['succeeded_by']}")
    assert (following["effective"], following["succeeded_by"]) == (False, None)
    await walk.some(None, "/api/v1/instance/rules")


async def figures(walk: Walk, alice: Person) -> None:
    await alice.home()
    await drain(walk.server)
    week = (await walk.some(None, "/api/v1/instance/activity"))[0]
    assert (week["statuses"], week["logins"], week["registrations"]) == ("3", "1", "2")
    assert {"code": "de", "name": "German"} in await walk.some(None, "/api/v1/instance/languages")
    assert await walk.some(None, "/api/v1/instance/peers") == ["far.example.org"]
    assert await walk.some(None, "/api/v1/peers/search", q="far") == ["far.example.org"]
    async with walk.server.db.transaction() as conn:
        await domains.block(conn, "bad.example.org", severity="suspend")
    await walk.some(alice, "/api/v1/instance/domain_blocks")
    assert (await walk.get(None, "/nodeinfo/2.1"))["usage"]["users"]["total"] == 2


async def announced(walk: Walk, alice: Person) -> None:
    async with walk.server.db.transaction() as conn:
        announcement = await conn.fetchval(
            "insert into announcements (text, content) values ('News', '<p>News</p>') returning id"
        )
    path = f"/api/v1/announcements/{announcement}"
    await walk.call(alice, "PUT", f"{path}/reactions/🎉")
    ((reaction,),) = [each["reactions"] for each in await alice.get("/api/v1/announcements")]
    assert (reaction["name"], reaction["count"], reaction["me"]) == ("🎉", 1, True)
    await walk.call(alice, "DELETE", f"{path}/reactions/🎉")
    await walk.post(alice, f"{path}/dismiss")


async def invited(walk: Walk, alice: Person) -> None:
    async with walk.server.db.transaction() as conn:
        code = await invites.create(conn, user_id=alice.user_id)
    response = await walk.server.client.get(f"/invite/{code}", headers={"Accept": "application/json"})
    assert walk.judge("GET", f"/invite/{code}", response)["invite_code"] == code


async def translated(walk: Walk) -> None:
    """By a server with a translator; nothing by one without."""
    assert await walk.get(None, "/api/v1/instance/translation_languages") == {}
    Translator(walk.server.network)
    dsn = walk.server.app.db.dsn
    directory = Path(walk.server.app.settings.data_dir)
    async with node(
        "example.test", dsn, walk.server.network, directory, translation_url="https://translate.test"
    ) as server:
        asking = Walk(server, walk.encoding)
        asking.checker = walk.checker
        carol = await server.person("carol")
        assert (await asking.get(None, "/api/v1/instance/translation_languages"))["de"] == ["en"]
        status = await carol.posts("hello", language="en")
        made = await asking.post(carol, f"/api/v1/statuses/{status['id']}/translate", {"lang": "de"})
        assert (made["content"], made["language"]) == ("<p>HELLO</p>", "de")
