"""Web Push: what a client subscribes to reaches it, encrypted for it alone, and stops when it should."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from federation.vault import Vault
from fedi import config_sources, secret
from fedi.auth import tokens, vapid
from fedi.services import accounts, push_encryption, sealing
from storage import jobs, oauth
from storage.db import Database
from tests.support.network import Network
from tests.support.push import Device, Service
from tests.support.servers import Node, Person, drain, node

pytestmark = pytest.mark.anyio

PATH = "/api/v1/push/subscription"
EVERYTHING = (
    "mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "quote",
    "quoted_update", "added_to_collection", "collection_update", "admin.sign_up", "admin.report",
)  # fmt: skip


@pytest.fixture
def service(server: Node) -> Service:
    return Service(server.network)


async def subscribed(
    person: Person, device: Device, *, standard: bool | None = True, alerts: tuple[str, ...] = EVERYTHING, **data: Any
) -> Any:
    """The subscription, for everything."""
    body = {
        "subscription": device.subscription(standard=standard),
        "data": {"alerts": dict.fromkeys(alerts, True), **data},
    }
    return await person.post(PATH, body)


async def read(person: Person, device: Device) -> list[tuple[str, str]]:
    """Title and text of what has come."""
    key = await vapid_key(person.node)
    messages = [device.read(arrived, person.node, key) for arrived in device.service.take()]
    return [(message["title"], message["body"]) for message in messages]


async def vapid_key(server: Node) -> str:
    instance = await server.api("GET", "/api/v2/instance")
    key: str = instance["configuration"]["vapid"]["public_key"]
    return key


async def waiting(server: Node) -> int:
    async with server.db.read() as conn:
        count: int = await conn.fetchval("select count(*) from jobs where name = 'push'")
    return count


async def again(server: Node) -> None:
    """What waits for another attempt has its turn now."""
    async with server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now()")
    await drain(server)


# ---------------------------------------------------------------- the key


async def test_the_key_is_made_once_and_is_the_same_everywhere(server: Node, service: Service) -> None:
    alice = await server.person("alice")
    made = await subscribed(alice, Device(service))
    key = await vapid_key(server)
    assert made["server_key"] == key
    assert len(base64.urlsafe_b64decode(key)) == 65
    app = await server.api("POST", "/api/v1/apps", json={"client_name": "x", "redirect_uris": "x://y"})
    assert app["vapid_key"] == key
    async with server.db.read() as conn:
        stored: str = await conn.fetchval("select value from settings where name = $1", vapid.NAME)
    assert len(vapid.decode(stored)) == 32


async def test_the_key_stays_when_the_servers_secret_changes(database_url: str, tmp_path: Path) -> None:
    keys: list[str] = []
    vaults: list[Vault] = []
    for secret_key in ("one that is long enough for this test", "another that is long enough for this test"):
        settings = config_sources.load({"FEDI_SECRET_KEY": secret_key})
        vaults.append(secret.vault(settings))
        if keys:
            db = await Database(database_url, size=2).open()
            await sealing.reseal(db, *vaults)
            await db.close()
        async with node("example.test", database_url, Network(), tmp_path, secret_key=secret_key) as server:
            keys.append(await vapid_key(server))
    assert keys[0] == keys[1]


# ---------------------------------------------------------------- subscribing


async def test_without_a_subscription_there_is_none_to_read_or_change(server: Node) -> None:
    alice = await server.person("alice")
    for method in ("GET", "PUT", "PATCH"):
        assert (await alice.call(method, PATH, json={"data": {"policy": "none"}})).status_code == 404
    assert await alice.api("DELETE", PATH) == {}


async def test_each_token_has_its_own_and_a_new_one_replaces_it(server: Node, service: Service) -> None:
    alice = await server.person("alice")
    token = await server.issue(user_id=alice.user_id, account_id=alice.account_id, scopes="push")
    other = Person(server, "alice", alice.user_id, alice.account_id, token)
    await subscribed(alice, Device(service, "one"))
    await subscribed(other, Device(service, "two"))
    again = await subscribed(alice, Device(service, "three"), standard=None)
    assert again == await alice.get(PATH)
    assert (again["endpoint"], again["standard"]) == (Device(service, "three").endpoint, False)
    assert (await other.get(PATH))["endpoint"] == Device(service, "two").endpoint
    await alice.api("DELETE", PATH)
    assert await other.get(PATH)


async def test_a_device_that_logs_in_again_is_not_told_twice(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    token = await server.issue(user_id=alice.user_id, account_id=alice.account_id, scopes="push")
    later = Person(server, "alice", alice.user_id, alice.account_id, token)
    device = Device(service)
    await subscribed(alice, device)
    await subscribed(later, device)
    await bob.posts("@alice hello")
    await drain(server)
    assert len(await read(alice, device)) == 1
    assert (await alice.call("GET", PATH)).status_code == 404


async def test_a_subscription_in_the_address(server: Node, service: Service) -> None:
    """As Ice Cubes sends it."""
    alice, wanted = await server.person("alice"), Device(service).subscription()
    params = {
        "subscription[endpoint]": wanted["endpoint"],
        "subscription[keys][p256dh]": wanted["keys"]["p256dh"],
        "subscription[keys][auth]": wanted["keys"]["auth"],
        "data[alerts][mention]": "true",
        "data[alerts][admin.sign_up]": "1",
        "data[alerts][poll]": "false",
        "data[policy]": "follower",
    }
    made = await alice.api("POST", PATH, params=params)
    assert {name for name, on in made["alerts"].items() if on} == {"mention", "admin.sign_up"}
    assert (made["policy"], made["standard"]) == ("follower", False)
    assert set(made["alerts"]) == set(EVERYTHING)
    assert isinstance(made["id"], int)


async def test_changes_leave_what_they_do_not_name(server: Node, service: Service) -> None:
    alice = await server.person("alice")
    await subscribed(alice, Device(service), alerts=("mention", "poll"))
    changed = await alice.api("PUT", PATH, json={"policy": "none"})
    assert (changed["policy"], changed["alerts"]["mention"]) == ("none", True)
    changed = await alice.api("PATCH", PATH, json={"data": {"alerts": {"poll": True}}})
    assert (changed["policy"], changed["alerts"]["mention"], changed["alerts"]["poll"]) == ("none", False, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"endpoint": "ftp://push.test/x"}, 422),
        ({"endpoint": "nonsense"}, 422),
        ({"endpoint": "https://push.test/" + "x" * 3000}, 422),
        ({"endpoint": None}, 400),
        ({"keys": {"p256dh": "AAAA", "auth": "MDEyMzQ1Njc4OWFiY2RlZg"}}, 422),
        ({"keys": {"p256dh": base64.b64encode(b"\4" + b"\1" * 64).decode(), "auth": "MDEyMzQ1Njc4OWFiY2RlZg"}}, 422),
        ({"keys": {"p256dh": "%%%", "auth": "ä"}}, 422),
        ({"keys": {"p256dh": "x"}}, 400),
        ({"keys": 7}, 400),
    ],
)
async def test_what_cannot_be_a_subscription_is_refused(
    server: Node, service: Service, changes: dict[str, Any], status: int
) -> None:
    alice = await server.person("alice")
    body = {"subscription": {**Device(service).subscription(), **changes}}
    refused = await alice.call("POST", PATH, json=body)
    assert refused.status_code == status, refused.text
    assert refused.json()["error"]


async def test_the_authentication_secret_has_sixteen_bytes(server: Node, service: Service) -> None:
    alice = await server.person("alice")
    wanted = Device(service).subscription()
    wanted["keys"]["auth"] = "AAAA"
    assert (await alice.call("POST", PATH, json={"subscription": wanted})).status_code == 422


async def test_plain_http_and_addresses_of_our_own_network_are_not_called(servers: Any) -> None:
    [server] = await servers("example.test", allow_private_peers="false")
    service = Service(server.network, "127.0.0.1")
    alice, bob, device = await server.person("alice"), await server.person("bob"), Device(service)
    for endpoint in ("http://push.test/x", "https://127.0.0.1/x", "https://[::ffff:10.0.0.1]/x", "https://0x7f.1/x"):
        wanted = {**device.subscription(), "endpoint": endpoint}
        assert (await alice.call("POST", PATH, json={"subscription": wanted})).status_code == 422, endpoint
    await subscribed(alice, Device(Service(server.network)))
    async with server.db.transaction() as conn:  # as names do that lead inside afterwards
        await conn.execute("update push_subscriptions set endpoint = $1", device.endpoint)
    await bob.posts("@alice hello")
    await drain(server)
    assert service.take() == []
    assert await waiting(server) == 0
    assert (await alice.call("GET", PATH)).status_code == 404


async def test_an_account_has_not_any_number_of_them(server: Node, service: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr("storage.push_subscriptions.MAX_PER_ACCOUNT", 3)
    alice = await server.person("alice")
    for number in range(5):
        token = await server.issue(user_id=alice.user_id, account_id=alice.account_id, scopes="push")
        person = Person(server, "alice", alice.user_id, alice.account_id, token)
        await subscribed(person, Device(service, f"number{number}"))
    async with server.db.read() as conn:
        left = await conn.fetch("select endpoint from push_subscriptions order by id")
    assert [record[0] for record in left] == [Device(service, f"number{number}").endpoint for number in (2, 3, 4)]


async def test_the_token_is_not_in_the_database(server: Node, service: Service) -> None:
    alice = await server.person("alice")
    await subscribed(alice, Device(service))
    async with server.db.read() as conn:
        sealed: bytes = await conn.fetchval("select sealed_token from push_subscriptions")
    assert alice.token.encode() not in sealed


# ---------------------------------------------------------------- messages


async def test_a_mention_is_told_in_either_encoding(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    new, old = Device(service, "new"), Device(service, "old")
    token = await server.issue(user_id=alice.user_id, account_id=alice.account_id, scopes="read push")
    elder = Person(server, "alice", alice.user_id, alice.account_id, token)
    await subscribed(alice, new)
    await subscribed(elder, old, standard=False)
    await bob.posts("@alice <hello> & good\nmorning")
    await drain(server)
    [told] = await alice.notifications()
    arrived = {each.path: each for each in service.take()}
    assert arrived["/new"].headers["content-encoding"] == "aes128gcm"
    assert arrived["/old"].headers["content-encoding"] == "aesgcm"
    for device, shown in ((new, alice.token), (old, token)):
        message = device.read(arrived[f"/{device.name}"], server, await vapid_key(server))
        assert message == {
            "access_token": shown,
            "preferred_locale": "en",
            "notification_id": int(told["id"]),
            "notification_type": "mention",
            "icon": told["account"]["avatar_static"],
            "title": "bob mentioned you",
            "body": "@alice <hello> & good morning",
        }


# Keys, salt and text of the example in RFC 8291, appendix A.
OWN = push_encryption.Ephemeral(
    ec.derive_private_key(
        int.from_bytes(vapid.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    ),
    vapid.decode("DGv6ra1nlYgDCS1FRnbzlw"),
)
POINT = vapid.decode("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
SHARED = vapid.decode("BTBZMqHH6r4Tts7J_aSIgg")
TEXT = b"When I grow up, I want to be a watermelon"


def test_the_example_of_the_standard() -> None:
    encrypted = push_encryption.aes128gcm(TEXT, p256dh=POINT, auth=SHARED, own=OWN)
    assert vapid.encode(encrypted.body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_same_before_the_standard() -> None:
    """What http_ece 1.2.1, which clients use, makes of it with version="aesgcm"."""
    encrypted = push_encryption.aesgcm(TEXT, p256dh=POINT, auth=SHARED, own=OWN)
    assert vapid.encode(encrypted.body) == (
        "4qwOLFm_mNy0vf1A8f3Bm6B5UD15y3aV_xZy14pixUhcPTIoZKHzq5i3dZ6PzqSMxBI_-VDUZ4jW04M"
    )
    assert encrypted.headers["Encryption"] == "salt=DGv6ra1nlYgDCS1FRnbzlw"


async def test_every_kind_is_told_in_the_readers_language(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice", locale="de", role="owner"), await server.person("bob")
    device = Device(service)
    await subscribed(alice, device)
    post = await alice.posts("mein Beitrag")
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    await bob.follow(alice)
    await bob.posts("@alice [cw] " + "lang " * 100)
    await bob.posts("@alice inside", spoiler_text="outside")
    await bob.post("/api/v1/reports", {"account_id": alice.id})
    await drain(server)
    assert sorted(await read(alice, device)) == [
        ("bob folgt dir jetzt", ""),
        ("bob gefällt dein Beitrag", "mein Beitrag"),
        ("bob hat deinen Beitrag geteilt", "mein Beitrag"),
        ("bob hat dich erwähnt", "@alice [cw] " + "lang " * 25 + "la…"),
        ("bob hat dich erwähnt", "outside"),
        ("bob hat etwas gemeldet", ""),
        ("bob hat sich registriert", ""),
    ]


async def test_only_what_was_asked_for(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    device = Device(service)
    await subscribed(alice, device, alerts=("favourite",))
    post = await alice.posts("hello")
    await bob.replies(post, "hello")
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await drain(server)
    assert await read(alice, device) == [("bob likes your post", "hello")]


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        ("all", {"bob", "carol", "dave"}),
        ("followed", {"bob"}),
        ("follower", {"carol"}),
        ("none", set()),
    ],
)
async def test_policies(server: Node, service: Service, policy: str, heard: set[str]) -> None:
    alice, bob, carol, dave = [await server.person(name) for name in ("alice", "bob", "carol", "dave")]
    await alice.follow(bob)
    await carol.follow(alice)
    await drain(server)
    device = Device(service)
    await subscribed(alice, device, policy=policy)
    for person in (bob, carol, dave):
        await person.posts("@alice hello")
    await drain(server)
    assert {title.split()[0] for title, _text in await read(alice, device)} == heard


async def test_who_is_muted_or_filtered_is_not_told(server: Node, service: Service) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    device = Device(service)
    await subscribed(alice, device)
    await alice.post(f"/api/v1/accounts/{bob.id}/mute")
    keywords = [{"keyword": "spoiler"}]
    body = {"title": "x", "context": ["notifications"], "filter_action": "hide", "keywords_attributes": keywords}
    await alice.post("/api/v2/filters", body)
    await bob.posts("@alice hello")
    await carol.posts("@alice a spoiler")
    await drain(server)
    assert await read(alice, device) == []
    assert await waiting(server) == 0


async def test_what_waits_for_a_decision_is_not_told(server: Node, service: Service) -> None:
    """`filtered` notifications, which wait among the requests."""
    alice, bob = await server.person("alice"), await server.person("bob")
    device = Device(service)
    await subscribed(alice, device)
    service.answers = [503]
    await bob.posts("@alice hello")
    await drain(server)
    service.take()
    async with server.db.transaction() as conn:
        await conn.execute("update notifications set filtered = true")
    await again(server)
    assert await read(alice, device) == []
    assert await waiting(server) == 0


async def test_what_was_taken_back_meanwhile_is_not_told(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    device = Device(service)
    await subscribed(alice, device)
    post = await alice.posts("hello")
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    service.answers = [503]
    await drain(server)
    assert len(await read(alice, device)) == 1
    await bob.post(f"/api/v1/statuses/{post['id']}/unfavourite")
    await drain(server)
    await again(server)
    assert await read(alice, device) == []
    assert await waiting(server) == 0


# ---------------------------------------------------------------- services that do not take it


@pytest.mark.parametrize("status", [400, 403, 404, 410, 413])
async def test_a_dead_subscription_is_removed(server: Node, service: Service, status: int) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await subscribed(alice, Device(service))
    service.answers = [status]
    await bob.posts("@alice hello")
    await drain(server)
    assert await waiting(server) == 0
    assert (await alice.call("GET", PATH)).status_code == 404


@pytest.mark.parametrize("status", [408, 429, 500, 503, 302])
async def test_what_may_be_right_later_is_tried_again(server: Node, service: Service, status: int) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    device = Device(service)
    await subscribed(alice, device)
    service.answers = [status]
    await bob.posts("@alice hello")
    await drain(server)
    assert len(service.take()) == 1
    await again(server)
    assert await read(alice, device) == [("bob mentioned you", "@alice hello")]
    await again(server)
    assert await read(alice, device) == []


async def test_a_service_is_left_alone_as_long_as_it_asks(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await subscribed(alice, Device(service))
    service.answers, service.headers = [429], {"Retry-After": "7000"}
    await bob.posts("@alice hello")
    await drain(server)
    async with server.db.read() as conn:
        delay = await conn.fetchval("select extract(epoch from run_at - now()) from jobs where name = 'push'")
    assert 6900 < delay < 7001


async def test_who_cannot_be_reached_is_tried_until_the_news_is_old(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    device = Device(service)
    await subscribed(alice, device)
    server.network.down.add(service.host)
    await bob.posts("@alice hello")
    await drain(server)
    assert await waiting(server) == 1
    async with server.db.transaction() as conn:
        await conn.execute("update notifications set created_at = now() - interval '7 hours'")
    server.network.down.clear()
    await again(server)
    assert await waiting(server) == 0
    assert service.take() == []
    assert await alice.get(PATH), "nobody said that it is dead"


async def test_without_the_secret_the_subscription_is_void(server: Node, service: Service) -> None:
    """Its client is told 404 and subscribes again."""
    alice, bob = await server.person("alice"), await server.person("bob")
    await subscribed(alice, Device(service))
    async with server.db.transaction() as conn:
        await conn.execute("update push_subscriptions set sealed_token = set_byte(sealed_token, 20, 0)")
        await conn.execute("update push_subscriptions set sealed_token = set_byte(sealed_token, 21, 0)")
    await bob.posts("@alice hello")
    await drain(server)
    assert service.take() == []
    assert (await alice.call("GET", PATH)).status_code == 404


# ---------------------------------------------------------------- endings


async def _count(server: Node) -> int:
    async with server.db.read() as conn:
        count: int = await conn.fetchval("select count(*) from push_subscriptions")
    return count


async def test_a_revoked_token_has_none(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await subscribed(alice, Device(service))
    viewer = await tokens.authenticate(server.app, alice.token)
    assert viewer is not None
    async with server.db.transaction() as conn:
        await oauth.revoke_ids(conn, [viewer.token_id])
    await bob.posts("@alice hello")
    await drain(server)
    assert service.take() == []
    assert await _count(server) == 0


async def test_who_is_suspended_or_signed_out_has_none(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await subscribed(alice, Device(service))
    await subscribed(bob, Device(service, "other"))
    await accounts.suspend(server.app, "alice")
    await drain(server)
    assert await _count(server) == 1
    async with server.db.transaction() as conn:
        await conn.execute("update users set epoch = epoch + 1 where id = $1", bob.user_id)
    carol = await server.person("carol")
    await carol.posts("@bob hello")
    await drain(server)
    assert service.take() == []


async def test_a_job_that_was_left_for_an_ended_subscription_does_nothing(server: Node, service: Service) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    device = Device(service)
    await subscribed(alice, device)
    service.answers = [500]
    await bob.posts("@alice hello")
    await drain(server)
    service.take()
    await alice.api("DELETE", PATH)
    await again(server)
    assert service.take() == []
    assert await waiting(server) == 0
    async with server.db.read() as conn:
        assert await jobs.waiting(conn) == {}
