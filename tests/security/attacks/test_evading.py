"""How the blocked and the suspended try to be heard all the same: by other people's mouths, under other spellings, by
way of redirects and of what documents name (21)."""

from typing import Any

import pytest

from storage import domains
from tests.support.puppet import PUBLIC, Puppet
from tests.support.siege import JSON, Siege, Villain, attacks

pytestmark = pytest.mark.anyio


async def _blocks(siege: Siege, *domains: str) -> None:
    """The operator blocks them; what follows from that is done."""
    async with siege.server.db.transaction() as conn:
        for domain in domains:
            await conn.execute("insert into domain_blocks (domain, severity) values ($1, 'suspend')", domain)
    await siege.ready()


async def _blocked(siege: Siege, **more: Any) -> Villain:
    """Somebody on a server that is blocked from the start."""
    evil = siege.villain(**more)
    await _blocks(siege, evil.host.host)
    return evil


async def _suspends(siege: Siege, uri: str) -> None:
    """A moderator suspends one account."""
    async with siege.server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = now() where uri = $1", uri)


async def _boosted_by_a_good_server(siege: Siege) -> None:
    """Nobody asks the blocked server for what others point to."""
    evil = await _blocked(siege)
    note = evil.host.note(evil.actor, "bad")
    for obj in (note["id"], note, {"id": note["id"]}, evil.host.create(note), f"{note['id']}/activity"):
        boost = siege.puppet.activity("Announce", siege.pat, obj, f"b{next(siege.numbers)}", to=[PUBLIC])
        siege.answers.append((await siege.puppet.send(siege.server, boost, siege.pat)).status_code)
    await siege.settle()
    assert evil.host.asked == []
    assert not await siege.knows(note["id"])
    assert not await siege.knows(evil.uri)


async def _named_by_a_good_post(siege: Siege) -> None:
    """As parent, quote, mention, picture, context and emoji: of all that nothing is fetched."""
    evil = await _blocked(siege)
    bad = evil.host.note(evil.actor, "bad")
    base = f"https://{evil.host.host}"
    note = siege.puppet.note(
        siege.pat,
        f"n{next(siege.numbers)}",
        inReplyTo=bad["id"],
        quote=bad["id"],
        quoteUrl=bad["id"],
        context=f"{base}/contexts/1",
        replies=f"{base}/notes/bad/replies",
        tag=[
            {"type": "Mention", "href": evil.uri, "name": f"@mallory@{evil.host.host}"},
            {"type": "Emoji", "name": ":bad:", "icon": {"type": "Image", "url": f"{base}/bad.png"}},
            {"type": "Link", "href": bad["id"], "mediaType": "application/activity+json"},
        ],
        attachment=[{"type": "Image", "mediaType": "image/png", "url": f"{base}/bad.png"}],
        to=[PUBLIC, evil.uri],
    )
    siege.answers.append((await siege.puppet.send(siege.server, siege.puppet.create(note), siege.pat)).status_code)
    await siege.ready()
    assert evil.host.asked == []
    assert not await siege.knows(bad["id"])
    assert not await siege.knows(evil.uri)
    assert (await siege.status(note["id"]))["quote"] is None or "bad" not in str(
        (await siege.status(note["id"]))["quote"]
    )


async def _behind_a_redirect(siege: Siege) -> None:
    """A server that is not blocked sends us on to one that is."""
    evil, other = await _blocked(siege), siege.villain()
    bad = evil.host.note(evil.actor, "bad")

    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        to = f"https://{evil.host.host}{scope['path']}".encode()
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", to)]})
        await send({"type": "http.response.body", "body": b""})

    siege.server.network.apps[other.host.host] = elsewhere
    for q in (bad["id"].replace(evil.host.host, other.host.host), evil.uri.replace(evil.host.host, other.host.host)):
        found = await siege.alice.get("/api/v2/search", q=q, resolve="true")
        assert (found["accounts"], found["statuses"]) == ([], [])
    assert evil.host.asked == []


async def _under_another_spelling(siege: Siege) -> None:
    """The same server with its port, a dot at the end, in capitals, below itself, with somebody's name before it."""
    evil = await _blocked(siege)
    name = evil.host.host
    for spelling in (
        f"{name}:443",
        f"{name}.",
        name.upper(),
        f"a.b.c.{name}",
        f"pat@{name}",
        f"WWW.{name}",
    ):
        host = Puppet(siege.server.network, spelling.lower())
        actor = host.actor("mallory", key=3)
        for network in (spelling, spelling.lower()):
            siege.server.network.apps[network] = host._app
        villain = Villain(siege, host, {**actor, "id": f"https://{spelling}/users/mallory"})
        villain.host._keys[villain.uri] = host._keys[actor["id"]]
        note = {**host.note(actor, "n"), "attributedTo": villain.uri, "to": [PUBLIC, siege.alice.uri]}
        await villain.says("Create", note)
        await villain.says("Follow", siege.alice.uri)
        await siege.settle()
        assert host.asked == [], spelling
        assert not await siege.knows(villain.uri), spelling
        for q in (villain.uri, f"@mallory@{spelling}", note["id"]):
            found = await siege.alice.get("/api/v2/search", q=q, resolve="true")
            assert (found["accounts"], found["statuses"]) == ([], []), q
        assert host.asked == [], spelling


async def _an_account_named_after_a_blocked_domain(siege: Siege) -> None:
    """A split domain: the actor lives at one host, its handle at another. A block of either is enough."""
    handle, web = siege.villain(), siege.villain()
    name = f"m{next(siege.numbers)}"
    actor = web.host.actor(name, known=False, key=3, webfinger=f"{name}@{handle.host.host}")
    handle.host.knows(f"{name}@{handle.host.host}", actor["id"])
    web.host.knows(f"{name}@{web.host.host}", actor["id"], subject=f"{name}@{handle.host.host}")
    villain = Villain(siege, web.host, actor)
    await villain.says("Follow", siege.alice.uri)
    await siege.settle()
    domain = await siege.count("select domain from accounts where uri = $1", actor["id"])
    assert domain == handle.host.host
    async with siege.server.db.transaction() as conn:
        await domains.block(conn, handle.host.host)
    await siege.ready()
    note = web.host.note(actor, "after", to=[PUBLIC, siege.alice.uri])
    await villain.sends(web.host.create(note))
    await siege.settle()
    assert not await siege.knows(note["id"])
    assert not await siege.count(
        "select exists (select from follows f join accounts a on a.id = f.account_id where a.uri = $1)", actor["id"]
    )


async def _keys_and_inboxes_elsewhere(siege: Siege) -> None:
    """A good host's actor whose inbox is at a blocked one gets nothing there; nor does a key of a blocked one prove
    anything."""
    evil, other = await _blocked(siege), siege.villain()
    base = f"https://{evil.host.host}"
    for name, more in (
        ("a", {"inbox": f"{base}/inbox"}),
        ("b", {"endpoints": {"sharedInbox": f"{base}/inbox"}}),
        ("c", {"publicKey": {**evil.actor["publicKey"], "owner": f"https://{other.host.host}/users/c"}}),
        ("d", {"outbox": f"{base}/outbox", "featured": f"{base}/featured", "followers": f"{base}/followers"}),
        ("e", {"movedTo": evil.uri, "alsoKnownAs": [evil.uri]}),
        ("f", {"icon": {"type": "Image", "url": f"{base}/a.png"}, "image": {"type": "Image", "url": f"{base}/b.png"}}),
    ):
        actor = other.host.actor(name, key=3, **more)
        villain = Villain(siege, other.host, actor)
        await villain.says("Follow", siege.alice.uri)
        await siege.settle()
        await siege.mine("hello")
        await siege.settle()
        await villain.says("Undo", {"type": "Follow", "actor": actor["id"], "object": siege.alice.uri})
        await siege.settle()
    assert evil.host.requests == []
    assert not await siege.knows(evil.uri)


async def _passed_on_with_a_proof(siege: Siege) -> None:
    """What a blocked server's person has signed does not come in by somebody else's hands."""
    evil, other = siege.villain(), siege.villain()
    key_id = evil.host.multikey(evil.actor)
    await evil.says("Like", "https://x.test/1")
    await siege.settle()
    await _blocks(siege, evil.host.host)
    note = evil.host.note(evil.actor, "proven", to=[PUBLIC, siege.alice.uri])
    for document in (
        evil.host.create(note),
        evil.host.activity("Like", evil.actor, (await siege.mine())["uri"], "pl"),
        evil.host.activity("Follow", evil.actor, siege.alice.uri, "pf"),
    ):
        await other.sends(evil.host.proven(document, key_id))
        relayed = other.host.activity(
            "Announce", other.actor, evil.host.proven(document, key_id), f"r{next(siege.numbers)}", to=[PUBLIC]
        )
        await other.sends(relayed)
    await siege.settle()
    assert not await siege.knows(note["id"])
    assert not await siege.count(
        "select exists (select from favourites f join accounts a on a.id = f.account_id where a.uri = $1)", evil.uri
    )


async def _a_suspended_account_that_goes_on(siege: Siege) -> None:
    """One person of a good server: nothing they say, rename, re-key, delete or have boosted is heard or shown."""
    evil = siege.villain()
    early = evil.host.note(evil.actor, "early", to=[PUBLIC, siege.alice.uri])
    await evil.says("Follow", siege.alice.uri)
    await evil.sends(evil.host.create(early))
    await siege.settle()
    assert await siege.knows(early["id"])
    await _suspends(siege, evil.uri)
    await siege.ready()
    status = await siege.mine()
    renamed = {
        **evil.actor,
        "name": "Somebody else",
        "preferredUsername": "innocent",
        "updated": "2030-01-01T00:00:00Z",
    }
    evil.host.documents["/users/mallory"] = renamed
    late = evil.host.note(evil.actor, "late", to=[PUBLIC, siege.alice.uri], inReplyTo=status["uri"])
    edited = {**early, "content": "<p>edited</p>", "updated": "2030-01-01T00:00:00Z"}
    for document in (
        evil.host.create(late),
        evil.host.activity("Update", evil.actor, renamed, "u1"),
        evil.host.activity("Update", evil.actor, edited, "u2"),
        evil.host.activity("Update", evil.actor, {**late, "updated": "2030-01-01T00:00:00Z"}, "u3"),
        evil.host.activity("Like", evil.actor, status["uri"], "l"),
        evil.host.activity("EmojiReact", evil.actor, status["uri"], "e", content="👍"),
        evil.host.activity("Announce", evil.actor, status["uri"], "b", to=[PUBLIC]),
        evil.host.activity("Flag", evil.actor, [siege.alice.uri, status["uri"]], "f"),
        evil.host.activity("Move", evil.actor, evil.uri, "m", target=siege.pat["id"]),
        evil.host.activity("QuoteRequest", evil.actor, status["uri"], "q", instrument=f"{evil.uri}/q"),
    ):
        await evil.sends(document)
    for obj in (early["id"], late["id"], late):
        boost = siege.puppet.activity("Announce", siege.pat, obj, f"b{next(siege.numbers)}", to=[PUBLIC])
        await siege.puppet.send(siege.server, boost, siege.pat)
    await siege.settle()
    assert await siege.counts(status) == (0, 0, 0)
    for uri in (early["id"], late["id"]):
        assert (await siege.alice.get("/api/v2/search", q=uri, resolve="true", type="statuses"))["statuses"] == []
        assert uri not in str(await siege.alice.home())
    assert not await siege.knows(late["id"])
    told = [each for each in await siege.alice.notifications() if evil.host.host in each["account"]["acct"]]
    assert told == []
    found = await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts")
    assert all(each.get("suspended") for each in found["accounts"])
    path = status["uri"].removeprefix(siege.server.base_url)
    for address in (path, "/users/alice/outbox?page=true", "/users/alice/followers?page=1"):
        assert (await evil.host.get(siege.server, address, evil.actor)).status_code in (401, 403, 404), address


async def _a_suspended_account_that_comes_back_as_new(siege: Siege) -> None:
    """It deletes itself, and is made anew under the same id."""
    evil = siege.villain()
    await evil.says("Follow", siege.alice.uri)
    await siege.settle()
    await _suspends(siege, evil.uri)
    await evil.says("Delete", evil.uri)
    await siege.settle()
    note = evil.host.note(evil.actor, "reborn", to=[PUBLIC, siege.alice.uri])
    await evil.says("Follow", siege.alice.uri)
    await evil.sends(evil.host.create(note))
    await siege.settle()
    assert not await siege.knows(note["id"])
    found = await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts")
    assert all(each.get("suspended") for each in found["accounts"])


async def _somebody_blocked_by_other_mouths(siege: Siege) -> None:
    """Whom alice blocks she meets in no boost, quote, answer or group of others, and they see nothing of hers."""
    evil, other = siege.villain(), siege.villain()
    status = await siege.mine("for all", visibility="private")
    await evil.says("Follow", siege.alice.uri)
    await siege.settle()
    early = evil.host.note(evil.actor, "early")
    await evil.sends(evil.host.create({**early, "tag": [{"type": "Mention", "href": siege.bob.uri}]}))
    found = await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts")
    await siege.alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/block")
    await siege.follows(siege.alice, other.host, other.actor)
    await siege.ready()
    bad = evil.host.note(evil.actor, "bad", content="<p>evilword</p>")
    boost = other.host.activity("Announce", other.actor, bad["id"], "boost", to=[PUBLIC])
    answer = other.host.note(other.actor, "a", inReplyTo=bad["id"], content="<p>see</p>", to=[PUBLIC])
    quote = other.host.note(other.actor, "q", quote=bad["id"], quoteUrl=bad["id"], to=[PUBLIC])
    for document in (boost, other.host.create(answer), other.host.create(quote)):
        await other.sends(document)
    await siege.settle()
    for shown in (*await siege.alice.home(), *await siege.alice.notifications()):
        # A quote says that it is of somebody blocked: clients hide it, and may show it when they are told to.
        assert shown.get("quote") is None or shown["quote"]["state"] == "blocked_account"
        assert "evilword" not in str({**shown, "quote": None})
    assert (await evil.host.get(siege.server, status["uri"].removeprefix(siege.server.base_url), evil.actor)
    ).status_code == 404  # fmt: skip


async def _a_blocked_actor_with_a_second_key(siege: Siege) -> None:
    """Blocked is who somebody is, not what they sign with."""
    evil = siege.villain()
    await evil.says("Follow", siege.alice.uri)
    await siege.settle()
    found = await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts")
    await siege.alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/block")
    await siege.ready()
    status = await siege.mine("for me", visibility="private")
    key_id = evil.host.multikey(evil.actor)
    path = status["uri"].removeprefix(siege.server.base_url)
    await evil.says("Update", evil.actor)
    await siege.settle()
    public = await siege.mine("hello")
    like: JSON = evil.host.activity("Like", evil.actor, public["uri"], f"k{next(siege.numbers)}")
    await evil.sends(like, key_id=key_id, scheme="rfc9421")
    await evil.sends(evil.host.proven({**like, "id": f"{like['id']}-proven"}, key_id))
    assert await siege.counts(public) == (0, 0, 0)
    assert (await evil.host.get(siege.server, path, evil.actor)).status_code == 404


async def test_21_blocks_are_not_evaded(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _boosted_by_a_good_server,
            _named_by_a_good_post,
            _behind_a_redirect,
            _under_another_spelling,
            _an_account_named_after_a_blocked_domain,
            _keys_and_inboxes_elsewhere,
            _passed_on_with_a_proof,
            _a_suspended_account_that_goes_on,
            _a_suspended_account_that_comes_back_as_new,
            _somebody_blocked_by_other_mouths,
            _a_blocked_actor_with_a_second_key,
        )
    )


async def _somebody_of_ours_who_was_suspended(siege: Siege) -> None:
    """Nothing of theirs is served, found, sent, boosted or answered any more, to whoever asks in whatever way."""
    evil = siege.villain()
    carol = await siege.server.person(f"carol{next(siege.numbers)}")
    await evil.says("Follow", carol.uri)
    await siege.settle()
    status = await carol.posts("gonewords #gonetag")
    await carol.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": 1})
    held = await carol.posts("gonewords held")
    await siege.settle()
    await siege.ready()
    mod = await siege.server.person(f"mod{next(siege.numbers)}", role="moderator", scopes="read write admin:write")
    await mod.post(f"/api/v1/admin/accounts/{carol.id}/action", {"type": "suspend"})
    await siege.settle()
    async with siege.server.db.transaction() as conn:
        await conn.execute("update statuses set held_until = now() where held_until is not null")
        await conn.execute("update jobs set run_at = now() where failed_at is null and holder is null")
    evil.host.inbox.clear()
    await siege.ready()
    name = carol.username
    for address in (
        f"/users/{name}/outbox?page=true",
        f"/users/{name}/followers?page=1",
        f"/users/{name}/collections/featured",
        f"/@{name}",
        "/tags/gonetag",
        status["uri"].removeprefix(siege.server.base_url),
        status["url"].removeprefix(siege.server.base_url),
        f"{status['url'].removeprefix(siege.server.base_url)}/embed",
        f"/api/oembed?url={status['url']}",
        f"/api/v1/statuses/{status['id']}",
        f"/api/v1/accounts/{carol.id}/statuses",
        "/api/v1/timelines/public",
        "/api/v1/timelines/tag/gonetag",
        f"/contexts/{status['id']}",
    ):
        for headers in ({"Accept": "application/activity+json"}, {"Accept": "text/html"}):
            for answer in (
                await siege.server.client.get(address, headers=headers),
                await evil.host.get(siege.server, address, evil.actor),
                await siege.alice.call("GET", address, headers=headers),
            ):
                siege.answers.append(answer.status_code)
                assert "gonewords" not in answer.text, address
    for kind, more in (
        ("Like", {}),
        ("Announce", {"to": [PUBLIC]}),
        ("EmojiReact", {"content": "👍"}),
        ("QuoteRequest", {"instrument": f"{evil.uri}/q"}),
        ("LikeRequest", {"instrument": f"{evil.uri}/l"}),
    ):
        await evil.says(kind, status["uri"], **more)
        await evil.says(kind, held["uri"], **more)
    await siege.settle()
    sent = {each["type"] for each in evil.host.inbox if "gonewords" in str(each)}
    assert sent == set()
    assert not [each for each in evil.host.inbox if each["type"] == "Accept"]
    assert (await carol.call("POST", "/api/v1/statuses", json={"status": "still here"})).status_code in (401, 403)
    await siege.ready()


async def test_21_whoever_is_suspended_here_is_gone(siege: Siege) -> None:
    await siege.hold(attacks(_somebody_of_ours_who_was_suspended))
