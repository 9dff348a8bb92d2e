"""Each rule about a domain × each way in which its servers reach us, or we them, or people what is here of them. The
rule is made for the domain; what it concerns lives below it. Over real servers, without a restart.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from federation.inbox import judging
from federation.inbox.judging import Judgement
from storage import domains, events
from tests.support import live
from tests.support.pictures import picture
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain, node
from tests.support.websites import later

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
DOMAIN, HOST = "b.test", "sub.b.test"
# What a rule leaves of it. Letters: what is in force as without any rule; `-`: what is not.
RULES: dict[str, dict[str, Any]] = {
    "noop": {"severity": "noop"},
    "silence": {"severity": "silence"},
    "suspend": {"severity": "suspend"},
    "reject media": {"severity": "noop", "reject_media": True},
    "reject reports": {"severity": "noop", "reject_reports": True},
}
# Where a post of theirs is shown to who follows them, and to who does not.
EVERYWHERE = frozenset(
    {
        "home", "list", "public timeline", "tag", "thread", "the post", "profile", "account", "notifications",
        "grouped notifications", "bookmarks", "favourites", "conversations", "direct", "post search", "account search",
        "followers", "following", "who boosted", "avatar", "media", "directory", "boosted", "quoted", "linked",
        "history",
    }
)  # fmt: skip
# Not shown to strangers while a domain is limited.
QUIET = frozenset({"public timeline", "tag", "directory"})
# What of it comes back when a suspension ends: not what went with the follows, which do not come back.
TIED = frozenset({"home", "list", "followers", "following"})


class Scene(msgspec.Struct):
    a: Node
    b: Node
    alice: Person  # follows bob and keeps whatever she can
    carol: Person  # follows nobody
    bob: Person
    post: Any  # bob's, as a knows it
    account: Any
    list_id: str
    count: int = 0

    async def get(self, path: str, **params: Any) -> str:
        response = await self.alice.call("GET", path, params=params)
        return response.text if response.status_code == 200 else ""


async def _scene(a: Node, b: Node) -> Scene:
    alice, carol, bob = await a.person("alice"), await a.person("carol"), await b.person("bob")
    files = {"avatar": ("a.png", picture(), "image/png")}
    await bob.api("PATCH", "/api/v1/accounts/update_credentials", files=files, data={"discoverable": "true"})
    await alice.follow(bob)
    await bob.follow(alice)
    await drain(a, b)
    account = await alice.finds(bob)
    async with a.db.transaction() as conn:
        await conn.execute("update accounts set discoverable = true where id = $1", int(account["id"]))
    media = await bob.api("POST", "/api/v2/media", files={"file": ("p.png", picture(), "image/png")})
    mine = await alice.posts("what do you think @bob@sub.b.test")
    await drain(a, b)
    asked = await bob.sees(mine["uri"])
    made = await bob.posts("needle #needle", media_ids=[media["id"]])
    await bob.posts("@alice@a.test needle answer", in_reply_to_id=asked["id"])
    await bob.posts("@alice@a.test needle direct", visibility="direct")
    await bob.post(f"/api/v1/statuses/{asked['id']}/reblog")
    await drain(a, b)
    await bob.api("PUT", f"/api/v1/statuses/{made['id']}",
                  json={"status": "needle #needle, edited", "media_ids": [media["id"]]})  # fmt: skip
    await drain(a, b)
    post = await alice.sees(made["uri"])
    for verb in ("bookmark", "favourite"):
        await alice.post(f"/api/v1/statuses/{post['id']}/{verb}")
    await carol.post(f"/api/v1/statuses/{post['id']}/reblog")
    await carol.posts("look at this", quoted_status_id=post["id"])
    await carol.posts(f"have you read {post['url']}")
    found = await alice.post("/api/v1/lists", {"title": "friends"})
    await alice.post(f"/api/v1/lists/{found['id']}/accounts", {"account_ids": [account["id"]]})
    await alice.api("PATCH", "/api/v2/notifications/policy", json={"for_private_mentions": "accept"})
    await later(a, b)
    return Scene(a, b, alice, carol, bob, post, account, found["id"])


async def shown(scene: Scene) -> set[str]:
    """The places where something of bob is found."""
    get, post, account = scene.get, scene.post, scene.account
    mine = (await scene.alice.get(f"/api/v1/accounts/{scene.alice.id}/statuses"))[-1]["id"]
    profile = await get(f"/api/v1/accounts/{account['id']}")
    entity = await get(f"/api/v1/statuses/{post['id']}")
    texts = {
        "home": await get("/api/v1/timelines/home"),
        "list": await get(f"/api/v1/timelines/list/{scene.list_id}"),
        "thread": await get(f"/api/v1/statuses/{mine}/context"),
        "the post": entity,
        "profile": await get(f"/api/v1/accounts/{account['id']}/statuses"),
        "notifications": await get("/api/v1/notifications"),
        "grouped notifications": await get("/api/v2/notifications"),
        "bookmarks": await get("/api/v1/bookmarks"),
        "favourites": await get("/api/v1/favourites"),
        "conversations": await get("/api/v1/conversations"),
        "direct": await get("/api/v1/timelines/direct"),
        "post search": await get("/api/v2/search", q="needle", type="statuses"),
    }
    said = await scene.alice.get(f"/api/v1/accounts/{scene.carol.id}/statuses")
    through_others = {
        "boosted": any(each["reblog"] for each in said),
        "quoted": any(each["quote"] and each["quote"]["quoted_status"] for each in said),
        "linked": any(each["card"] for each in said),
    }
    found = {place for place, is_there in through_others.items() if is_there}
    found |= {place for place, text in texts.items() if "needle" in text}
    people = {
        "account search": await get("/api/v1/accounts/search", q="bob"),
        "followers": await get(f"/api/v1/accounts/{scene.alice.id}/followers"),
        "following": await get(f"/api/v1/accounts/{scene.alice.id}/following"),
        "who boosted": await get(f"/api/v1/statuses/{mine}/reblogged_by"),
    }
    found |= {place for place, text in people.items() if f'"acct":"bob@{HOST}"' in text}
    stranger = {
        "public timeline": await scene.carol.get("/api/v1/timelines/public"),
        "tag": await scene.carol.get("/api/v1/timelines/tag/needle"),
        "directory": [{"account": each} for each in await scene.carol.get("/api/v1/directory")],
    }
    found |= {
        place for place, items in stranger.items() if any(each["account"]["acct"] == f"bob@{HOST}" for each in items)
    }
    if '"suspended":true' not in profile and profile:
        found.add("account")
    return (
        found | ({"avatar"} if f"https://{HOST}/media" in profile else set())
        | ({"history"} if f"https://{HOST}/media" in await get(f"/api/v1/statuses/{post['id']}/history") else set())
        | ({"media"} if f"https://{HOST}/media" in entity.partition('"media_attachments"')[2] else set())
    )  # fmt: skip


# ---------------------------------------------------------------- ways in and out


async def inbox_answers(scene: Scene) -> bool:
    """A stranger's post is accepted."""
    puppet = Puppet(scene.a.network, f"p{scene.count}.{DOMAIN}")
    eve = puppet.actor("eve")
    answer = await puppet.send(scene.a, puppet.create(puppet.note(eve, "note")), eve)
    assert answer.status_code in (202, 403)
    assert answer.status_code == 202 or puppet.requests == [], "whoever is refused costs no request"
    return answer.status_code == 202


async def inbox_posts(scene: Scene) -> bool:
    made = await scene.bob.posts(f"@alice@a.test number {scene.count}")
    await drain(scene.a, scene.b)
    async with scene.a.db.read() as conn:
        return bool(await conn.fetchval("select exists (select from statuses where uri = $1)", made["uri"]))


async def inbox_media(scene: Scene) -> bool:
    media = await scene.bob.api("POST", "/api/v2/media", files={"file": ("p.png", picture(), "image/png")})
    made = await scene.bob.posts(f"@alice@a.test picture {scene.count}", media_ids=[media["id"]])
    await drain(scene.a, scene.b)
    async with scene.a.db.read() as conn:
        return bool(await conn.fetchval("select cardinality(media_ids) > 0 from statuses where uri = $1", made["uri"]))


async def inbox_reports(scene: Scene) -> bool:
    puppet = Puppet(scene.a.network, f"r{scene.count}.{DOMAIN}")
    eve = puppet.actor("eve")
    await puppet.send(scene.a, puppet.activity("Flag", eve, [scene.alice.uri], "flag", content="bad"), eve)
    await drain(scene.a)
    async with scene.a.db.transaction() as conn:
        return await conn.fetchval("delete from reports returning true") is not None


async def fetch(scene: Scene) -> bool:
    """What somebody asks for in person; whoever is not to be asked is not."""
    puppet = Puppet(scene.a.network, f"f{scene.count}.{DOMAIN}")
    note = puppet.note(puppet.actor("eve"), "note")
    found = await scene.alice.get("/api/v2/search", q=note["id"], resolve="true")
    handle = await scene.alice.get("/api/v2/search", q=f"@eve@{puppet.host}", resolve="true")
    assert bool(found["statuses"]) == bool(handle["accounts"]) == bool(puppet.requests)
    return bool(puppet.requests)


async def fetched_through_another(scene: Scene) -> bool:
    """A post here that names theirs as what it answers."""
    puppet, clean = Puppet(scene.a.network, f"t{scene.count}.{DOMAIN}"), Puppet(scene.a.network, "clean.test")
    above = puppet.note(puppet.actor("eve"), "above")
    ann = clean.actor("ann")
    note = clean.note(ann, f"below{scene.count}", inReplyTo=above["id"])
    assert (await scene.alice.get("/api/v2/search", q=note["id"], resolve="true"))["statuses"]
    await drain(scene.a)
    return bool(puppet.requests)


async def served(scene: Scene) -> bool:
    """Our documents, to requests that they sign."""
    puppet = Puppet(scene.a.network, f"s{scene.count}.{DOMAIN}")
    eve = puppet.actor("eve")
    answers = [
        (await puppet.get(scene.a, path, eve)).status_code
        for path in ("/users/alice/outbox", f"/users/alice/statuses/{scene.account['id']}", "/users/alice")
    ]
    return answers[0] == answers[2] == 200


async def delivery(scene: Scene) -> bool:
    """Whether what mentions them leaves, or waits to leave."""
    before = len([each for each in scene.a.network.seen if each[0] == "POST" and HOST in each[1]])
    await scene.alice.posts(f"@bob@{HOST} hello {scene.count}")
    await drain(scene.a)
    async with scene.a.db.read() as conn:
        waiting = await conn.fetchval("select count(*) from deliveries where host = $1 and state = 'waiting'", HOST)
    after = len([each for each in scene.a.network.seen if each[0] == "POST" and HOST in each[1]])
    assert waiting == 0
    return after > before


PATHS: dict[str, Callable[[Scene], Awaitable[bool]]] = {
    "inbox": inbox_answers,
    "inbox: posts": inbox_posts,
    "inbox: media": inbox_media,
    "inbox: reports": inbox_reports,
    "fetch": fetch,
    "fetch for another": fetched_through_another,
    "served": served,
    "delivery": delivery,
}
# Which of the ways a rule closes, and which places it empties.
CLOSED: dict[str, frozenset[str]] = {
    "noop": frozenset(),
    "silence": frozenset(),
    "suspend": frozenset(PATHS),
    "reject media": frozenset({"inbox: media"}),
    "reject reports": frozenset({"inbox: reports"}),
}
EMPTY: dict[str, frozenset[str]] = {
    "noop": frozenset(),
    "silence": QUIET,
    "suspend": EVERYWHERE,
    "reject media": frozenset({"avatar", "media", "history"}),
    "reject reports": frozenset(),
}


async def _open(scene: Scene) -> set[str]:
    scene.count += 1
    return {name for name, path in PATHS.items() if await path(scene)}


async def _judge(scene: Scene, rule: dict[str, Any] | None) -> None:
    async with scene.a.db.transaction() as conn:
        if rule is None:
            await domains.unblock(conn, DOMAIN)
        else:
            await domains.block(conn, DOMAIN, **rule)
    await drain(scene.a, scene.b)


@pytest.mark.parametrize("name", RULES)
async def test_a_rule_holds_everywhere_below_its_domain_and_ends_without_a_trace(servers: Servers, name: str) -> None:
    a, b = await servers("a.test", HOST)
    scene = await _scene(a, b)
    assert await shown(scene) == EVERYWHERE
    await _judge(scene, RULES[name])
    assert await shown(scene) == EVERYWHERE - EMPTY[name]
    assert await _open(scene) == PATHS.keys() - CLOSED[name]
    await _judge(scene, None)
    assert await shown(scene) == EVERYWHERE - (TIED if name == "suspend" else frozenset())
    assert await _open(scene) == PATHS.keys()
    async with a.db.read() as conn:
        marked = await conn.fetch(
            "select uri from accounts where suspended_at is not null or silenced_at is not null or media_rejected"
        )
    assert marked == []


async def test_whoever_is_not_on_the_list_is_hidden_and_shown_again_when_allowed(servers: Servers) -> None:
    (b,) = await servers(HOST)
    (a,) = await servers("a.test", federation_mode="allowlist")
    async with a.db.transaction() as conn:
        for domain in (DOMAIN, "clean.test"):
            await domains.allow(conn, domain)
    scene = await _scene(a, b)
    assert await shown(scene) == EVERYWHERE
    async with a.db.transaction() as conn:
        await domains.disallow(conn, DOMAIN)
    await drain(a, b)
    # People may link to pages of any server.
    assert await shown(scene) == {"linked"}
    assert await _open(scene) == set()
    async with a.db.transaction() as conn:
        await domains.allow(conn, DOMAIN)
    await drain(a, b)
    assert await shown(scene) == EVERYWHERE
    assert await _open(scene) == PATHS.keys()


async def test_a_rule_made_while_somebody_was_not_allowed_holds_when_they_are(servers: Servers) -> None:
    (b,) = await servers(HOST)
    (a,) = await servers("a.test", federation_mode="allowlist")
    async with a.db.transaction() as conn:
        await domains.allow(conn, DOMAIN)
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.finds(bob)
    async with a.db.transaction() as conn:
        await domains.disallow(conn, DOMAIN)
    await drain(a)
    async with a.db.transaction() as conn:
        await domains.block(conn, HOST, severity="suspend")
    await drain(a)
    async with a.db.transaction() as conn:
        await domains.allow(conn, DOMAIN)
    await drain(a)
    async with a.db.read() as conn:
        assert await conn.fetchval("select suspended_at is not null from accounts where username = 'bob'")


async def test_a_rule_made_in_one_process_holds_in_the_others_at_once(servers: Servers, tmp_path: Any) -> None:
    a, b = await servers("a.test", HOST)
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.follow(bob)
    await drain(a, b)
    (tmp_path / "second").mkdir()
    async with node("a.test", a.app.settings.database_url or "", a.network, tmp_path / "second") as second:
        await bob.posts("hello")
        await drain(b)
        await drain(second)
        headers = {"Authorization": f"Bearer {alice.token}"}
        assert len((await second.client.get("/api/v1/timelines/home", headers=headers)).json()) == 1
        async with a.db.transaction() as conn:
            await domains.block(conn, DOMAIN)
        await drain(a)
        assert (await second.client.get("/api/v1/timelines/home", headers=headers)).json() == []
        puppet = Puppet(a.network, f"p.{DOMAIN}")
        eve = puppet.actor("eve")
        assert (await puppet.send(second, puppet.create(puppet.note(eve, "note")), eve)).status_code == 403
        await bob.posts("again")
        await drain(b, second)
        async with a.db.read() as conn:
            assert await conn.fetchval("select count(*) from statuses") == 1


async def test_a_stream_shows_nothing_of_whom_a_rule_hides(servers: Servers) -> None:
    a, b = await servers("a.test", HOST)
    alice, carol, bob = await a.person("alice"), await a.person("carol"), await b.person("bob")
    await alice.follow(bob)
    await drain(a, b)
    made = await bob.posts("needle")
    await drain(a, b)
    post = await carol.sees(made["uri"])
    async with live.listening(a) as url, live.socket(alice, "user", "public", base_url=url) as heard:
        async with a.db.transaction() as conn:
            await events.emit(conn, events.StatusCreated(int(post["id"])))
        await drain(a)
        assert "needle" in str(await heard.quiet()), "it can be heard"
        async with a.db.transaction() as conn:
            await domains.block(conn, DOMAIN)
        await drain(a)
        # What was on its way when the rule was made.
        async with a.db.transaction() as conn:
            await events.emit(conn, events.StatusCreated(int(post["id"])))
            await events.emit(conn, events.StatusEdited(int(post["id"]), ()))
        await drain(a)
        assert "needle" not in str(await heard.quiet())


async def test_a_rule_for_the_host_holds_though_the_handles_are_elsewhere(servers: Servers) -> None:
    (a,) = await servers("a.test")
    web, handles = Puppet(a.network, "web.host.test"), Puppet(a.network, "names.test")
    alice, eve = await a.person("alice"), web.actor("eve", known=False, webfinger="eve@names.test")
    handles.knows("eve@names.test", eve["id"])
    found = (await alice.get("/api/v2/search", q=eve["id"], resolve="true"))["accounts"][0]
    assert found["acct"] == "eve@names.test"
    for domain in ("host.test", "names.test"):
        async with a.db.transaction() as conn:
            await domains.block(conn, domain)
        await drain(a)
        assert (await alice.get("/api/v1/accounts/search", q="eve")) == []
        async with a.db.transaction() as conn:
            await domains.unblock(conn, domain)
        await drain(a)
        assert len(await alice.get("/api/v1/accounts/search", q="eve")) == 1


async def test_of_several_rules_the_strictest_holds_and_what_any_rejects_is_rejected(servers: Servers) -> None:
    (a,) = await servers("a.test")
    async with a.db.transaction() as conn:
        await domains.block(conn, "b.test", severity="noop", reject_media=True)
        await domains.block(conn, "sub.b.test", severity="silence", reject_reports=True)
        await domains.block(conn, "x.sub.b.test", severity="suspend")
        rules = await domains.rules_for(conn, ["b.test", "sub.b.test", "y.sub.b.test", "x.sub.b.test", "notb.test"])
    assert {name: (rule.severity, rule.reject_media, rule.reject_reports) for name, rule in rules.items()} == {
        "b.test": ("noop", True, False),
        "sub.b.test": ("silence", True, True),
        "y.sub.b.test": ("silence", True, True),
        "x.sub.b.test": ("suspend", True, True),
    }


# ---------------------------------------------------------------- the one that decides


async def test_each_activity_is_judged_once_and_the_judgement_is_done(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a,) = await servers("a.test")
    alice, puppet = await a.person("alice"), Puppet(a.network, "peer.test")
    eve = puppet.actor("eve")
    judged: list[str] = []

    async def words(conn: Any, fed: Any, arriving: judging.Arriving) -> Judgement:
        text = str(arriving.document.get("object", {}).get("content"))
        judged.append(text)
        outcomes: dict[str, judging.Outcome] = {"refuse": "reject", "forget": "drop", "limit": "limit"}
        return Judgement(next((outcome for word, outcome in outcomes.items() if word in text), "accept"), "words")

    monkeypatch.setattr(judging, "_RULES", (*judging._RULES, words))
    answers = {}
    for word in ("refuse", "forget", "limit", "welcome"):
        more = {"cc": [alice.uri], "tag": [{"type": "Mention", "href": alice.uri}]}
        note = puppet.note(eve, word, content=f"<p>{word}</p>", **more)
        answers[word] = (await puppet.send(a, puppet.create(note), eve)).status_code
        await drain(a)
    assert answers == {"refuse": 403, "forget": 202, "limit": 202, "welcome": 202}
    assert judged == [f"<p>{word}</p>" for word in answers]
    async with a.db.read() as conn:
        stored = {record[0] for record in await conn.fetch("select content from statuses")}
        assert stored == {"<p>limit</p>", "<p>welcome</p>"}
        assert await conn.fetchval("select silenced_at is not null from accounts where uri = $1", eve["id"])


async def test_what_is_accepted_is_proven_nevertheless(servers: Servers) -> None:
    (a,) = await servers("a.test")
    puppet = Puppet(a.network, "peer.test")
    eve, ann = puppet.actor("eve", key=0), puppet.actor("ann", key=1)
    forged = puppet.activity("Follow", ann, "https://a.test/users/alice", "follow")
    assert (await puppet.send(a, forged, eve)).status_code == 401
    assert (await puppet.send(a, forged, ann, digest="SHA-256=AAAA")).status_code in (400, 401)
