"""Signing what we send, and refusing what does not prove enough."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import SignatureError
from federation.signatures import digest, draft_cavage, keys, requests

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY_ID = "https://remote.test/users/bob#main-key"
RSA = keys.generate_rsa()
ED25519 = keys.generate_ed25519()
HOSTS = {"local.test"}


def signed(outgoing: requests.Outgoing, pair: keys.Pair = RSA, now: datetime = NOW) -> requests.SignedRequest:
    headers = draft_cavage.sign(outgoing, keys.load_private(pair.private_pem), KEY_ID, now)
    parts = urlsplit(outgoing.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return requests.SignedRequest(outgoing.method, target, tuple(headers.items()), outgoing.body or b"")


def post(**changes: object) -> requests.Outgoing:
    values: dict[str, object] = {"method": "POST", "url": "https://local.test/inbox", "body": b'{"a":1}'}
    return requests.Outgoing(**{**values, **changes})  # type: ignore[arg-type]


def get(url: str = "https://local.test/users/alice") -> requests.Outgoing:
    return requests.Outgoing(method="GET", url=url)


def check(request: requests.SignedRequest, pair: keys.Pair = RSA, now: datetime = NOW) -> draft_cavage.Parsed:
    parsed = draft_cavage.claim(request, now, hosts=HOSTS)
    draft_cavage.confirm(request, parsed, keys.load_public(pair.public_pem))
    return parsed


def with_header(request: requests.SignedRequest, name: str, value: str | None) -> requests.SignedRequest:
    kept = tuple((key, old) for key, old in request.headers if key.lower() != name.lower())
    headers = kept if value is None else (*kept, (name, value))
    return requests.SignedRequest(request.method, request.target, headers, request.body)


@pytest.mark.parametrize("pair", [RSA, ED25519], ids=["rsa", "ed25519"])
@pytest.mark.parametrize("outgoing", [post(), get(), get("https://local.test/outbox?page=true")], ids=str)
def test_what_we_sign_verifies(pair: keys.Pair, outgoing: requests.Outgoing) -> None:
    assert check(signed(outgoing, pair), pair).key_id == KEY_ID


def test_the_header_has_the_one_spelling_every_parser_reads() -> None:
    headers = dict(signed(post()).headers)
    assert headers["Date"] == "Mon, 01 Jun 2026 12:00:00 GMT"
    assert headers["Digest"] == digest.header(b'{"a":1}')
    assert headers["Content-Type"] == "application/activity+json"
    beginning = f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="(request-target) host date digest content-type",'
    assert headers["Signature"].startswith(beginning + 'signature="')
    assert ", " not in headers["Signature"]


def test_a_get_signs_target_host_and_date_and_has_no_digest() -> None:
    headers = dict(signed(get()).headers)
    assert 'headers="(request-target) host date"' in headers["Signature"]
    assert headers.keys() == {"Host", "Date", "Signature"}


def test_the_host_carries_a_port_only_when_it_is_not_the_default() -> None:
    key = keys.load_private(ED25519.private_pem)
    urls = {
        "https://local.test:443/x": "local.test",
        "http://Local.test:80/x": "local.test",
        "http://a.localhost:8000/x": "a.localhost:8000",
    }
    for url, host in urls.items():
        assert draft_cavage.sign(get(url), key, KEY_ID, NOW)["Host"] == host


@pytest.mark.parametrize("url", ["ftp://x.test/", "https://u:p@x.test/", "https://x.test/ä", "/inbox"])
def test_a_url_that_would_be_changed_on_the_way_is_not_signed(url: str) -> None:
    with pytest.raises(ValueError):
        draft_cavage.sign(get(url), keys.load_private(ED25519.private_pem), KEY_ID, NOW)


def test_extra_headers_are_sent_and_covered() -> None:
    request = signed(post(extra={"Collection-Synchronization": 'collectionId="https://x.test/f"'}))
    assert "collection-synchronization" in check(request).headers
    with pytest.raises(SignatureError):
        check(with_header(request, "Collection-Synchronization", "other"))


def test_a_signature_without_the_query_is_accepted_and_can_be_made() -> None:
    request = signed(requests.Outgoing(method="GET", url="https://local.test/x?page=1", with_query=False))
    assert check(request)


def test_another_key_does_not_verify() -> None:
    with pytest.raises(SignatureError, match="does not match"):
        check(signed(post()), ED25519)


@pytest.mark.parametrize("minutes", [-61, 61])
def test_a_date_more_than_an_hour_away_is_refused(minutes: int) -> None:
    with pytest.raises(SignatureError, match="too far"):
        check(signed(post()), now=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [-59, 59])
def test_a_date_within_the_hour_is_accepted(minutes: int) -> None:
    assert check(signed(post()), now=NOW + timedelta(minutes=minutes))


def test_a_tampered_body_is_refused_before_any_key_is_needed() -> None:
    request = signed(post())
    tampered = requests.SignedRequest(request.method, request.target, request.headers, b"{}")
    with pytest.raises(SignatureError, match="digest"):
        draft_cavage.claim(tampered, NOW, hosts=HOSTS)


def test_a_request_for_another_host_is_refused() -> None:
    with pytest.raises(SignatureError, match="another host"):
        draft_cavage.claim(signed(post(url="https://elsewhere.test/inbox")), NOW, hosts=HOSTS)


@pytest.mark.parametrize("name", ["Host", "Date", "Digest"])
def test_a_repeated_header_that_matters_is_refused(name: str) -> None:
    request = signed(post())
    doubled = requests.SignedRequest(
        request.method, request.target, (*request.headers, (name, dict(request.headers)[name])), request.body
    )
    with pytest.raises(SignatureError, match="exactly one"):
        draft_cavage.claim(doubled, NOW, hosts=HOSTS)


def test_two_signatures_are_malformed() -> None:
    request = signed(post())
    doubled = requests.SignedRequest(
        request.method, request.target, (*request.headers, ("signature", "x")), request.body
    )
    with pytest.raises(SignatureError) as caught:
        draft_cavage.claim(doubled, NOW, hosts=HOSTS)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("", 400),
        ("nonsense", 400),
        ('keyId="a"', 400),
        ('keyId="a",signature="AAAA",keyId="b"', 400),
        ('keyId="a",signature="AA A"', 400),
        ('keyId="a",signature="AAAA",headers="date date"', 400),
        ('keyId="a",signature="AAAA",headers=""', 400),
        ('keyId="a",signature=AAAA', 400),
        ('keyId="a"signature="AAAA"', 400),
        (f'keyId="{"a" * 3000}",signature="AAAA"', 400),
        ('keyId="a",signature="AAAA",x="' + "y" * 9000 + '"', 400),
        ('keyId="a",signature="AAAA",algorithm="hmac-sha256",headers="(request-target) host date digest"', 401),
        ('keyId="a",signature="AAAA",algorithm="rsa-sha1",headers="(request-target) host date digest"', 401),
        ('keyId="a",signature="AAAA"', 401),
        ('keyId="a",signature="AAAA",headers="(request-target) host (created) digest",created="soon"', 400),
        ('keyId="a",signature="AAAA",headers="(request-target) host (created) digest"', 400),
    ],
)
def test_malformed_is_400_and_weak_is_401(value: str, status: int) -> None:
    with pytest.raises(SignatureError) as caught:
        draft_cavage.claim(with_header(signed(post()), "Signature", value), NOW, hosts=HOSTS)
    assert caught.value.status == status


def test_an_unsigned_request_is_401() -> None:
    with pytest.raises(SignatureError) as caught:
        draft_cavage.claim(with_header(signed(post()), "Signature", None), NOW, hosts=HOSTS)
    assert caught.value.status == 401


def test_a_signed_header_that_is_missing_does_not_count_as_empty() -> None:
    request = signed(post(extra={"X-Extra": "1"}))
    with pytest.raises(SignatureError, match="missing"):
        check(with_header(request, "X-Extra", None))


@given(st.text(max_size=300))
def test_no_signature_header_raises_anything_else(value: str) -> None:
    request = requests.SignedRequest("POST", "/inbox", (("Host", "local.test"), ("Signature", value)), b"")
    with pytest.raises(SignatureError):
        draft_cavage.claim(request, NOW, hosts=HOSTS)


@given(st.text(max_size=200), st.binary(max_size=50))
def test_no_digest_raises_anything_else(value: str, body: bytes) -> None:
    with pytest.raises(SignatureError):
        digest.check(value, body)


def test_digest_accepts_any_case_and_sha512_alone_but_no_disagreement() -> None:
    body = b"hello"
    sha256 = digest.header(body)
    digest.check(sha256.lower().split("=", 1)[0] + "=" + sha256.split("=", 1)[1], body)
    sha512 = "SHA-512=" + base64.b64encode(hashlib.sha512(body).digest()).decode()
    digest.check(sha512, body)
    digest.check(f"{sha256},{sha512},md5=AAAA", body)
    with pytest.raises(SignatureError):
        digest.check(f"{sha256},SHA-512=AAAA", body)


def pkcs1(pem: str) -> str:
    key = serialization.load_pem_public_key(pem.encode())
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()


@pytest.mark.parametrize(
    "respell",
    [
        lambda pem: pem,
        lambda pem: pem.strip(),
        lambda pem: f"\n\n  {pem}  \n",
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.replace("\n", "\\n"),
        lambda pem: pem.replace("\n", " "),
        lambda pem: "".join(pem.splitlines()),
        pkcs1,
        lambda pem: keys.multikey(keys.load_public(pem)),
    ],
)
def test_every_spelling_of_a_public_key_loads(respell: object) -> None:
    loaded = keys.load_public(respell(RSA.public_pem))  # type: ignore[operator]
    assert keys.public_pem(loaded) == RSA.public_pem


def test_an_ed25519_multikey_has_the_known_prefix_and_loads() -> None:
    text = keys.multikey(keys.load_public(ED25519.public_pem))
    assert text.startswith("z6Mk")
    assert keys.public_pem(keys.load_public(text)) == ED25519.public_pem


def spki(key: rsa.RSAPublicKey | dsa.DSAPublicKey) -> str:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def test_keys_of_other_kinds_and_hostile_sizes_are_refused() -> None:
    huge_exponent = rsa.RSAPublicNumbers(2**64 + 13, keys.load_private(RSA.private_pem).public_key().public_numbers().n)  # type: ignore[union-attr]
    too_long = rsa.RSAPublicNumbers(65537, 2**8300 + 1)
    for text in (
        spki(huge_exponent.public_key()),
        spki(too_long.public_key()),
        spki(dsa.generate_private_key(1024).public_key()),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----",
        RSA.private_pem,
        "z" + "0" * 20,
        "z" + "1" * 5000,
        "x" * 20_000,
        "",
    ):
        with pytest.raises(SignatureError):
            keys.load_public(text)


@given(st.text(max_size=400))
def test_no_text_makes_loading_raise_anything_else(text: str) -> None:
    for candidate in (text, "z" + text, f"-----BEGIN PUBLIC KEY-----{text}-----END PUBLIC KEY-----"):
        with pytest.raises(SignatureError):
            keys.load_public(candidate)
