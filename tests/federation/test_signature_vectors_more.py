"""Published and generated vectors of every other kind of signature are decided as their policy says."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from federation.errors import SignatureError
from federation.signatures import keys, linked_data, proofs, rfc9421, synchronization, verify
from federation.signatures.requests import SignedRequest

pytestmark = pytest.mark.anyio

DIRECTORY = Path(__file__).parent / "vectors"
OUR_HOSTS = {"example.com", "www.example.com", "local.example"}


def load(name: str) -> Any:
    return json.loads((DIRECTORY / name).read_text())


MESSAGES = load("rfc9421.json")
PROOFS = load("eddsa-jcs-2022.json")
LINKED = load("ld-signatures-rsa2017.json")


def request_of(vector: dict[str, Any]) -> SignedRequest:
    body = (vector["body"] or "").encode()
    return SignedRequest(vector["method"], vector["target"], tuple(vector["headers"].items()), body)


def decide(vector: dict[str, Any]) -> bool:
    request = request_of(vector)
    try:
        claims = verify.claims(request, datetime.fromisoformat(vector["now"]), hosts=OUR_HOSTS)
    except SignatureError:
        return False
    if "inaccessible key" in vector["expect"]:
        return False
    for claim in claims:
        try:
            verify.confirm(request, claim, keys.load_public(vector["public_key_pem"]))
        except SignatureError:
            continue
        return True
    return False


@pytest.mark.parametrize("vector", MESSAGES, ids=[v["id"] for v in MESSAGES])
def test_a_message_signature_is_decided_as_its_policy_says(vector: dict[str, Any]) -> None:
    decision = decide(vector)
    if vector["policy"] != "either":
        assert decision is (vector["policy"] == "accept")


@pytest.mark.parametrize("vector", MESSAGES, ids=[v["id"] for v in MESSAGES])
def test_what_a_message_signature_signs_is_built_byte_for_byte(vector: dict[str, Any]) -> None:
    expected = list(vector.get("signature_base", {}).values())
    if any("@status" in base for base in expected):
        pytest.skip("a response")
    request = request_of(vector)
    assert [rfc9421.base(request, parsed) for parsed in rfc9421.parse(request)] == expected


@pytest.mark.parametrize("vector", PROOFS, ids=[v["id"] for v in PROOFS])
def test_a_proof_is_decided_as_its_policy_says(vector: dict[str, Any]) -> None:
    document = vector["document"]
    found = proofs.find(document)
    if found is None:
        assert vector["policy"] == "either"
        return
    text = vector.get("publicKeyMultibase") or vector["verified_by_us"].rpartition(" ")[2]
    now = datetime.fromisoformat(found.options["created"])
    try:
        proofs.verify(document, found, keys.load_public(text), now)
        decision = True
    except SignatureError:
        decision = False
    assert decision is (vector["policy"] == "accept")


@pytest.mark.parametrize("vector", LINKED, ids=[v["id"] for v in LINKED])
async def test_a_linked_data_signature_is_decided_as_its_policy_says(vector: dict[str, Any]) -> None:
    found = linked_data.find(vector["document"])
    assert found is not None
    try:
        await linked_data.verify(vector["document"], found, keys.load_public(vector["public_key_pem"]))
        decision = True
    except SignatureError:
        decision = False
    assert decision is (vector["policy"] == "accept")


@pytest.mark.parametrize("vector", load("fep-8fcf-digests.json"), ids=lambda v: v["digest"][:8])
def test_followers_digests_are_as_published(vector: dict[str, Any]) -> None:
    assert synchronization.digest(vector["followers"]) == vector["digest"]


def test_the_keys_of_the_generated_vectors_are_read_and_written_as_they_stand() -> None:
    generated = load("generated_keys.json")
    for name in ("rsa2048", "ed25519"):
        pair = generated[name]
        public = keys.load_public(pair["public_key_pem"])
        assert keys.public_pem(public) == pair["public_key_pem"]
        assert keys.verifies(public, keys.sign(keys.load_private(pair["private_key_pem"]), b"x"), b"x")
        if "publicKeyMultibase" in pair:
            assert keys.multikey(public) == pair["publicKeyMultibase"]
            assert keys.load_public(pair["publicKeyMultibase"]) == public


def test_a_proof_of_ours_is_verified_and_breaks_with_the_document() -> None:
    pair = load("generated_keys.json")["ed25519"]
    private, public = keys.load_private(pair["private_key_pem"]), keys.load_public(pair["public_key_pem"])
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    document = {"@context": "https://www.w3.org/ns/activitystreams", "id": "https://a.test/1", "type": "Create"}
    made = proofs.attach(document, private, "https://a.test/users/alice#ed25519-key", now)  # type: ignore[arg-type]
    found = proofs.find(made)
    assert found is not None
    assert found.options["@context"] == made["@context"] == [document["@context"], proofs.CONTEXT]
    proofs.verify(made, found, public, now)
    with pytest.raises(SignatureError):
        proofs.verify({**made, "type": "Delete"}, found, public, now)
