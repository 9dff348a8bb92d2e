"""All of Mastodon.py: each of its methods is called against a running server and gives back what it promises."""

import contextlib
import inspect
import io
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import pytest
from mastodon import Mastodon

from storage import documents, emojis
from tests.clients import mastodon_py_staff
from tests.support import factories
from tests.support.browser import Browser
from tests.support.database import Databases
from tests.support.mastodon_py import Heard, Judged, listening, soon
from tests.support.pictures import picture
from tests.support.processes import ProcessNode, eventually, process
from tests.support.servers import PASSWORD, Person

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::mastodon.errors.MastodonDeprecationWarning"),
]

CALLBACK = "https://client.test/callback"
SCOPES = ["read", "write", "follow", "push", "profile"]

# What no server has to do with, or what Mastodon has not either.
ABSENT = {
    "annual_report": "a year in numbers is not made here, and said so by its absence from the instance",
    "annual_report_generate": "as annual_report",
    "annual_report_read": "as annual_report",
    "annual_report_state": "as annual_report",
    "annual_reports": "as annual_report",
    "get_status_length": "counts without a server, and with another library",
    "oauth_userinfo": "the library insists on https here; tests/api/walks/joining.py asks for it",
    "reports": "removed from Mastodon 2.5; the library refuses to call it",
    "stream_open_websocket": "needs another library for its socket; ours is tested in tests/api/test_streaming.py",
    "push_subscription_decrypt_push": "nothing of a server in it; pushes are decrypted in tests/api/test_push.py",
}


class Scene:
    """Two people and the owner, each with a client, on a server that can translate and look at a page."""

    def __init__(self, server: ProcessNode, site: str, people: dict[str, Person]) -> None:
        self.server = server
        self.site = site
        self.people = people
        self.called: set[str] = set()
        self.alice = self.client(people["alice"])
        self.bob = self.client(people["bob"])
        self.owner = self.client(people["owner"])

    def client(self, person: Person) -> Any:
        url = self.server.base_url
        client = Mastodon(access_token=person.token, api_base_url=url, version_check_mode="created")
        client.retrieve_mastodon_version(fail_hard=True)
        return Judged(client, self.called)

    async def look_at_pages(self) -> None:
        """A server does that some time after the post, so that not all come at once."""

        async def done() -> bool:
            async with self.server.db.transaction() as conn:
                await conn.execute("update jobs set run_at = now() where failed_at is null and holder is null")
            return not any((await self.server.waiting()).values())

        await eventually(done)


class Website(BaseHTTPRequestHandler):
    """A page about a story; and what translates by shouting. In a thread, for the library blocks the loop of tests."""

    languages: ClassVar = [{"code": "en", "name": "English", "targets": ["de"]},
                           {"code": "de", "name": "German", "targets": ["en"]}]  # fmt: skip

    def do_GET(self) -> None:
        if self.path == "/languages":
            self._answer(orjson.dumps(self.languages), "application/json")
        else:
            self._answer(b"<!doctype html><html lang=en><head><title>Story</title></head></html>", "text/html")

    def do_POST(self) -> None:
        texts = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))["q"]
        found = [{"language": "en", "confidence": 90}] * len(texts)
        translated = {"translatedText": [each.upper() for each in texts], "detectedLanguage": found}
        self._answer(orjson.dumps(translated), "application/json")

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def website() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Website) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
async def scene(databases: Databases, tmp_path: Any) -> AsyncIterator[Scene]:
    own = databases.beside("mastodon_py_whole")
    with website() as site:
        async with process("localhost", await own.take(), tmp_path, translation_url=site) as server:
            people = {name: await server.person(name, scopes=" ".join(SCOPES)) for name in ("alice", "bob")}
            people["owner"] = await server.person("owner", role="owner", scopes=mastodon_py_staff.SCOPES)
            async with server.db.transaction() as conn:
                await conn.execute("update accounts set discoverable = true where is_local and id > 0")
            yield Scene(server, site, people)
    await own.drop()


def public_methods() -> set[str]:
    return {name for name, _ in inspect.getmembers(Mastodon, callable) if not name.startswith("_")}


async def test_every_method_gives_back_what_it_promises(scene: Scene) -> None:
    await logging_in(scene)
    await the_server(scene)
    people(scene)
    await posting(scene)
    await reading(scene)
    await notifications(scene)
    filters(scene)
    lists_and_tags(scene)
    streams(scene)
    await mastodon_py_staff.work(scene)
    pushes(scene)
    collections(scene)
    await a_thread_from_elsewhere(scene)
    assert public_methods() - scene.called == ABSENT.keys()


# ---------------------------------------------------------------- accounts and applications
async def logging_in(scene: Scene) -> None:
    base = scene.server.base_url
    scene.called |= {"create_app", "toot"}
    client_id, secret = Mastodon.create_app("Test", scopes=SCOPES, redirect_uris=CALLBACK, api_base_url=base)
    client = Mastodon(client_id=client_id, client_secret=secret, api_base_url=base)
    judged = Judged(client, scene.called)
    url = judged.auth_request_url(redirect_uris=CALLBACK, scopes=SCOPES, allow_http=True)
    async with httpx.AsyncClient(base_url=base) as http:
        answer = parse_qs(urlsplit(await Browser(http).grant(url, "alice")).query)
    judged.log_in(code=answer["code"][0], redirect_uri=CALLBACK, scopes=SCOPES, allow_http=True)
    assert judged.app_verify_credentials().name == "Test"
    assert secret in judged.persistable_login_credentials()
    assert client.toot("hello").content == "<p>hello</p>"
    judged.revoke_access_token(allow_http=True)
    newcomer = Mastodon(client_id=client_id, client_secret=secret, api_base_url=base)
    Judged(newcomer, scene.called).create_account(
        "newcomer", PASSWORD, "new@mail.test", agreement=True, scopes=SCOPES, date_of_birth=datetime(1990, 1, 1)
    )
    async with scene.server.db.transaction() as conn:
        await conn.execute("update users set confirmed_at = null where email = 'new@mail.test'")
    Judged(newcomer, scene.called).email_resend_confirmation()


async def the_server(scene: Scene) -> None:
    alice = scene.alice
    async with scene.server.db.transaction() as conn:
        await documents.put(conn, "terms_of_service", "Be kind", date(2026, 1, 1))
    assert soon(alice.instance_terms_of_service).effective
    for name in ("instance", "instance_v1", "instance_v2", "instance_nodeinfo", "instance_extended_description",
                 "preferences", "oauth_authorization_server_info", "get_supported_version"):  # fmt: skip
        assert getattr(alice, name)(), name
    for name in ("instance_peers", "instance_domain_blocks", "instance_rules"):
        assert isinstance(getattr(alice, name)(), list), name
    assert alice.instance_activity()[0].week
    assert alice.instance_health()
    assert alice.stream_healthy()
    assert {"en", "de"} <= {each.code for each in alice.instance_languages()}
    assert alice.instance_translation_languages()["de"] == ["en"]
    assert alice.retrieve_mastodon_version() == alice.instance_v1().version.split()[0]
    assert alice.verify_minimum_version("4.6.0")
    assert abs(alice.get_approx_server_time() - datetime.now()) < timedelta(minutes=1)
    assert alice.timeline_is_available("public", local=True)
    alice.set_language("de")
    alice.clear_caches()


def people(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    me, him = alice.me(), bob.account_verify_credentials()
    avatar = {"avatar": io.BytesIO(picture()), "avatar_mime_type": "image/png"}
    assert alice.account_update_credentials(note="hello", **avatar).source.note == "hello"
    header = {"header": io.BytesIO(picture()), "header_mime_type": "image/png"}
    assert alice.profile_update(display_name="Alice", **header).display_name == "Alice"
    assert alice.profile().header
    alice.account_delete_avatar()
    assert alice.account_delete_header().id == me.id
    assert [each.id for each in alice.accounts([me, him])] == [me.id, him.id]
    assert alice.account(him).id == alice.account_lookup("bob").id == alice.account_search("bob")[0].id
    assert alice.follows("bob").following
    assert alice.account_follow(him, notify=True).notifying
    assert [each.id for each in alice.account_following(me)] == [him.id]
    assert [each.id for each in bob.account_followers(him)] == [me.id]
    for add, remove in (("endorse", "unendorse"), ("pin", "unpin")):
        assert getattr(alice, f"account_{add}")(him).endorsed
        assert [each.id for each in alice.endorsements()] == [him.id]
        assert not getattr(alice, f"account_{remove}")(him).endorsed
    assert alice.account_relationships([him])[0].following
    assert scene.owner.account_follow(me).following
    assert [each.id for each in scene.owner.account_familiar_followers([him])[0].accounts] == [me.id]
    assert alice.account_note_set(him, "kind").note == "kind"
    assert not bob.account_remove_from_followers(me).followed_by
    for verb, flag, listed in (("block", "blocking", "blocks"), ("mute", "muting", "mutes")):
        assert getattr(getattr(alice, f"account_{verb}")(him), flag)
        assert [each.id for each in getattr(alice, listed)()] == [him.id]
        assert not getattr(getattr(alice, f"account_un{verb}")(him), flag)
    alice.account_update_credentials(locked=True, discoverable=True)
    for verb in ("authorize", "reject"):
        assert bob.account_follow(me).requested
        assert [each.id for each in alice.follow_requests()] == [him.id]
        assert getattr(alice, f"follow_request_{verb}")(him).followed_by == (verb == "authorize")
        bob.account_unfollow(me)
    alice.account_update_credentials(locked=False)
    alice.domain_block("far.test")
    assert alice.domain_blocks() == ["far.test"]
    alice.domain_unblock("far.test")
    assert alice.directory(order="new", local=True)
    bob.account_follow(scene.owner.me())
    alice.account_follow(him)
    assert alice.suggestions()[0].username == alice.suggestions_v2()[0].account.username == "owner"
    (suggested, *_) = alice.suggestions_v1()
    alice.suggestion_delete(suggested)


# ---------------------------------------------------------------- posts


async def posting(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    media = alice.media_post(io.BytesIO(picture()), "image/png", description="red")
    assert alice.media(media).id == alice.media_update(media, description="very red").id
    assert alice.decode_blurhash(media, (4, 3))
    post = alice.status_post("Hello #tea", media_ids=[media], language="en")
    assert alice.statuses([post])[0].id == alice.status(post).id == post.id
    await scene.server.settled()
    changed = [alice.generate_media_edit_attributes(media, description="less red")]
    edited = alice.status_update(post, "Hi #tea", media_attributes=changed)
    assert edited.media_attachments[0].description == "less red"
    assert len(alice.status_history(post)) == 2
    assert alice.status_source(post).text.startswith("Hi")
    assert bob.status_translate(post, "de").content.startswith("<p>HI")
    answer = bob.status_reply(post, "hello back")
    assert bob.status_context(post).descendants[0].id == answer.id
    for verb in ("favourite", "bookmark", "reblog"):
        assert getattr(bob, f"status_{verb}")(post)
    assert [each.id for each in alice.status_favourited_by(post)] == [bob.me().id]
    assert [each.id for each in alice.status_reblogged_by(post)] == [bob.me().id]
    assert bob.favourites()[0].id == bob.bookmarks()[0].id == post.id
    for verb in ("unfavourite", "unbookmark", "unreblog"):
        assert getattr(bob, f"status_{verb}")(post).id == post.id
    for verb, flag in (("pin", "pinned"), ("mute", "muted")):
        assert getattr(alice, f"status_{verb}")(post)[flag]
        assert not getattr(alice, f"status_un{verb}")(post)[flag]
    quoting = bob.status_post("look", quoted_status_id=post)
    assert [each.id for each in alice.status_quotes(post)] == [quoting.id]
    assert alice.status_quote_revoke(post, quoting).quote.state == "revoked"
    assert alice.status_update_quote_approval_policy(post, "nobody").quote_approval.automatic == []
    asked = alice.status_post("?", poll=alice.make_poll(["yes", "no"], 3600))
    assert bob.poll_vote(asked.poll, 0).own_votes == bob.poll(asked.poll).own_votes == [0]
    waiting = alice.status_post("later", scheduled_at=datetime.now(UTC) + timedelta(hours=1))
    moved = alice.scheduled_status_update(waiting, datetime.now(UTC) + timedelta(hours=2))
    assert alice.scheduled_status(moved).id == alice.scheduled_statuses()[0].id == waiting.id
    alice.scheduled_status_delete(waiting)
    assert alice.status_delete(asked).text == "?"
    linking = alice.status_post(f"see {scene.site}/story")
    await scene.look_at_pages()
    assert soon(lambda: alice.status_card(linking)).title == "Story"
    assert soon(lambda: alice.timeline_link(f"{scene.site}/story"))[0].id == linking.id


async def reading(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    bob.account_follow(alice.me())
    posts = [alice.status_post(f"number {number} #coffee").id for number in range(5)]
    await scene.server.settled()
    for name in ("timeline", "timeline_home", "timeline_public", "timeline_local"):
        assert {*posts} <= {each.id for each in getattr(bob, name)(limit=40)}, name
    page = bob.timeline_hashtag("coffee", limit=2)
    assert [each.id for each in page] == posts[:-3:-1]
    older = bob.fetch_next(page)
    assert [each.id for each in bob.fetch_previous(older)] == posts[:-3:-1]
    assert [each.id for each in bob.fetch_remaining(page)] == posts[::-1]
    assert bob.get_pagination_info(page, "next")
    assert [each.id for each in bob.pagination_iterator(page)] == posts[::-1]
    assert len(next(iter(bob.pagination_page_iterator(page)))) == 2
    assert alice.account_statuses(alice.me(), limit=5)[0].id == posts[-1]
    assert bob.search("alice", result_type="accounts").accounts
    assert bob.search_v1("alice").accounts
    assert soon(lambda: bob.search_v2("coffee", result_type="hashtags").hashtags)
    for name in ("trending_tags", "trending_statuses", "trending_links", "trends"):
        assert isinstance(getattr(alice, name)(), list), name
    assert alice.markers_set("home", posts[-1])["home"].last_read_id == alice.markers_get("home")["home"].last_read_id
    bob.update_notifications_policy(for_private_mentions="accept")
    alice.status_post("@bob psst", visibility="direct")
    [talk] = soon(bob.conversations)
    assert not bob.conversations_read(talk).unread
    async with scene.server.db.transaction() as conn:
        await emojis.put(conn, shortcode="blob", file="a/blob.png", static_file="a/blob.png", category="blobs")
        await conn.execute("insert into announcements (text, content) values ('News', '<p>News</p>')")
    assert soon(lambda: alice.custom_emojis())[0].shortcode == "blob"
    [news] = alice.announcements()
    alice.announcement_reaction_create(news, "🎉")
    assert alice.announcements()[0].reactions[0].me
    alice.announcement_reaction_delete(news, "🎉")
    alice.announcement_dismiss(news)
    assert alice.announcements() == []
    assert alice.report(bob.me(), comment="hm").comment == "hm"


# ---------------------------------------------------------------- what is told, hidden and collected


async def notifications(scene: Scene) -> None:
    alice, bob, owner = scene.alice, scene.bob, scene.owner
    post = alice.status_post("notice me")
    for client in (bob, owner):
        client.status_favourite(post)
    bob.status_reply(post, "noticed")
    found = soon(lambda: [each for each in alice.grouped_notifications().notification_groups
                          if each.type == "favourite" and each.notifications_count == 2])[0]  # fmt: skip
    assert alice.grouped_notification(found.group_key).notification_groups[0].status_id == post.id
    assert len(alice.grouped_notification_accounts(found.group_key)) == 2
    assert alice.unread_grouped_notifications_count()
    assert alice.notifications_unread_count().count
    alice.dismiss_grouped_notification(found.group_key)
    [mention, *_] = alice.notifications(types=["mention"])
    alice.notifications_dismiss(mention)
    alice.notifications_clear()
    assert alice.notifications() == []
    await requests(scene)


async def requests(scene: Scene) -> None:
    """Four who are not followed: each is let in, or sent away, alone or with others."""
    alice = scene.alice
    alice.update_notifications_policy(for_not_following="filter")
    assert alice.notifications_policy().for_not_following == "filter"
    for number in range(4):
        await (await scene.server.person(f"stranger{number}")).posts("@alice may I?")
    first, second, third, fourth = soon(lambda: len(found := alice.notification_requests()) == 4 and found)
    assert alice.notification_request(first).account.id == first.account.id
    alice.accept_notification_request(first)
    alice.dismiss_notification_request(second)
    alice.accept_multiple_notification_requests([third.id])
    alice.dismiss_multiple_notification_requests([fourth.id])
    assert soon(alice.notifications_merged)
    assert alice.notification_requests() == []
    alice.update_notifications_policy(for_not_following="accept")


def filters(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    post = bob.status_post("spoilers ahead")
    old = alice.filter_create("spoilers", ["home"], whole_word=True)
    assert alice.filter(old).phrase == alice.filters()[0].phrase == "spoilers"
    changed = alice.filter_update(old, phrase="spoiler", context=["home", "public"], whole_word=False)
    assert alice.filters_apply([post], [changed], "home") == []
    alice.filter_delete(changed)
    made = alice.create_filter_v2("no spoilers", ["home"], "warn")
    assert alice.filter_v2(made).id == alice.filters_v2()[0].id == made.id
    assert alice.update_filter_v2(made, title="none").title == "none"
    keyword = alice.add_filter_keyword_v2(made, "spoilers", whole_word=True)
    assert [each.id for each in alice.filter_keywords_v2(made)] == [keyword.id]
    alice.delete_filter_keyword_v2(keyword)
    hidden = alice.add_filter_status_v2(made, post)
    assert alice.filter_status_v2(hidden).status_id == alice.filter_statuses_v2(made)[0].status_id == post.id
    alice.delete_filter_status_v2(hidden)
    alice.delete_filter_v2(made)
    assert alice.filters_v2() == []


def lists_and_tags(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    bob.account_follow(alice.me())
    made = bob.list_create("friends")
    bob.list_accounts_add(made, [alice.me()])
    assert [each.id for each in bob.list_accounts(made)] == [alice.me().id]
    assert bob.account_lists(alice.me())[0].id == bob.lists()[0].id == bob.list(made).id == made.id
    post = alice.status_post("for my friends #cake")
    assert soon(lambda: bob.timeline_list(made))[0].id == post.id
    assert bob.list_update(made, "good friends").title == "good friends"
    bob.list_accounts_delete(made, [alice.me()])
    bob.list_delete(made)
    assert bob.tag_follow("cake").following
    assert bob.tag("cake").name == bob.followed_tags()[0].name == "cake"
    assert not bob.tag_unfollow("cake").following
    assert soon(alice.featured_tag_suggestions)
    tag = alice.featured_tag_create("cake")
    assert alice.featured_tags()[0].id == tag.id
    assert bob.account_featured_tags(alice.me())[0].name == "cake"
    alice.featured_tag_delete(tag)
    assert alice.tag_feature("cake").featuring
    assert not alice.tag_unfeature("cake").featuring


# ---------------------------------------------------------------- live


def streams(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    alice.account_follow(bob.me())
    made = alice.list_create("heard")
    alice.list_accounts_add(made, [bob.me()])
    heard: dict[str, Heard] = {}

    def open_all() -> Iterator[Any]:
        for name, arguments in (("user", ()), ("public", ()), ("local", ()), ("hashtag", ("live",)), ("list", (made,)),
                                ("direct", ()), ("user_notifications", ())):  # fmt: skip
            heard[name] = Heard()
            yield getattr(alice, f"stream_{name}")(*arguments, heard[name].listener, run_async=True)

    def wake() -> None:
        bob.status_post("@alice #live bye")
        bob.status_post("@alice bye", visibility="direct")

    with listening(*open_all(), wake=wake):
        post = bob.status_post("@alice #live now")
        for name in ("user", "public", "local", "hashtag", "list"):
            assert heard[name].updates.get(timeout=10).id == post.id, name
        assert heard["user_notifications"].notifications.get(timeout=10).status.id == post.id
        bob.status_post("@alice psst", visibility="direct")
        assert heard["direct"].conversations.get(timeout=10).last_status.content


def pushes(scene: Scene) -> None:
    alice = scene.alice
    _private, public = alice.push_subscription_generate_keys()
    made = alice.push_subscription_set("https://push.test/alice", public, mention_events=True, policy="followed")
    assert alice.push_subscription().id == made.id
    assert alice.push_subscription_update(poll_events=True).alerts.poll
    alice.push_subscription_delete()


def collections(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    him, her = bob.me(), scene.owner.me()
    made = alice.collection_create("Good people", discoverable=True, account_ids=[him]).collection
    assert alice.collection_update(made, name="Better people").collection.name == "Better people"
    item = alice.collection_item_add(made, her).collection_item
    assert {each.id for each in bob.collection(made).accounts} >= {him.id, her.id}
    assert bob.account_collections(alice.me()).collections[0].id == made.id
    assert bob.account_in_collections(him).collections[0].id == made.id
    alice.collection_item_delete(made, item)
    (own,) = bob.collection(made).collection["items"]
    bob.collection_item_revoke(made, own)
    alice.collection_delete(made)


async def a_thread_from_elsewhere(scene: Scene) -> None:
    """There are no answers to it, so that the refresh ends with what was there."""
    async with scene.server.db.transaction() as conn:
        far = await factories.remote(conn, "far", "far.invalid")
        post = await factories.status(conn, far, replies_uri=f"{scene.site}/replies")
    thread = scene.alice.status_context(post)
    assert scene.alice.get_async_refresh_info(thread)
    assert scene.alice.get_async_refresh_status(thread).status in ("running", "finished")
    assert scene.alice.await_async_refresh(thread, timeout=10).descendants == []
