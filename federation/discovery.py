"""How others find us: WebFinger, host-meta and nodeinfo; and how we learn what others run."""

import re
import time
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from federation import origins, uris, webfinger
from federation.context import INSTANCE_ACTOR_ID, Fed, Site
from federation.errors import Gone, Rejected, Retry
from federation.http import fetch
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.vocab import normalise
from federation.vocab.normalise import AS2
from storage import accounts, hosts, moderation, usage
from storage.accounts import Account

JSON = dict[str, Any]  # Any: JSON
JRD = "application/jrd+json; charset=utf-8"
ACTIVITY = "application/activity+json"

SOFTWARE = "fedi"
SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"
USAGE_SECONDS = 300
_CACHED = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
_OPEN = {"Access-Control-Allow-Origin": "*"}
_NODEINFO_VERSIONS = ("2.1", "2.0")


# ---------------------------------------------------------------- WebFinger


async def answer_webfinger(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """RFC 7033: 400 without a usable resource, 404 for nobody, 410 for somebody who will not come back."""
    resource = request.query_params.get("resource", "").strip()
    if not resource:
        return Response("A resource is needed", 400, _OPEN, "text/plain")
    try:
        account = await _resource(fed, resource)
    except Rejected as exc:
        return Response(str(exc), 400, _OPEN, "text/plain")
    if account is None:
        return Response("Not found", 404, _OPEN, "text/plain")
    if await is_deleted(fed, account):
        return Response("Gone", 410, _OPEN, "text/plain")
    return Response(orjson.dumps(_descriptor(fed.site, account)), 200, _CACHED, JRD)


async def _resource(fed: Fed, resource: str) -> Account | None:
    """The local account that a resource means; Rejected when it cannot mean anything."""
    if resource.lower().startswith(("http://", "https://")):
        return await _by_address(fed, resource)
    asked = webfinger.parse(resource)
    if asked is None:
        raise Rejected("The resource is neither an account nor an address")
    async with fed.db.read() as conn:
        if fed.site.is_own(asked.domain) and fed.site.is_own(asked.username):
            return await accounts.by_id(conn, INSTANCE_ACTOR_ID)
        found = await accounts.by_handle(conn, asked.username, fed.site.handle_domain(asked.domain))
    return found if found is not None and found.is_local else None


async def _by_address(fed: Fed, address: str) -> Account | None:
    try:
        url = parse_url(address)
    except BadUrl as exc:
        raise Rejected("The resource is not an address") from exc
    if not fed.site.is_own(url.authority):
        return None
    async with fed.db.read() as conn:
        if url.target == "/":
            return await accounts.by_id(conn, INSTANCE_ACTOR_ID)
        found = await accounts.by_url(conn, f"{fed.site.base_url}{url.target.rstrip('/')}")
    return found if found is not None and found.is_local else None


async def is_deleted(fed: Fed, account: Account) -> bool:
    """Whether the account is gone for good, as we have told others; a suspension may be lifted again."""
    if account.suspended_at is None:
        return False
    async with fed.db.read() as conn:
        return await moderation.is_buried(conn, account.id)


def _descriptor(site: Site, account: Account) -> JSON:
    interact = f"{site.base_url}/authorize_interaction?uri="
    links: list[JSON] = [
        {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": account.url},
        {"rel": "self", "type": ACTIVITY, "href": account.uri},
    ]
    if account.id != INSTANCE_ACTOR_ID:
        links += [
            {"rel": "http://ostatus.org/schema/1.0/subscribe", "template": f"{interact}{{uri}}"},
            # FEP-3b86: where a visitor of another server is sent to do something with an object, or to write a post.
            {"rel": "https://w3id.org/fep/3b86/Object", "template": f"{interact}{{object}}"},
            {"rel": "https://w3id.org/fep/3b86/Create", "template": f"{site.base_url}/share?text={{content}}"},
        ]
        if account.avatar_file:
            avatar = f"{site.base_url}/media/{account.avatar_file}"
            links.append({"rel": "http://webfinger.net/rel/avatar", "href": avatar})
    return {
        "subject": f"acct:{account.handle}",
        "aliases": list(dict.fromkeys((account.url, account.uri))),
        "links": links,
    }


# ---------------------------------------------------------------- host-meta


def _template(site: Site) -> str:
    return f"{site.base_url}/.well-known/webfinger?resource={{uri}}"


async def host_meta(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """RFC 6415, as XRD."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template={quoteattr(_template(fed.site))}/>\n'
        "</XRD>\n"
    )
    return Response(body, 200, _CACHED, "application/xrd+xml; charset=utf-8")


async def host_meta_json(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    body = {"links": [{"rel": "lrdd", "template": _template(fed.site)}]}
    return Response(orjson.dumps(body), 200, _CACHED, JRD)


# ---------------------------------------------------------------- nodeinfo


async def nodeinfo_index(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """Where nodeinfo is, and the actor of the server itself (FEP-2677)."""
    base = fed.site.base_url
    links = [{"rel": f"{SCHEMA}{version}", "href": f"{base}/nodeinfo/{version}"} for version in _NODEINFO_VERSIONS]
    links.append({"rel": f"{AS2}#Application", "href": uris.instance_actor(base)})
    return Response(orjson.dumps({"links": links}), 200, _CACHED, JRD)


async def nodeinfo(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """http://nodeinfo.diaspora.software/protocol, versions 2.0 and 2.1."""
    version = path["version"]
    if version not in _NODEINFO_VERSIONS:
        return Response("Not found", 404, _OPEN, "text/plain")
    counts, site = await _usage(fed), fed.site
    software = {"name": SOFTWARE, "version": site.version}
    if version == "2.1" and site.source_url:
        software["repository"] = site.source_url
    body: JSON = {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "usage": {
            "users": {
                "total": counts.users,
                "activeMonth": counts.active_month,
                "activeHalfyear": counts.active_halfyear,
            },
            "localPosts": counts.local_posts,
        },
        "openRegistrations": site.registrations_open,
        "metadata": {
            "nodeName": site.title,
            "nodeDescription": site.description,
            # Clients choose by it how to speak to us.
            "upstream": {"name": "mastodon"},
        },
    }
    kind = f'application/json; profile="{SCHEMA}{version}#"; charset=utf-8'
    return Response(orjson.dumps(body), 200, {**_OPEN, "Cache-Control": f"public, max-age={USAGE_SECONDS}"}, kind)


class _Counted(msgspec.Struct, frozen=True):
    at: float
    usage: usage.Usage


async def _usage(fed: Fed) -> usage.Usage:
    known: _Counted | None = fed.memory.get("discovery.usage")
    if known is None or known.at < time.monotonic() - USAGE_SECONDS:
        async with fed.db.read() as conn:
            known = _Counted(time.monotonic(), await usage.count(conn))
        fed.memory["discovery.usage"] = known
    return known.usage


# ---------------------------------------------------------------- what others run


async def read_nodeinfo(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: learn which software a host runs. Whatever goes wrong is no reason to think less of the host."""
    host = payload["host"]
    software, version = await _software(fed, host)
    async with fed.db.transaction() as conn:
        await hosts.set_software(conn, host, software, version)


async def _software(fed: Fed, host: str) -> tuple[str | None, str | None]:
    scheme = "http" if fed.site.allow_private and ":" in host else "https"
    base = f"{scheme}://{host}"
    try:
        await origins.admit(fed, host)
        index = await fetch.fetch_jrd(fed.http, f"{base}/.well-known/nodeinfo", judge=origins.judge(fed))
        found: dict[str, str] = {}
        for link in normalise.objects(index.get("links")):
            rel, href = normalise.text(link.get("rel"), 200), normalise.iri(link.get("href"))
            if rel.startswith(SCHEMA) and href is not None and normalise.is_http(href):
                found[rel] = href
        if not found:
            return None, None
        place = origins.parsed(found[max(found)])
        await origins.admit(fed, place.authority)
        document = await fetch.fetch_jrd(fed.http, place.full, judge=origins.judge(fed))
    except (Rejected, Gone, Retry):
        return None, None
    software = normalise.properties(normalise.one(document.get("software")))
    name = re.sub(r"[^a-z0-9-]", "", normalise.text(software.get("name"), 100).lower())
    return name or None, normalise.text(software.get("version"), 100) or None
