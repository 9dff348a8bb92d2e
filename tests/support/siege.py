"""Many attacks on one running server. What belongs to nobody but the honest must be the same after each, and a valid
post must still arrive.

An attack is a function of a `Siege`; what it sends is answered, never with an error of ours. `hold` runs a list of them
and tells of all that did harm.
"""

import itertools
import traceback
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from federation.signatures import draft_cavage, keys, requests
from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

JSON = dict[str, Any]

# Whatever is kept of accounts that are no attackers: these live at evil1.test and so on, or are neighbours called eve.
_EVIL = "'^https://(evil[0-9]+[.]test([:/]|$)|puppet[.]test/users/eve)'"
_HONEST = f"a.uri !~ {_EVIL}"
_STATE = (
    f"""select a.uri, a.username, a.domain, a.display_name, a.note, a.inbox, a.shared_inbox, a.featured_uri, a.url,
        a.followers_uri, a.also_known_as, a.moved_to_id, a.suspended_at, a.silenced_at, a.type
    from accounts a where {_HONEST}""",
    f"select k.uri, k.public_pem, a.uri from keys k join accounts a on a.id = k.account_id where {_HONEST}",
    f"""select s.uri, s.url, a.uri, s.content, s.spoiler_text, s.visibility, s.edited_at, s.reblog_of_id, s.poll_id,
        s.in_reply_to_id
    from statuses s join accounts a on a.id = s.account_id where {_HONEST}""",
    f"""select f.uri, f.target_id, a.uri from follows f join accounts a on a.id = f.account_id
    join accounts t on t.id = f.target_id where {_HONEST} and t.uri !~ {_EVIL}""",
    f"""select f.uri, f.target_id, a.uri from follow_requests f join accounts a on a.id = f.account_id
    join accounts t on t.id = f.target_id where {_HONEST} and t.uri !~ {_EVIL}""",
    f"select f.status_id, a.uri from favourites f join accounts a on a.id = f.account_id where {_HONEST}",
    f"select r.status_id, r.key, a.uri from reactions r join accounts a on a.id = r.account_id where {_HONEST}",
    f"select b.target_id, a.uri from blocks b join accounts a on a.id = b.account_id where {_HONEST}",
    f"select p.status_id, a.uri from status_pins p join accounts a on a.id = p.account_id where {_HONEST}",
    f"select v.poll_id, v.choice, a.uri from poll_votes v join accounts a on a.id = v.account_id where {_HONEST}",
    f"select t.tag_id, a.uri from featured_tags t join accounts a on a.id = t.account_id where {_HONEST}",
    f"select c.uri, c.name, a.uri from collections c join accounts a on a.id = c.account_id where {_HONEST}",
    f"""select i.collection_id, i.object_uri, i.state, a.uri from collection_items i
    join collections c on c.id = i.collection_id join accounts a on a.id = c.account_id where {_HONEST}""",
    f"select q.status_id, q.state, a.uri from quotes q join accounts a on a.id = q.account_id where {_HONEST}",
    f"select a.uri_hash, a.uri from (select uri_hash, actor_uri as uri from tombstones) a where {_HONEST}",
    "select inbox, actor_uri, state from relays",
    "select status_id, uri from interaction_approvals",
)


class Villain(msgspec.Struct):
    """Somebody on a host of their own, who signs whatever they like."""

    siege: "Siege"
    host: Puppet
    actor: JSON

    @property
    def uri(self) -> str:
        return str(self.actor["id"])

    async def says(self, kind: str, obj: Any, **more: Any) -> httpx.Response:
        """Send an activity of their own."""
        return await self.sends(self.host.activity(kind, self.actor, obj, f"{next(self.siege.numbers)}", **more))

    async def sends(self, document: JSON, **more: Any) -> httpx.Response:
        """Send anything, signed with their key. `more` as for `Puppet.send`."""
        answer = await self.host.send(self.siege.server, document, self.actor, **more)
        self.siege.answers.append(answer.status_code)
        return answer

    async def raw(self, body: bytes, path: str = "/inbox", **more: str) -> httpx.Response:
        """The same with these very bytes, whatever they are."""
        outgoing = requests.Outgoing(method="POST", url=f"{self.siege.server.base_url}{path}", body=body)
        private = keys.load_private(self.host.private(self.actor))
        headers = draft_cavage.sign(outgoing, private, self.actor["publicKey"]["id"], datetime.now(UTC))
        answer = await self.siege.server.client.post(path, content=body, headers={**headers, **more})
        self.siege.answers.append(answer.status_code)
        return answer


class Siege:
    """Alice and Bob live here. Alice follows Pat of puppet.test, where Quinn lives too. Who attacks comes from
    evil1.test, evil2.test and so on."""

    server: Node
    alice: Person
    bob: Person
    puppet: Puppet
    pat: JSON
    quinn: JSON

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.answers: list[int] = []
        self.before: set[str] = set()

    @classmethod
    async def begin(cls, server: Node) -> "Siege":
        made = cls()
        made.server = server
        made.alice, made.bob = await server.person("alice"), await server.person("bob")
        made.puppet = Puppet(server.network, "puppet.test")
        made.pat, made.quinn = made.puppet.actor("pat"), made.puppet.actor("quinn")
        await made.alice.welcomes()
        for actor in (made.pat, made.quinn):
            await made.alice.get(
                "/api/v2/search", q=f"@{actor['preferredUsername']}@puppet.test", resolve="true", type="accounts"
            )
        await made.follows(made.alice, made.puppet, made.pat)
        return made

    async def follows(self, person: Person, host: Puppet, actor: JSON) -> None:
        """Somebody here follows somebody elsewhere, who agrees."""
        name = f"@{actor['preferredUsername']}@{host.host}"
        found = await person.get("/api/v2/search", q=name, resolve="true", type="accounts")
        await person.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
        await drain(self.server)
        asked = next(sent for sent in reversed(host.inbox) if sent["type"] == "Follow")
        accept = host.activity("Accept", actor, asked, f"accept-{next(self.numbers)}")
        assert (await host.send(self.server, accept, actor)).status_code == 202
        await drain(self.server)

    def neighbour(self, **more: Any) -> Villain:
        """An attacker on Pat's own host."""
        return Villain(self, self.puppet, self.puppet.actor(f"eve{next(self.numbers)}", **{"key": 6, **more}))

    def villain(self, **more: Any) -> Villain:
        """Another attacker, on another host. `more` as for `Puppet.actor`. Their keys are nobody's of the honest."""
        host = Puppet(self.server.network, f"evil{next(self.numbers)}.test")
        return Villain(self, host, host.actor("mallory", **{"key": 3, **more}))

    async def settle(self) -> None:
        await drain(self.server)

    async def pats(self, **more: Any) -> JSON:
        """A post by Pat that is known here; its Note."""
        await self.unharmed()
        note = self.puppet.note(self.pat, f"n{next(self.numbers)}", **more)
        assert (await self.puppet.send(self.server, self.puppet.create(note), self.pat)).status_code == 202
        await self.ready()
        assert await self.count("select count(*) from statuses where uri = $1", note["id"]) == 1
        return note

    async def mine(self, text: str = "mine", **more: Any) -> JSON:
        """A post by Alice; the Status."""
        await self.unharmed()
        status: JSON = await self.alice.posts(text, **more)
        await self.ready()
        return status

    async def counts(self, status: JSON) -> tuple[int, int, int]:
        """The favourites, boosts and answers that a post by Alice has."""
        await self.settle()
        now = await self.alice.get(f"/api/v1/statuses/{status['id']}")
        return now["favourites_count"], now["reblogs_count"], now["replies_count"]

    async def count(self, query: str, *values: Any) -> Any:
        async with self.server.db.read() as conn:
            return await conn.fetchval(query, *values)

    async def knows(self, uri: str) -> bool:
        """Whether there is a post or an account of that id."""
        return bool(
            await self.count(
                "select exists (select from statuses where uri = $1) or exists (select from accounts where uri = $1)",
                uri,
            )
        )

    async def content(self, uri: str) -> str:
        return str(await self.count("select content from statuses where uri = $1", uri))

    async def status(self, uri: str) -> Any:
        """A post as alice is shown it."""
        found = await self.alice.get("/api/v2/search", q=uri, type="statuses", resolve="false")
        return found["statuses"][0]

    async def state(self) -> set[str]:
        """All that must not change."""
        found: set[str] = set()
        async with self.server.db.read() as conn:
            for number, query in enumerate(_STATE):
                found.update(f"{number}: {tuple(row)}" for row in await conn.fetch(query))
        return found

    async def ready(self) -> None:
        """What an attack needed is there. From now on nothing may change."""
        await self.settle()
        self.before = await self.state()

    async def unharmed(self) -> None:
        """Nothing has changed up to now."""
        await self.settle()
        changed = self.before ^ await self.state()
        assert not changed, f"changed: {sorted(changed)}"

    async def lives(self) -> None:
        """A valid post arrives."""
        note = self.puppet.note(self.pat, f"n{next(self.numbers)}", to=[PUBLIC])
        answer = await self.puppet.send(self.server, self.puppet.create(note), self.pat)
        assert answer.status_code == 202, f"a valid post is answered {answer.status_code} {answer.text}"
        await self.settle()
        assert note["id"] in [status["uri"] for status in await self.alice.home()], "a valid post has not arrived"

    async def hold(self, attacks: Iterable[tuple[str, Callable[["Siege"], Awaitable[object]]]]) -> None:
        """Run the attacks one after the other."""
        harm = []
        for name, attack in attacks:
            self.answers.clear()
            try:
                await self.ready()
                await attack(self)
                await self.unharmed()
                broken = await self.count("select string_agg(last_error, '; ') from jobs where trace is not null")
                assert not broken, f"broke a job: {broken}"
                assert all(status < 500 for status in self.answers), f"answered {self.answers}"
                await self.lives()
            except Exception as exc:
                where = traceback.extract_tb(exc.__traceback__)[-1]
                harm.append(f"{name}: {type(exc).__name__} {exc} in {where.name}, line {where.lineno}: {where.line}")
        assert not harm, "\n".join(harm)


def attacks(*found: Callable[[Siege], Awaitable[object]]) -> list[tuple[str, Callable[[Siege], Awaitable[object]]]]:
    """Named by their functions."""
    return [(each.__name__.strip("_").replace("_", " "), each) for each in found]
