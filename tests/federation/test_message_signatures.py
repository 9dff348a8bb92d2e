"""RFC 9421 at the inbox, and parsers that meet bytes of strangers."""

import base64
import time
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.errors import SignatureError
from federation.signatures import digest, keys, linked_data, proofs, rfc9421, structured, synchronization, verify
from federation.signatures.requests import SignedRequest
from storage import inbox
from tests.federation.test_signatures import ED25519, NOW, RSA
from tests.support.puppet import JSON, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stage(server: Node) -> tuple[Node, Person, Puppet, JSON]:
    alice, peer = await server.person("alice"), Puppet(server.network, "peer.test")
    return server, alice, peer, peer.actor("eve")


async def _kept(server: Node, document: JSON) -> bool:
    async with server.db.read() as conn:
        return await inbox.known(conn, inbox.of_actor(document["id"], document["actor"]))


async def test_a_follow_signed_the_new_way_is_a_follow(stage: Any) -> None:
    server, alice, peer, eve = stage
    answer = await peer.send(server, peer.activity("Follow", eve, alice.uri, "f"), eve, scheme="rfc9421")
    assert answer.status_code == 202
    await drain(server)
    assert [one["type"] for one in peer.inbox] == ["Accept"]


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_a_key_of_the_new_kind_signs_too(stage: Any, scheme: str) -> None:
    server, alice, peer, eve = stage
    key_id = peer.multikey(eve)
    follow = peer.activity("Follow", eve, alice.uri, "f")
    assert (await peer.send(server, follow, eve, scheme=scheme, key_id=key_id)).status_code == 202
    assert await _kept(server, follow)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"content_digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}, 401),
        ({"content_digest": "SHA-256=oops"}, 400),
        ({"content_digest": None}, 401),
        ({"host": "elsewhere.test"}, 401),
        ({"content_type": "application/ld+json"}, 401),
        ({"signature": "sig1=:eHh4:"}, 401),
        ({"signature": "other=:eHh4:"}, 400),
        ({"signature": "sig1="}, 400),
        (
            {
                "signature_input": 'sig1=("@method" "@target-uri");created=1;keyid="https://peer.test/users/eve#main-key"'
            },
            401,
        ),
        ({"signature_input": "sig1=("}, 400),
        ({"signature_input": 'sig1=("@method" "@target-uri" "@nonsense");keyid="x"'}, 401),
        ({"signature_input": "x" * 9000}, 400),
    ],
    ids=str,
)
async def test_what_was_changed_on_the_way_is_refused(stage: Any, changes: dict[str, str], status: int) -> None:
    server, alice, peer, eve = stage
    follow = peer.activity("Follow", eve, alice.uri, "f")
    answer = await peer.send(server, follow, eve, scheme="rfc9421", **changes)
    assert answer.status_code == status
    assert not await _kept(server, follow)
    assert (await peer.send(server, follow, eve, scheme="rfc9421")).status_code == 202


async def test_a_signature_for_another_address_is_refused(stage: Any) -> None:
    server, alice, peer, eve = stage
    follow = peer.activity("Follow", eve, alice.uri, "f")
    sent: list[Any] = []

    class Recorder:
        base_url = server.base_url

        class client:
            @staticmethod
            async def post(path: str, **more: Any) -> None:
                sent.append(more)

    await peer.send(Recorder, follow, eve, scheme="rfc9421")
    moved = await server.client.post("/users/alice/inbox", **sent[0])
    assert moved.status_code == 401
    assert (await server.client.post("/inbox", **sent[0])).status_code == 202


async def test_of_several_signatures_one_that_is_good_is_enough(stage: Any) -> None:
    server, alice, peer, eve = stage
    follow = peer.activity("Follow", eve, alice.uri, "f")
    other = peer.actor("mallory")
    covered, key_id = '("@method" "@target-uri" "content-digest")', other["publicKey"]["id"]
    bogus = f'bogus={covered};created={int(time.time())};keyid="{key_id}"'
    body, made = orjson.dumps(follow), {}

    class Recorder:
        base_url = server.base_url

        class client:
            @staticmethod
            async def post(path: str, *, content: bytes, headers: dict[str, str]) -> None:
                made.update(headers)

    await peer.send(Recorder, follow, eve, scheme="rfc9421")
    made["Signature-Input"] = f"{bogus}, {made['Signature-Input']}"
    made["Signature"] = f"bogus=:eHh4:, {made['Signature']}"
    assert (await server.client.post("/inbox", content=body, headers=made)).status_code == 202


async def test_who_sends_the_new_headers_is_judged_by_them_alone(stage: Any) -> None:
    server, alice, peer, eve = stage
    follow = peer.activity("Follow", eve, alice.uri, "f")
    answer = await peer.send(server, follow, eve, signature_input='sig1=("@method");created=1;keyid="x"')
    assert answer.status_code == 400


# ---------------------------------------------------------------- parsers: nothing but their own error, in bounded time

HEADER = st.text(st.characters(max_codepoint=255), max_size=300) | st.text('sig1=(")@method;:=?,a0 \\\t', max_size=200)
JSON_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(HEADER)
@example("a=" + "(" * 4000)
@example("a=" + '"\\' * 4000)
@example("a=:" + "A" * 8000)
@example("a=1" + ";b" * 4000)
@example(", " * 4000)
def test_structured_fields_fail_in_one_way_and_soon(text: str) -> None:
    began = time.perf_counter()
    try:
        found = structured.dictionary(text)
    except SignatureError as exc:
        refused = exc.status
    else:
        refused = 400
        again = ", ".join(f"{name}={structured.serialise(member)}" for name, member in found.items())
        assert structured.dictionary(again) == found
    assert refused == 400
    assert time.perf_counter() - began < 0.5


@given(HEADER, HEADER, HEADER)
def test_signatures_of_strangers_fail_in_one_way(first: str, second: str, third: str) -> None:
    headers = (("Host", "local.test"), ("Signature-Input", first), ("Signature", second), ("Content-Digest", third))
    with pytest.raises(SignatureError) as caught:
        verify.claims(SignedRequest("POST", "/inbox", headers, b"{}"), NOW, hosts={"local.test"})
    assert caught.value.status in (400, 401)


@given(HEADER)
def test_the_other_headers_are_read_or_left(text: str) -> None:
    rfc9421.challenge(text)
    synchronization.parse(text)
    try:
        digest.check_content(text, b"{}")
    except SignatureError:
        pass


@given(st.dictionaries(st.sampled_from(("@context", "proof", "signature", "id", "x")), JSON_VALUES))
def test_documents_of_strangers_have_a_proof_or_none(document: JSON) -> None:
    from_key = _public(ED25519.public_pem)
    document["proof"] = [
        document.get("proof"),
        {**_PROOF, "created": document.get("x"), "@context": document.get("id")},
    ]
    found = proofs.find(document)
    assert found is not None
    with pytest.raises(SignatureError):
        proofs.verify(document, found, from_key, NOW)
    linked_data.find(document)


_PROOF = {
    "type": proofs.TYPE,
    "cryptosuite": proofs.SUITE,
    "verificationMethod": "https://peer.test/users/eve#ed25519-key",
    "proofPurpose": proofs.PURPOSE,
    "proofValue": "z" + "2" * 86,
}


def _public(pem: str) -> Any:
    return keys.load_public(pem)


async def test_a_document_made_to_take_for_ever_is_refused_soon() -> None:
    """Canonical forms of graphs whose nodes cannot be told apart take exponential time."""
    ring = [{"type": "Note", "tag": [{"name": "x"}, {"name": "x"}]} for _ in range(200)]
    names = {"@context": "https://www.w3.org/ns/activitystreams", "tag": ["_:a", "_:b"]}
    hostile: list[JSON] = [{"tag": ring}, names, {"id": "x" * 20_000}, {"a": {"@graph": []}}]
    for document in hostile:
        began = time.perf_counter()
        with pytest.raises(SignatureError):
            await linked_data.verify(document, linked_data.Signature("x", b""), _public(RSA.public_pem))
        assert time.perf_counter() - began < 1
