"""What caches keep (38), what the software is made of (39), and secrets: weak ones, open ones, keys at rest (40)."""

import re
import secrets
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from federation.signatures import keys as key_pairs
from federation.vault import CannotOpen, Vault, is_sealed
from fedi import config_sources, secret, strength
from fedi.cli import main
from fedi.config import ConfigError
from fedi.services import sealing
from storage import keys
from storage.db import Database
from tests.support.browser import browser
from tests.support.database import Databases
from tests.support.network import Network
from tests.support.puppet import Puppet
from tests.support.servers import SECRET, Node, drain, node
from tests.support.siege import Siege, attacks

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
ACTIVITY = {"Accept": "application/activity+json"}


# ---------------------------------------------------------------- 38: what caches keep


def _kept(answer: httpx.Response) -> bool:
    caching = answer.headers.get("cache-control", "")
    return "no-store" not in caching and "private" not in caching


def _varies(answer: httpx.Response, *names: str) -> bool:
    said = {name.strip().lower() for name in answer.headers.get("vary", "").split(",")}
    return {name.lower() for name in names} <= said


async def _a_cache_in_front(siege: Siege) -> None:
    """A follower elsewhere fetches by signature; whoever comes after them through the same cache gets none of it."""
    evil, other = siege.villain(), siege.villain(key=4)
    await evil.says("Follow", siege.alice.uri)
    await other.says("Like", "https://x.test/1")
    await siege.settle()
    public = await siege.mine("for all")
    private = await siege.mine("for followers", visibility="private")
    for status in (public, private):
        path = status["uri"].removeprefix(siege.server.base_url)
        for address in (path, *(f"{path}/{part}" for part in ("activity", "replies", "likes", "shares"))):
            theirs = await evil.host.get(siege.server, address, evil.actor)
            siege.answers.append(theirs.status_code)
            assert theirs.status_code == 200, address
            assert _varies(theirs, "Accept", "Signature"), address
            assert _kept(theirs) <= (status is public), address
            tag = theirs.headers.get("etag", '"x"')
            for headers in (ACTIVITY, {**ACTIVITY, "If-None-Match": tag}, {**ACTIVITY, "If-None-Match": "*"}):
                nobody = await siege.server.client.get(address, headers=headers)
                stranger = await other.host.get(siege.server, address, other.actor, **headers)
                for answer in (nobody, stranger):
                    siege.answers.append(answer.status_code)
                    assert answer.status_code in ((200, 304) if status is public else (404,)), (address, headers)
                    assert _kept(answer) <= (status is public), address
                    assert _varies(answer, "Signature"), address
            # A signature that is no good changes nothing for whoever comes next.
            broken = await siege.server.client.get(
                address, headers={**ACTIVITY, "Signature": 'keyId="x",signature="eA=="'}
            )
            assert _kept(broken) <= (broken.content == nobody.content), address


async def _what_a_token_or_cookie_was_shown(siege: Siege) -> None:
    """However the token is shown, and whatever is behind the address to make a cache take it for a picture."""
    token = siege.alice.token
    for path in (
        "/api/v1/timelines/home",
        "/api/v1/notifications",
        "/api/v1/accounts/verify_credentials",
        "/api/v1/timelines/public",
        "/api/v1/preferences",
        "/api/v1/fedi/preferences",
        f"/api/v1/accounts/{siege.alice.id}",
        "/api/v2/search?q=alice",
        "/api/v1/trends/tags",
    ):
        for suffix in ("", "?x.css", "/"):
            joint = "&" if "?" in path + suffix else "?"
            for answer in (
                await siege.alice.call("GET", f"{path}{suffix}" if "?" not in path else path),
                await siege.server.client.get(
                    f"{path}{suffix}{joint}access_token={token}" if "?" not in path else path
                ),
            ):
                siege.answers.append(answer.status_code)
                if answer.status_code == 200 and "authorization" in answer.request.headers:
                    assert not _kept(answer), path
                if "access_token" in str(answer.request.url):
                    assert not _kept(answer), path
                assert _varies(answer, "Authorization"), path
    async with browser(siege.server) as window:
        await window.log_in("alice")
        for path in ("/", "/auth/sessions", "/auth/sessions/x.css", "/@alice", "/auth/move", "/severed_relationships",
                     "/auth/subscribers", "/disputes/strikes", "/settings.css", "/@alice.css"):  # fmt: skip
            answer = await window.open(path)
            siege.answers.append(answer.status_code)
            assert not _kept(answer), path


async def test_38_what_caches_keep(siege: Siege) -> None:
    await siege.hold(attacks(_a_cache_in_front, _what_a_token_or_cookie_was_shown))


# ---------------------------------------------------------------- 39: what it is made of

# The least versions without a published weakness that concerns us (security advisories of mid 2026).
FLOORS = {
    "starlette": (1, 3, 1),
    "pillow": (11, 3, 0),
    "cryptography": (44, 0, 1),
    "h11": (0, 16, 0),
    "httptools": (0, 6, 4),
    "jinja2": (3, 1, 6),
    "uvicorn": (0, 31, 0),
    "orjson": (3, 9, 15),
    "nh3": (0, 2, 18),
    "idna": (3, 7, 0),
}


def _pins(name: str) -> dict[str, str]:
    return dict(
        re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("name", ["server.txt", "run.txt", "dev.txt"])
def test_39_what_is_installed_is_locked_by_its_hashes_and_new_enough(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert not re.search(r"--(?:extra-)?index-url|--find-links|--trusted-host|git\+|https?://", text)
    entries = [each for each in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE) if "==" in each]
    assert all("--hash=sha256:" in each for each in entries)
    assert not re.search(r"--hash=(?!sha256:[0-9a-f]{64}\b)", text)
    pins = _pins(name)
    for package, floor in FLOORS.items():
        version = tuple(int(part) for part in re.findall(r"\d+", pins[package])[:3])
        assert version >= floor, (package, pins[package])
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert not {"brotli", "brotlicffi", "zstandard", "python-magic", "lxml", "pyyaml"} & {
        re.split(r"[^a-z0-9-]", each.lower())[0] for each in wanted
    }, "no decoder or parser that nobody needs"


def test_39_whatever_installs_it_checks_the_hashes() -> None:
    for name in ("Dockerfile", "scripts/bootstrap.py", "docs/operating.md"):
        text = (ROOT / name).read_text()
        assert "--require-hashes" in text, name
    image = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER ", image, re.MULTILINE), "the image does not run as root"
    assert "curl" not in image
    compose = (ROOT / "compose.yaml").read_text()
    for wanted in ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", "pids_limit", "mem_limit"):
        assert wanted in compose
    unit = (ROOT / "deploy" / "fedi.service").read_text()
    for wanted in (
        "NoNewPrivileges=",
        "ProtectSystem=strict",
        "PrivateTmp=",
        "CapabilityBoundingSet=",
        "SystemCallFilter=",
    ):
        assert wanted in unit


# ---------------------------------------------------------------- 40: secrets

WEAK = (
    "short",
    "x" * 31,
    "x" * 64,
    "ab" * 32,
    "0123456789" * 4,
    "changeme-changeme-changeme-changeme!",
    "CHANGE_ME_please_this_is_not_a_secret",
    "your-secret-key-goes-here-1234567890",
    "this-is-an-example-of-a-long-key-0987",
    "correct horse PASSWORD staple 0987654",
    "insecure-default-development-key-42xyz",
    "dGhpc2lzYW5leGFtcGxlLWV4YW1wbGUtZXhhbXBsZQ" + "example",
    "deadbeef" * 8,
    "placeholder-placeholder-placeholder-12",
)
REAL = {"FEDI_BASE_URL": "https://social.example.org"}


@pytest.mark.parametrize("weak", WEAK)
def test_40_it_does_not_start_with_a_secret_that_can_be_guessed(weak: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FEDI_SECRET_KEY") as refused:
        config_sources.load({**REAL, "FEDI_SECRET_KEY": weak})
    assert weak not in str(refused.value)
    file = tmp_path / secret.FILE_NAME
    file.write_text(weak)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="FEDI_SECRET_KEY"):
        secret.root(config_sources.load({**REAL, "FEDI_DATA_DIR": str(tmp_path)}))


def test_40_what_people_make_with_a_generator_is_taken() -> None:
    for made in (
        secrets.token_hex(32),
        secrets.token_urlsafe(32),
        secrets.token_hex(16),
        "Ulb3-pVq9-Xw2n-Rt7k-Zm4c-Hd8j-Gs1f",
    ):
        assert strength.fault(made, development=False) is None
        config_sources.load({**REAL, "FEDI_SECRET_KEY": made})


def test_40_secrets_that_others_may_read_keep_it_from_starting(tmp_path: Path) -> None:
    good = "Ulb3-pVq9-Xw2n-Rt7k-Zm4c-Hd8j-Gs1f"
    file, toml = tmp_path / "s", tmp_path / "fedi.toml"
    file.write_text(good)
    toml.write_text(f'base_url = "https://social.example.org"\nsecret_key = "{good}"\n')
    generated = tmp_path / "data"
    generated.mkdir()
    (generated / secret.FILE_NAME).write_text(good)
    for mode, refused in ((0o644, True), (0o604, True), (0o640, False), (0o600, False)):
        file.chmod(mode)
        toml.chmod(mode)
        for env, path in (
            ({**REAL, "FEDI_SECRET_KEY_FILE": str(file)}, None),
            ({}, toml),
            ({**REAL, "FEDI_SMTP_PASSWORD_FILE": str(file)}, None),
        ):
            if refused:
                with pytest.raises(ConfigError, match="others may read"):
                    config_sources.load(env, path)
            else:
                config_sources.load(env, path)
    (generated / secret.FILE_NAME).chmod(0o640)
    with pytest.raises(ConfigError, match="others may read"):
        secret.root(config_sources.load({**REAL, "FEDI_DATA_DIR": str(generated)}))
    with pytest.raises(ConfigError, match="FEDI_DATABASE_URL"):
        config_sources.load({**REAL, "FEDI_DATABASE_URL": "postgresql://u:p@[::1/x"})
    for password in ("postgres", "changeme", "Password", "fedi"):
        with pytest.raises(ConfigError, match="FEDI_DATABASE_URL") as told:
            config_sources.load({**REAL, "FEDI_DATABASE_URL": f"postgresql://u:{password}@db/x"})
        assert password not in str(told.value).replace("FEDI", "").replace("password is", "")
        config_sources.load({**REAL, "FEDI_DATABASE_URL": f"postgresql://u:{password}@127.0.0.1/x"})


@pytest.fixture(scope="module")
async def sealed(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Node, str, Path]]:
    network, url = Network(), await databases.take()
    directory = tmp_path_factory.mktemp("sealed")
    async with node("example.test", url, network, directory, await databases.pool(url)) as server:
        yield server, url, directory
    databases.release()


async def _privates(server: Node) -> dict[str, str]:
    async with server.db.read() as conn:
        return await keys.private_after(conn, "", limit=1000)


async def test_40_a_copy_of_the_database_signs_nothing(sealed: tuple[Node, str, Path]) -> None:
    """No key lies in it that anybody could load, nor can one be put in the place of another; and people post on."""
    server, _, _ = sealed
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    assert (await puppet.send(server, puppet.activity("Follow", pat, alice.uri, "f"), pat)).status_code == 202
    await drain(server)
    await alice.posts("signed")
    await drain(server)
    assert [sent["type"] for sent in puppet.inbox] == ["Accept", "Create"]
    assert puppet.inbox[1]["proof"]["type"] == "DataIntegrityProof"
    found = await _privates(server)
    assert len(found) >= 4
    vault = server.app.fed.site.vault
    for uri, text in found.items():
        assert is_sealed(text)
        assert "PRIVATE" not in text
        key_pairs.load_private(vault.open(uri, text))
        with pytest.raises(CannotOpen):
            vault.open(f"{uri}x", text)
        with pytest.raises(CannotOpen):
            Vault(b"x" * 32, sealing=True).open(uri, text)
        for spoilt in (text[:-4], text + "AAAA", text[:20] + "AAAA" + text[24:], "sealed:1:", "sealed:1:%%"):
            with pytest.raises(CannotOpen):
                vault.open(uri, spoilt)
    dump = ""
    async with server.db.read() as conn:
        for (table,) in await conn.fetch(
            "select table_name from information_schema.tables where table_schema = current_schema()"
        ):
            dump += "".join(str(tuple(row)) for row in await conn.fetch(f"select * from {table}"))
    assert "PRIVATE KEY" not in dump
    assert SECRET not in dump
    assert "PRIVATE" not in repr(server.app.fed)
    assert SECRET not in repr(server.app.settings) + repr(server.app.fed.site)


async def test_40_keys_of_older_versions_are_sealed_and_another_secret_is_noticed(
    databases: Databases, tmp_path: Path
) -> None:
    url = await databases.take()
    network = Network()
    async with node("example.test", url, network, tmp_path) as server:
        alice = await server.person("alice")
        before = {uri: server.app.fed.site.vault.open(uri, text) for uri, text in (await _privates(server)).items()}
        async with server.db.transaction() as conn:  # as an older version left them
            await keys.put_private(conn, before)
            await conn.execute("delete from settings where name = $1", sealing.CHECK)
    other = "Zk8-another-one-that-is-long-enough-91"
    async with node("example.test", url, network, tmp_path) as server:
        now = await _privates(server)
        assert all(is_sealed(text) for text in now.values())
        assert {uri: server.app.fed.site.vault.open(uri, text) for uri, text in now.items()} == before
        assert (await server.document(alice.uri))["publicKey"]["id"] == f"{alice.uri}#main-key"
    with pytest.raises(ConfigError, match="sealed with another secret"):
        async with node("example.test", url, network, tmp_path, secret_key=other):
            pass
    db = await Database(url, size=2).open()
    vaults = [secret.vault(config_sources.load({"FEDI_SECRET_KEY": each})) for each in (SECRET, other)]
    with pytest.raises(CannotOpen):
        await sealing.reseal(db, vaults[1], vaults[1])
    assert await sealing.reseal(db, *vaults) == len(before)
    async with db.read() as conn:
        resealed = await keys.private_after(conn, "", limit=10)
    assert {uri: vaults[1].open(uri, text) for uri, text in resealed.items()} == before
    lost = "Yp5-a-third-one-because-that-was-lost-33"
    third = secret.vault(config_sources.load({"FEDI_SECRET_KEY": lost}))
    assert await sealing.replace_all(db, third) == 2
    await db.close()
    async with node("example.test", url, network, tmp_path, secret_key=lost) as server:
        puppet = Puppet(network, "puppet.test")
        pat = puppet.actor("pat")
        await puppet.send(server, puppet.activity("Follow", pat, alice.uri, "f"), pat)
        await drain(server)
        assert [sent["type"] for sent in puppet.inbox] == ["Accept"]
        assert not before.keys() & (await _privates(server)).keys()
    databases.release()


def test_40_the_command_for_another_secret_is_there() -> None:
    assert {"reseal", "replace-keys"} <= set(main.commands["secret"].commands)  # type: ignore[attr-defined]
