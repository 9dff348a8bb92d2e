"""Every published and generated draft-cavage vector is decided as its policy says."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from federation.errors import SignatureError
from federation.signatures import digest, draft_cavage, keys, requests, verify

VECTORS = json.loads((Path(__file__).parent / "vectors" / "cavage12.json").read_text())
OUR_HOSTS = {"example.com", "www.example.com", "local.example", "c27a97f98d5f.ngrok.app"}


def clock(vector: dict[str, Any]) -> datetime:
    if "all too old" in vector["expect"]:
        # The draft's own examples of 2014 are judged as what they are: messages that arrive years late.
        return datetime(2026, 6, 1, tzinfo=UTC)
    value = vector["now"]
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if value[:1].isdigit():
        return datetime.fromisoformat(value)
    return parsedate_to_datetime(value)


def request_of(vector: dict[str, Any]) -> requests.SignedRequest:
    body = (vector["body"] or "").encode()
    return requests.SignedRequest(vector["method"], vector["target"], tuple(vector["headers"].items()), body)


def decide(vector: dict[str, Any]) -> bool:
    request = request_of(vector)
    try:
        claims = verify.claims(request, clock(vector), hosts=OUR_HOSTS)
        if "inaccessible key" in vector["expect"]:
            raise SignatureError("no such key")
        verify.confirm(request, claims[0], keys.load_public(vector["public_key_pem"]))
    except SignatureError:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS, ids=[v["id"] for v in VECTORS])
def test_vector_is_decided_as_its_policy_says(vector: dict[str, Any]) -> None:
    decision = decide(vector)
    if vector["policy"] != "either":
        assert decision is (vector["policy"] == "accept")


@pytest.mark.parametrize("vector", VECTORS, ids=[v["id"] for v in VECTORS])
def test_vector_is_as_valid_as_the_bytes_are(vector: dict[str, Any]) -> None:
    request = request_of(vector)
    parsed = draft_cavage.parse(request)
    valid = True
    try:
        draft_cavage.confirm(request, parsed, keys.load_public(vector["public_key_pem"]))
        if request.values("digest") and vector["body"] is not None:
            digest.check(request.values("digest")[0], request.body)
    except SignatureError:
        valid = False
    assert valid is vector["crypto_valid"]
    if valid and "?" not in vector["target"]:
        assert draft_cavage.signing_string(request, parsed, request.target) == vector["signing_string"]
