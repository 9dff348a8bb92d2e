"""Mastodon.py, the library that most bots and scripts use, against a running server."""

import base64
import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonNotFoundError, MastodonUnauthorizedError

from fedi import __version__
from tests.support import clips
from tests.support.browser import Browser
from tests.support.mastodon_py import Heard, client_of, listening, soon
from tests.support.pictures import metadata, photograph, picture
from tests.support.processes import ProcessNode

pytestmark = [
    pytest.mark.anyio,
    # What the library says of its own old methods, and its cache of versions that it compares with ours.
    pytest.mark.filterwarnings("ignore::mastodon.errors.MastodonDeprecationWarning"),
]

SCOPES = ["read", "write", "follow", "push"]
CALLBACK = "https://client.test/callback"


def fetched(url: str) -> httpx.Response:
    return httpx.get(url).raise_for_status()


# ---------------------------------------------------------------- logging in


async def test_an_application_logs_somebody_in_through_the_pages(shared: ProcessNode, new_person: Any) -> None:
    alice = await new_person("alice")
    client_id, secret = Mastodon.create_app(
        "Test client", scopes=SCOPES, redirect_uris=CALLBACK, api_base_url=shared.base_url
    )
    client = Mastodon(client_id=client_id, client_secret=secret, api_base_url=shared.base_url)
    url = client.auth_request_url(redirect_uris=CALLBACK, scopes=SCOPES, state="xyz", allow_http=True)
    async with httpx.AsyncClient(base_url=shared.base_url) as http:
        answer = parse_qs(urlsplit(await Browser(http).grant(url, alice.username)).query)
    assert answer["state"] == ["xyz"]
    token = client.log_in(code=answer["code"][0], redirect_uri=CALLBACK, scopes=SCOPES, allow_http=True)
    assert client.me().username == alice.username
    assert client.app_verify_credentials().name == "Test client"
    assert client.status_post("hello").application.name == "Test client"
    client.revoke_access_token(allow_http=True)
    with pytest.raises(MastodonUnauthorizedError):
        Mastodon(access_token=token, api_base_url=shared.base_url).me()


async def test_a_code_shown_on_a_page_and_a_proof_key(shared: ProcessNode, new_person: Any) -> None:
    """The library knows no PKCE: the link gets a challenge, and the exchange must then not work without the proof."""
    alice = await new_person("alice")
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    client_id, secret = Mastodon.create_app("Test client", scopes=SCOPES, api_base_url=shared.base_url)
    client = Mastodon(client_id=client_id, client_secret=secret, api_base_url=shared.base_url)
    url = client.auth_request_url(scopes=SCOPES, allow_http=True)
    async with httpx.AsyncClient(base_url=shared.base_url) as http:
        window = Browser(http)
        native = await window.grant(f"{url}&code_challenge={challenge}&code_challenge_method=S256", alice.username)
        code = parse_qs(urlsplit(native).query)["code"][0]
        await window.follow()
        assert code in window.html
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
            "client_secret": secret,
            "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
        }
        assert (await http.post("/oauth/token", data=body)).status_code == 400
        answer = await http.post("/oauth/token", data={**body, "code_verifier": verifier})
    client = Mastodon(access_token=answer.json()["access_token"], api_base_url=shared.base_url)
    assert client.me().username == alice.username


async def test_what_the_library_thinks_of_the_server(shared: ProcessNode, new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    assert client.instance_v1().uri == shared.domain
    assert client.instance_v2().domain == shared.domain
    assert client.instance().configuration.statuses.max_characters == 5000
    assert client.instance_health()
    assert client.stream_healthy()
    nodeinfo = client.instance_nodeinfo()
    assert (nodeinfo.software.name, nodeinfo.software.version) == ("fedi", __version__)
    assert client.custom_emojis() == []
    assert client.announcements() == []
    assert client.preferences()["posting:default:visibility"] == "public"
    assert "authorization_code" in client.oauth_authorization_server_info().grant_types_supported


# ---------------------------------------------------------------- posting


async def test_a_photograph_loses_what_it_tells_about_its_owner(new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    photo = photograph(size=(640, 480))
    assert len(metadata(photo)) > 1
    media = client.media_post(io.BytesIO(photo), "image/jpeg", description="green", focus=(0.5, -0.25))
    assert (media.meta.focus.x, media.meta.focus.y) == (0.5, -0.25)
    assert client.media_update(media, description="quite green").description == "quite green"
    post = client.status_post("with a picture", media_ids=[media])
    [attachment] = post.media_attachments
    assert (attachment.description, attachment.type) == ("quite green", "image")
    assert (attachment.meta.original.width, attachment.meta.original.height) == (640, 480)
    assert len(attachment.blurhash) >= 6
    for url in (attachment.url, attachment.preview_url):
        assert metadata(fetched(url).content) == {}
    changed = [client.generate_media_edit_attributes(attachment, description="very green", focus=(0, 0))]
    edited = client.status_update(post, "with a picture", media_attributes=changed)
    assert edited.media_attachments[0].description == "very green"


async def test_a_video_is_waited_for(new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    thumbnail = io.BytesIO(picture(size=(30, 20)))
    film = client.media_post(
        io.BytesIO(clips.film()), "video/mp4", description="red", thumbnail=thumbnail,
        thumbnail_mime_type="image/png", synchronous=True,
    )  # fmt: skip
    assert (film.type, film.description, film.meta.small.size) == ("video", "red", "30x20")
    assert (film.meta.original.width, film.meta.original.frame_rate) == (64, "10/1")
    assert clips.tracks(fetched(film.url).content) == ["h264", "aac"]
    [attachment] = client.status_post("a film", media_ids=[film]).media_attachments
    assert attachment.url == film.url


async def test_what_one_does_with_posts(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    post = alice.status_post("Hello #fediverse", language="en", spoiler_text="greeting", visibility="unlisted")
    assert [tag.name for tag in post.tags] == ["fediverse"]
    answer = bob.status_reply(post, "hello back")
    assert (answer.in_reply_to_id, answer.mentions[0].acct) == (post.id, alice.me().acct)
    context = alice.status_context(post)
    assert [status.id for status in context.descendants] == [answer.id]
    assert [status.id for status in bob.status_context(answer).ancestors] == [post.id]

    assert bob.status_reblog(post).reblog.id == post.id
    assert bob.status_favourite(post).favourites_count == 1
    assert bob.status_bookmark(post).bookmarked
    assert [account.id for account in alice.status_reblogged_by(post)] == [bob.me().id]
    assert [account.id for account in alice.status_favourited_by(post)] == [bob.me().id]
    assert [status.id for status in bob.favourites()] == [post.id]
    assert [status.id for status in bob.bookmarks()] == [post.id]
    assert not bob.status_unreblog(post).reblogged
    assert not bob.status_unfavourite(post).favourited
    assert not bob.status_unbookmark(post).bookmarked

    edited = alice.status_update(post, "Hello again #fediverse")
    assert edited.edited_at is not None
    assert len(alice.status_history(post)) == 2
    assert alice.status_source(post).text == "Hello again #fediverse"
    assert alice.status_pin(post).pinned
    assert [status.id for status in bob.account_statuses(alice.me(), pinned=True)] == [post.id]
    assert not alice.status_unpin(post).pinned
    assert alice.status_mute(post).muted
    assert alice.status_delete(post).text == "Hello again #fediverse"
    with pytest.raises(MastodonNotFoundError):
        bob.status(post)


async def test_a_key_makes_one_post(new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    first, second = (client.status_post("once", idempotency_key="the key") for _attempt in range(2))
    assert first.id == second.id


async def test_a_poll(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    post = alice.status_post("?", poll=alice.make_poll(["yes", "no", "perhaps"], 3600, multiple=True))
    assert [option.title for option in post.poll.options] == ["yes", "no", "perhaps"]
    voted = bob.poll_vote(post.poll, [0, 2])
    assert (voted.voted, voted.own_votes, voted.votes_count, voted.voters_count) == (True, [0, 2], 2, 1)
    assert [option.votes_count for option in alice.poll(post.poll).options] == [1, 0, 1]


async def test_posts_for_later(new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    waiting = client.status_post("later", scheduled_at=datetime.now(UTC) + timedelta(hours=2))
    assert [each.id for each in client.scheduled_statuses()] == [waiting.id]
    client.scheduled_status_delete(waiting)
    assert client.scheduled_statuses() == []


# ---------------------------------------------------------------- reading


async def test_paging_through_a_timeline_in_both_directions(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    bob.account_follow(alice.me())
    posts = [alice.status_post(f"number {number}").id for number in range(7)]
    soon(lambda: len(bob.timeline_home()) == 7)
    page = bob.timeline_home(limit=3)
    assert [status.id for status in page] == posts[:-4:-1]
    older = bob.fetch_next(page)
    assert [status.id for status in older] == posts[3:0:-1]
    assert [status.id for status in bob.fetch_previous(older)] == posts[:-4:-1]
    assert [status.id for status in bob.fetch_remaining(page)] == posts[::-1]
    assert [status.id for status in alice.account_statuses(alice.me(), limit=40)] == posts[::-1]


async def test_timelines(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    tag = f"tag{alice.me().id}"
    post = alice.status_post(f"#{tag} for everybody")
    hidden = alice.status_post(f"#{tag} for followers", visibility="private")
    found = soon(lambda: bob.timeline_hashtag(tag))
    assert [status.id for status in found] == [post.id]
    for timeline in (bob.timeline_public(limit=40), bob.timeline_local(limit=40)):
        ids = [status.id for status in timeline]
        assert post.id in ids
        assert hidden.id not in ids
    assert post.id not in [status.id for status in bob.timeline_public(remote=True)]
    assert bob.tag_follow(tag).following
    assert [each.name for each in bob.followed_tags()] == [tag]
    assert not bob.tag_unfollow(tag).following


async def test_a_list(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    bob.account_follow(alice.me())
    made = bob.list_create("friends")
    bob.list_accounts_add(made, [alice.me()])
    assert [account.id for account in bob.list_accounts(made)] == [alice.me().id]
    assert [each.title for each in bob.account_lists(alice.me())] == ["friends"]
    post = alice.status_post("for my friends")
    assert [status.id for status in soon(lambda: bob.timeline_list(made))] == [post.id]
    assert bob.list_update(made, "good friends").title == "good friends"
    bob.list_accounts_delete(made, [alice.me()])
    bob.list_delete(made)
    assert bob.lists() == []


async def test_search(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    word = f"needle{alice.me().id}"
    post = alice.status_post(f"a {word} in a haystack #{word}")
    assert bob.search(alice.me().username, result_type="accounts").accounts[0].id == alice.me().id
    assert [each.name for each in soon(lambda: bob.search(word, result_type="hashtags").hashtags)] == [word]
    assert [each.id for each in soon(lambda: alice.search(word, result_type="statuses").statuses)] == [post.id]
    assert bob.account_search(alice.me().username)[0].id == alice.me().id
    assert bob.account_lookup(alice.me().acct).id == alice.me().id


async def test_what_is_suggested_and_what_trends(new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    for found in (client.trending_tags(), client.trending_statuses(), client.trending_links(), client.suggestions()):
        assert isinstance(found, list)


# ---------------------------------------------------------------- people


async def test_a_profile(new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    me = client.account_update_credentials(
        display_name="Alice :)",
        note="I like #tea",
        avatar=io.BytesIO(photograph(size=(500, 300))),
        avatar_mime_type="image/jpeg",
        header=io.BytesIO(picture("PNG", size=(900, 300))),
        header_mime_type="image/png",
        bot=False,
        locked=False,
        discoverable=True,
        fields=[("web", "https://example.org"), ("tea", "yes")],
    )
    assert (me.display_name, me.source.note) == ("Alice :)", "I like #tea")
    assert [field.name for field in me.fields] == ["web", "tea"]
    assert metadata(fetched(me.avatar).content) == {}
    assert fetched(me.header).headers["content-type"].startswith("image/")


async def test_follow_requests(new_person: Any) -> None:
    alice, bob, carol = [client_of(await new_person(name)) for name in ("alice", "bob", "carol")]
    alice.account_update_credentials(locked=True)
    for client in (bob, carol):
        assert client.account_follow(alice.me()).requested
    assert {each.id for each in alice.follow_requests()} == {bob.me().id, carol.me().id}
    assert alice.follow_request_authorize(bob.me()).followed_by
    assert not alice.follow_request_reject(carol.me()).followed_by
    assert [each.id for each in alice.account_followers(alice.me())] == [bob.me().id]
    assert [each.id for each in bob.account_following(bob.me())] == [alice.me().id]
    [relationship] = bob.account_relationships(alice.me())
    assert relationship.following


async def test_blocks_and_mutes(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    assert alice.account_mute(bob.me()).muting
    assert [each.id for each in alice.mutes()] == [bob.me().id]
    assert not alice.account_unmute(bob.me()).muting
    assert alice.account_block(bob.me()).blocking
    assert [each.id for each in alice.blocks()] == [bob.me().id]
    assert not alice.account_unblock(bob.me()).blocking
    assert alice.account_note_set(bob.me(), "met at a party").note == "met at a party"


async def test_notifications(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    post = alice.status_post("notice me")
    bob.account_follow(alice.me())
    bob.status_favourite(post)
    bob.status_reblog(post)
    bob.status_reply(post, "noticed")
    told = soon(lambda: len(found := alice.notifications()) == 4 and found)
    assert {each.type for each in told} == {"follow", "favourite", "reblog", "mention"}
    assert {each.account.id for each in told} == {bob.me().id}
    assert [each.type for each in alice.notifications(types=["mention"])] == ["mention"]
    assert alice.notifications(id=told[0].id).id == told[0].id
    page = alice.notifications(limit=2)
    assert [each.id for each in alice.fetch_next(page)] == [each.id for each in told[2:]]
    alice.notifications_dismiss(told[0])
    assert len(alice.notifications()) == 3
    alice.notifications_clear()
    assert alice.notifications() == []


async def test_conversations(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    bob.update_notifications_policy(for_private_mentions="accept")
    post = alice.status_post(f"@{bob.me().acct} psst", visibility="direct")
    [talk] = soon(bob.conversations)
    assert (talk.last_status.id, talk.unread) == (post.id, True)
    assert [account.id for account in talk.accounts] == [alice.me().id]
    assert not bob.conversations_read(talk).unread


async def test_markers_and_filters(new_person: Any) -> None:
    client = client_of(await new_person("alice"))
    post = client.status_post("spoilers ahead")
    assert client.markers_set("home", post)["home"].last_read_id == post.id
    assert client.markers_get("home")["home"].last_read_id == post.id
    keywords = [{"keyword": "spoilers", "whole_word": True}]
    made = client.create_filter_v2("no spoilers", ["home", "public"], "warn", keywords_attributes=keywords)
    assert [each.title for each in client.filters_v2()] == ["no spoilers"]
    assert [each.phrase for each in client.filters()] == ["spoilers"]
    [found] = soon(lambda: [each for each in client.timeline_home() if each.id == post.id])
    assert found.filtered == [], "one's own posts are never filtered"
    client.delete_filter_v2(made)
    assert client.filters_v2() == []


# ---------------------------------------------------------------- live


async def test_a_push_subscription(new_person: Any) -> None:
    alice = client_of(await new_person("alice"))
    _private, public = alice.push_subscription_generate_keys()
    made = alice.push_subscription_set("https://push.test/alice", public, mention_events=True, policy="followed")
    assert (made.endpoint, made.policy, made.alerts.mention, made.alerts.poll) == (
        "https://push.test/alice", "followed", True, False,
    )  # fmt: skip
    assert made.server_key == alice.instance().configuration.vapid.public_key
    assert alice.push_subscription().id == made.id
    assert alice.push_subscription_update(poll_events=True).alerts.poll
    alice.push_subscription_delete()
    with pytest.raises(MastodonNotFoundError):
        alice.push_subscription()


async def test_an_answer_arrives_live(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    alice.account_follow(bob.me())
    heard = Heard()
    stream = alice.stream_user(heard.listener, run_async=True)
    with listening(stream, wake=lambda: alice.status_post("bye")):
        post = alice.status_post("anybody?")
        assert heard.updates.get(timeout=10).id == post.id
        answer = bob.status_reply(post, "me!")
        assert heard.updates.get(timeout=10).id == answer.id
        told = heard.notifications.get(timeout=10)
        assert (told.type, told.status.id) == ("mention", answer.id)
        bob.status_update(answer, f"@{alice.me().acct} still me!")
        assert "still me!" in heard.edits.get(timeout=10).content
        bob.status_delete(answer)
        assert heard.deletions.get(timeout=10) == answer.id


async def test_public_and_tag_streams(new_person: Any) -> None:
    alice, bob = client_of(await new_person("alice")), client_of(await new_person("bob"))
    tag = f"live{alice.me().id}"
    everything, tagged = Heard(), Heard()
    streams = [
        alice.stream_public(everything.listener, run_async=True, local=True),
        alice.stream_hashtag(tag, tagged.listener, run_async=True),
    ]
    with listening(*streams, wake=lambda: bob.status_post(f"bye #{tag}")):
        bob.status_post(f"#{tag} for followers only", visibility="private")
        post = bob.status_post(f"#{tag} for all")
        assert everything.updates.get(timeout=10).id == post.id
        assert tagged.updates.get(timeout=10).id == post.id
