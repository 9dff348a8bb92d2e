"""Signatures that cover too little, are of another time, place or request, or prove another document (4, 5, 10)."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

from federation.signatures import keys
from tests.support import raw
from tests.support.puppet import CONTEXT, PUBLIC, pair
from tests.support.siege import Siege, attacks

pytestmark = pytest.mark.anyio

PROPER = ("(request-target)", "host", "date", "digest")


def _pem(siege: Siege) -> keys.PrivateKey:
    """Pat's own key: what is wrong with these requests is something else."""
    found = next(one for one in map(pair, range(8)) if one.public_pem == siege.pat["publicKey"]["publicKeyPem"])
    return keys.load_private(found.private_pem)


def _digest(body: bytes) -> str:
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()


def _like(siege: Siege, uri: str) -> bytes:
    return orjson.dumps(siege.puppet.activity("Like", siege.pat, uri, f"l{next(siege.numbers)}"))


class Request:
    """A delivery by Pat, signed by hand. `covered` is what is signed; `headers` are sent in addition or, with a value
    of None, not."""

    def __init__(
        self,
        siege: Siege,
        body: bytes,
        *,
        covered: Sequence[str] = PROPER,
        path: str = "/inbox",
        method: str = "post",
        parameters: str = "",
        algorithm: str = "rsa-sha256",
        **headers: str | None,
    ) -> None:
        now = datetime.now(UTC)
        values = {
            "host": "example.test",
            "date": format_datetime(now, usegmt=True),
            "digest": _digest(body),
            "content-type": "application/activity+json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.fields = {name: value for name, value in values.items() if value is not None}
        pseudo = {
            "(request-target)": f"{method} {path}",
            "(created)": parameters.partition("created=")[2].partition(",")[0],
            "(expires)": parameters.partition("expires=")[2].partition(",")[0],
        }
        lines = [f"{name}: {pseudo.get(name) or self.fields.get(name, '')}" for name in covered]
        signature = base64.b64encode(keys.sign(_pem(siege), "\n".join(lines).encode())).decode()
        self.signature = (
            f'keyId="{siege.pat["publicKey"]["id"]}",algorithm="{algorithm}"{"," + parameters if parameters else ""},'
            f'headers="{" ".join(covered)}",signature="{signature}"'
        )
        self.siege, self.body = siege, body

    async def send(
        self, *more: tuple[str, str], path: bytes = b"/inbox", body: bytes | None = None, **replaced: str | None
    ) -> int:
        """The status. `more` headers are added, `replaced` ones sent in place of those signed."""
        given = {**self.fields, "signature": self.signature}
        given.update({name.replace("_", "-"): value for name, value in replaced.items()})  # type: ignore[misc]
        fields = [
            (name.encode(), value.encode()) for name, value in given.items() if value is not None and name != "host"
        ]
        fields += [(name.encode(), value.encode()) for name, value in more]
        answer = await raw.call(
            self.siege.server, "POST", path, headers=fields, body=self.body if body is None else body
        )
        return answer.status


async def _too_little_is_signed(siege: Siege) -> None:
    status = await siege.mine()
    for covered in (
        (),
        ("date",),
        ("(request-target)",),
        ("(request-target)", "host", "date"),
        ("host", "date", "digest"),
        ("(request-target)", "date", "digest"),
        ("(request-target)", "host", "digest"),
        ("(created)",),
        ("(request-target)", "host", "content-type"),
        ("(request-target)", "(request-target)", "host", "date", "digest"),
        ("(request-target)", "host", "date", "digest", "x-missing"),
        ("(request-target)", "host", "(created)", "digest"),
        ("(bogus)", *PROPER),
        ("(request-target)", "host", "(expires)", "digest"),
    ):
        assert await Request(siege, _like(siege, status["uri"]), covered=covered).send() in (400, 401), covered
    assert await siege.counts(status) == (0, 0, 0)


async def _another_body_than_was_signed(siege: Siege) -> None:
    status = await siege.mine()
    harmless, harm = orjson.dumps(siege.puppet.activity("Like", siege.pat, "x", "y")), _like(siege, status["uri"])
    signed = Request(siege, harmless)
    assert await signed.send(body=harm) == 401
    for digest in (
        _digest(harm),
        f"{_digest(harmless)},{_digest(harm)}",
        f"{_digest(harm)},{_digest(harmless)}",
        "",
        "SHA-256=",
        "MD5=" + "A" * 22,
        "SHA-1=AAAA",
        _digest(harm).lower(),
        "unixsum=1",
        "sha-256=" + "=" * 44,
    ):
        assert await signed.send(body=harm, digest=digest) in (400, 401), digest
        assert (
            await Request(siege, harmless, digest=digest).send(body=harm)
            in (400, 401, 202)[: 2 if digest != _digest(harm) else 3]
        )
    assert await signed.send(("digest", _digest(harm)), body=harm) in (400, 401)
    assert await signed.send(("digest", _digest(harm)), body=harm, digest=None) in (400, 401)
    assert await Request(siege, harm, digest="MD5=AAAA").send() in (400, 401)
    siege.before = await siege.state() if await siege.counts(status) == (1, 0, 0) else siege.before


async def _twice_the_same_header(siege: Siege) -> None:
    status = await siege.mine()
    for name in ("signature", "digest", "date", "host"):
        request = Request(siege, _like(siege, status["uri"]))
        value = request.signature if name == "signature" else request.fields[name]
        assert await request.send((name, value)) in (400, 401), name
    request = Request(siege, _like(siege, status["uri"]))
    other = request.signature.replace(siege.pat["publicKey"]["id"], siege.quinn["publicKey"]["id"])
    assert await request.send(("authorization", f"Signature {request.signature}"), signature=other) in (400, 401)
    assert await request.send(("signature-input", 'sig1=("@method");created=1;keyid="x"')) in (400, 401)
    assert await request.send(("signature-input", "")) in (202, 400, 401)
    assert await siege.counts(status) in ((0, 0, 0), (1, 0, 0))
    siege.before = await siege.state()


async def _for_another_place_or_request(siege: Siege) -> None:
    status = await siege.mine()
    for more in (
        {"host": "other.test"},
        {"host": "example.test.evil.test"},
        {"host": "example.test@evil.test"},
        {"path": "/users/bob/inbox"},
        {"method": "get"},
        {"path": "/inbox?x=1"},
        {"method": "put"},
    ):
        assert await Request(siege, _like(siege, status["uri"]), **more).send() in (400, 401), more
    request = Request(siege, _like(siege, status["uri"]))
    assert await request.send(path=b"/users/alice/inbox") == 401
    assert await siege.counts(status) == (0, 0, 0)


async def _of_another_time(siege: Siege) -> None:
    status, now = await siege.mine(), datetime.now(UTC)
    for hours in (-100_000, -13, -2, 2, 13, 100_000):
        moment = format_datetime(now + timedelta(hours=hours), usegmt=True)
        assert await Request(siege, _like(siege, status["uri"]), date=moment).send() == 401, moment
    for date in (
        "",
        "now",
        "Thu, 01 Jan 1970",
        "0",
        "Mon, 99 Feb 99999 99:99:99 GMT",
        "9" * 400,
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359",
    ):
        assert await Request(siege, _like(siege, status["uri"]), date=date).send() in (400, 401), date
    covered = ("(request-target)", "host", "(created)", "digest")
    seconds = int(now.timestamp())
    for parameters in (
        f"created={seconds - 50_000}",
        f"created={seconds + 50_000}",
        "created=0",
        "created=-1",
        "created=1e99",
        "created=99999999999999999999",
        f"created={seconds},expires={seconds - 50_000}",
        'created="x"',
    ):
        request = Request(
            siege, _like(siege, status["uri"]), covered=covered, parameters=parameters, algorithm="hs2019"
        )
        assert await request.send() in (400, 401), parameters
    assert await siege.counts(status) == (0, 0, 0)


async def _headers_that_are_no_signature(siege: Siege) -> None:
    status = await siege.mine()
    request = Request(siege, _like(siege, status["uri"]))
    good = request.signature
    for signature in (
        "",
        "x",
        good[:-1],
        good.replace('signature="', 'signature="!'),
        good.replace("rsa-sha256", "none"),
        good.replace('"', ""),
        good.replace("rsa-sha256", "hmac-sha256"),
        good + ',signature="AAAA"',
        good * 50,
        good.replace("keyId", "keyid"),
        "keyId=" * 1000,
        good.replace("algorithm", "algorithm\\"),
        good + "," + "a" * 9000,
        good + ',keyId="https://evil.test/k"',
        "=" * 5000,
        "," * 5000,
        '"' * 5000,
        good.split(",")[0],
        f"Signature {good}",
        "sig1=:AAAA:",
        good.replace('headers="(request-target) host date digest"', 'headers=""'),
    ):
        if signature != f"Signature {good}":
            assert await request.send(signature=signature) in (400, 401), signature[:100]
    for scheme in ("Bearer", "Basic", "Digest"):
        assert await request.send(("authorization", f"{scheme} {good}"), signature=None) in (400, 401)
    assert await siege.counts(status) == (0, 0, 0)


async def _message_signatures_that_cover_too_little(siege: Siege) -> None:
    status = await siege.mine()
    now, key_id = int(datetime.now(UTC).timestamp()), siege.pat["publicKey"]["id"]
    body = _like(siege, status["uri"])
    content = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    values = {
        "@method": "POST",
        "@target-uri": "https://example.test/inbox",
        "@authority": "example.test",
        "@path": "/inbox",
        "content-digest": content,
        "@scheme": "https",
        "@request-target": "/inbox",
    }
    for covered, parameters in (
        (("@method", "@target-uri"), f"created={now}"),
        (("@method", "content-digest"), f"created={now}"),
        (("@target-uri", "content-digest"), f"created={now}"),
        (("@method", "@target-uri", "content-digest"), ""),
        (("@method", "@path", "content-digest"), f"created={now}"),
        (("content-digest",), f"created={now}"),
        ((), f"created={now}"),
        (("@method", "@target-uri", "content-digest"), f"created={now - 50_000}"),
        (("@method", "@target-uri", "content-digest"), f"created={now};expires={now - 50_000}"),
        (("@method", "@target-uri", "content-digest"), f"created={now + 50_000}"),
        (("@method", "@target-uri", "content-digest"), f'created={now};alg="hmac-sha256"'),
        (("@method", "@target-uri", "content-digest"), f'created={now};alg="ed25519"'),
        (("@method", "@authority", "@scheme", "content-digest"), f"created={now}"),
        (("@method", "@method", "@target-uri", "content-digest"), f"created={now}"),
    ):
        names = " ".join(f'"{name}"' for name in covered)
        inner = ";".join(part for part in (f"({names})", parameters, f'keyid="{key_id}"') if part)
        lines = [f'"{name}": {values[name]}' for name in covered] + [f'"@signature-params": {inner}']
        made = base64.b64encode(keys.sign(_pem(siege), "\n".join(lines).encode())).decode()
        fields = [
            (b"signature-input", f"sig1={inner}".encode()),
            (b"signature", f"sig1=:{made}:".encode()),
            (b"content-digest", content.encode()),
            (b"content-type", b"application/activity+json"),
        ]
        answer = await raw.call(siege.server, "POST", b"/inbox", headers=fields, body=body)
        assert answer.status in (400, 401), (covered, parameters)
    for given in (
        "",
        "x",
        "(",
        "sig1=",
        "sig1=()",
        "sig1=(" * 500,
        'sig1=("@method";req);keyid="x"',
        "sig1=1",
        "a=" * 3000,
        ", ".join(f's{n}=("@method");keyid="x"' for n in range(100)),
    ):
        fields = [(b"signature-input", given.encode()), (b"signature", b"sig1=:AAAA:")]
        answer = await raw.call(siege.server, "POST", b"/inbox", headers=fields, body=body)
        assert answer.status in (400, 401), given[:80]
    assert await siege.counts(status) == (0, 0, 0)


async def test_04_signatures(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _too_little_is_signed,
            _another_body_than_was_signed,
            _twice_the_same_header,
            _for_another_place_or_request,
            _of_another_time,
            _headers_that_are_no_signature,
            _message_signatures_that_cover_too_little,
        )
    )


# ---------------------------------------------------------------- 5: again, and after the end


async def _the_same_request_again(siege: Siege) -> None:
    status = await siege.mine()
    request = Request(siege, _like(siege, status["uri"]))
    assert {await request.send() for _ in range(5)} == {202}
    assert await siege.counts(status) == (1, 0, 0)
    like = orjson.loads(request.body)
    undo = siege.puppet.activity("Undo", siege.pat, like, f"u{next(siege.numbers)}")
    await siege.puppet.send(siege.server, undo, siege.pat)
    assert await siege.counts(status) == (0, 0, 0)
    await request.send()
    await siege.puppet.send(siege.server, {**like, "extra": 1}, siege.pat)
    assert await siege.counts(status) == (0, 0, 0)


async def _a_follow_that_ended_is_replayed(siege: Siege) -> None:
    """The id may come again, signed anew; the very request may not."""
    path = f"/api/v1/accounts/{siege.alice.id}/followers"
    follow = siege.puppet.activity("Follow", siege.pat, siege.alice.uri, f"follow{next(siege.numbers)}")
    request = Request(siege, orjson.dumps(follow))
    assert await request.send() == 202
    await siege.settle()
    assert [one["acct"] for one in await siege.alice.get(path)] == ["pat@puppet.test"]
    undo = siege.puppet.activity("Undo", siege.pat, follow, f"undo{next(siege.numbers)}")
    await siege.puppet.send(siege.server, undo, siege.pat)
    await siege.settle()
    assert await request.send() == 202
    await siege.settle()
    assert await siege.alice.get(path) == []
    late = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    assert await Request(siege, orjson.dumps(follow), date=late).send() == 202
    await siege.settle()
    [relation] = await siege.alice.get(path)
    await siege.alice.post(f"/api/v1/accounts/{relation['id']}/remove_from_followers")
    await request.send()
    await siege.settle()
    assert await siege.alice.get(path) == []


async def _what_was_deleted_by_every_way_back(siege: Siege) -> None:
    evil = siege.villain()
    await siege.follows(siege.bob, evil.host, evil.actor)
    note = evil.host.note(evil.actor, "gone", content="<p>back again</p>")
    create = evil.host.create(note)
    await evil.sends(create)
    await siege.settle()
    assert await siege.knows(note["id"])
    await evil.says("Delete", {"type": "Tombstone", "id": note["id"]})
    await siege.settle()
    for document in (create, {**create, "id": f"{create['id']}2"}):
        await evil.sends(document)
    await evil.says("Update", {**note, "updated": "2030-01-01T00:00:00Z"})
    await evil.says("Announce", note["id"], to=[PUBLIC])
    await evil.says("Announce", note, to=[PUBLIC])
    await evil.says("Add", note["id"], target=f"{evil.uri}/featured")
    reply = evil.host.note(evil.actor, "reply", inReplyTo=note["id"], to=[PUBLIC, siege.alice.uri])
    await evil.sends(evil.host.create(reply))
    await siege.settle()
    await siege.alice.get("/api/v2/search", q=note["id"], resolve="true")
    assert not await siege.knows(note["id"])


async def _somebody_deletes_what_is_to_come(siege: Siege) -> None:
    """A Delete and an Undo before their time, by others: the genuine arrives all the same."""
    note = siege.puppet.note(siege.pat, f"later{next(siege.numbers)}")
    create = siege.puppet.create(note)
    for who in (siege.villain(), siege.neighbour()):
        for obj in (note["id"], create["id"], note, create, {"type": "Tombstone", "id": note["id"]}):
            await who.says("Delete", obj)
            await who.says("Undo", obj)
            await who.sends(
                {**who.host.activity("Delete", who.actor, obj, "d"), "id": create["id"], "actor": siege.pat["id"]}
            )
    await siege.settle()
    await siege.puppet.send(siege.server, create, siege.pat)
    await siege.settle()
    assert await siege.knows(note["id"])
    await siege.ready()


async def test_05_replay_and_resurrection(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _the_same_request_again,
            _a_follow_that_ended_is_replayed,
            _what_was_deleted_by_every_way_back,
            _somebody_deletes_what_is_to_come,
        )
    )


# ---------------------------------------------------------------- 10: documents that prove something else


async def _proofs_by_others_and_of_other_documents(siege: Siege) -> None:
    evil = siege.villain()
    key_id = evil.host.multikey(evil.actor)
    note = await siege.pats()
    forged = {**note, "content": "forged", "updated": "2030-01-01T00:00:00Z"}
    own = evil.host.note(evil.actor, "own", inReplyTo=note["id"])
    for document in (
        siege.puppet.create({**forged, "id": "https://puppet.test/notes/proven", "inReplyTo": note["id"]}),
        siege.puppet.activity("Update", siege.pat, forged, "proven1"),
        siege.puppet.activity("Delete", siege.pat, note["id"], "proven2"),
        siege.puppet.activity("Delete", siege.pat, siege.pat["id"], "proven3"),
        siege.puppet.activity("Undo", siege.pat, note["id"], "proven4"),
        siege.puppet.activity("Follow", siege.pat, siege.alice.uri, "proven5"),
    ):
        proven = evil.host.proven(document, key_id)
        await evil.sends(proven)
        for method in (
            siege.pat["publicKey"]["id"],
            f"{siege.pat['id']}#ed25519-key",
            siege.alice.uri,
            key_id + "#x",
            "",
            None,
        ):
            await evil.sends({**proven, "proof": {**proven["proof"], "verificationMethod": method}})
        await evil.sends({**proven, "proof": [proven["proof"]] * 50})
        await evil.sends({**document, "proof": {**proven["proof"], "proofPurpose": "authentication"}})
    genuine = evil.host.proven(evil.host.create(own), key_id)
    await evil.sends({**genuine, "actor": siege.pat["id"]})
    await evil.sends({**genuine, "object": forged})
    await evil.sends({**genuine, "as:object": forged, "as:actor": siege.pat["id"]})
    await siege.settle()
    assert await siege.content(note["id"]) == "<p>hello</p>"


async def _linked_data_signatures_with_another_document_inside(siege: Siege) -> None:
    evil = siege.villain()
    note = await siege.pats()
    signature = {
        "type": "RsaSignature2017",
        "creator": siege.pat["publicKey"]["id"],
        "created": "2026-01-01T00:00:00Z",
        "signatureValue": base64.b64encode(b"x" * 256).decode(),
    }
    delete = siege.puppet.activity("Delete", siege.pat, note["id"], "ld")
    for more in (
        {"@graph": [delete]},
        {"@included": [delete]},
        {"@reverse": {"object": delete}},
        {"@context": "https://evil.test/c"},
        {"@context": [*CONTEXT, {"actor": "@id", "object": {"@reverse": "as:object"}}]},
        {"@context": {"@vocab": "x:"}},
        {"@context": [CONTEXT[0]] * 2000},
        {"@id": note["id"]},
        {"@nest": {"object": note["id"]}},
    ):
        for key in (siege.pat["publicKey"]["id"], evil.actor["publicKey"]["id"], 7):
            await evil.sends(
                {
                    **delete,
                    **more,
                    "id": f"https://puppet.test/ld{next(siege.numbers)}",
                    "signature": {**signature, "creator": key},
                }
            )
    odd: Any
    for odd in (
        {},
        [],
        "x",
        {"type": []},
        {**signature, "signatureValue": "!"},
        {**signature, "signatureValue": 7},
        [signature] * 100,
    ):
        await evil.sends({**delete, "id": f"https://puppet.test/ld{next(siege.numbers)}", "signature": odd})
    await siege.settle()
    assert await siege.knows(note["id"])
    assert not [url for _, url in siege.server.network.seen if url.startswith("https://evil.test/c")]


async def _names_that_are_two(siege: Siege) -> None:
    """A property given twice, in two spellings, or in a context that renames it."""
    evil = siege.villain()
    note, status = await siege.pats(), await siege.mine()
    pat, mallory = siege.pat["id"], evil.uri
    for text in (
        f'{{"type":"Like","actor":"{mallory}","actor":"{pat}","object":"{status["uri"]}"}}',
        f'{{"type":"Like","actor":"{pat}","actor":"{mallory}","object":"{note["id"]}"}}',
        f'{{"type":"Delete","actor":"{mallory}","object":"{note["id"]}","object":"{note["id"]}"}}',
        f'{{"type":"Delete","actor":"{mallory}","as:actor":"{pat}","object":"{note["id"]}"}}',
        f'{{"@type":"Delete","type":"Like","@id":"{note["id"]}","actor":"{mallory}","object":"{note["id"]}"}}',
        f'{{"@context":{{"who":"as:actor","actor":"as:object"}},"type":"Delete","who":"{pat}","actor":"{mallory}","object":"{note["id"]}"}}',
        f'{{"@graph":[{{"type":"Delete","actor":"{pat}","object":"{note["id"]}"}}],"type":"Like","actor":"{mallory}","object":"x"}}',
        f'{{"type":["Like","Delete"],"actor":["{mallory}","{pat}"],"object":"{note["id"]}"}}',
        f'{{"type":"Create","actor":"{mallory}","object":{{"id":"{note["id"]}","id":"{mallory}/n","type":"Note","content":"forged","attributedTo":"{mallory}"}}}}',
        f'{{"type":"Update","actor":"{mallory}","object":{{"id":"{mallory}/n","@id":"{note["id"]}","type":"Note","content":"forged","attributedTo":"{mallory}","updated":"2030-01-01T00:00:00Z"}}}}',
    ):
        await evil.raw(text.encode())
    await siege.settle()
    assert await siege.content(note["id"]) == "<p>hello</p>"
    assert all(
        "@evil" in one["acct"] for one in await siege.alice.get(f"/api/v1/statuses/{status['id']}/favourited_by")
    )


async def test_10_documents_that_prove_something_else(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _proofs_by_others_and_of_other_documents,
            _linked_data_signatures_with_another_document_inside,
            _names_that_are_two,
        )
    )
