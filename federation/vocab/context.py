"""The `@context` of what we send: only the terms a document uses, each declared, in the order every parser expects."""

from typing import Any

from federation.vocab.normalise import AS2, JSON

SECURITY = "https://w3id.org/security/v1"

_NAMESPACES = {
    "toot": "http://joinmastodon.org/ns#",
    "schema": "http://schema.org#",
    "ostatus": "http://ostatus.org#",
    "litepub": "http://litepub.social/ns#",
    "misskey": "https://misskey-hub.net/ns#",
    "fedibird": "http://fedibird.com/ns#",
    "gts": "https://gotosocial.org/ns#",
    "sec": "https://w3id.org/security#",
}


def _iri(name: str) -> JSON:
    return {"@id": name, "@type": "@id"}


_TERMS: dict[str, str | JSON] = {
    "Hashtag": "as:Hashtag",
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "sensitive": "as:sensitive",
    "movedTo": _iri("as:movedTo"),
    "alsoKnownAs": _iri("as:alsoKnownAs"),
    "Emoji": "toot:Emoji",
    "featured": _iri("toot:featured"),
    "featuredTags": _iri("toot:featuredTags"),
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "memorial": "toot:memorial",
    "suspended": "toot:suspended",
    "attributionDomains": _iri("toot:attributionDomains"),
    "showMedia": "toot:showMedia",
    "showRepliesInMedia": "toot:showRepliesInMedia",
    "showFeatured": "toot:showFeatured",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "votersCount": "toot:votersCount",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "conversation": _iri("ostatus:conversation"),
    "directMessage": "litepub:directMessage",
    "EmojiReact": "litepub:EmojiReact",
    "quote": _iri("https://w3id.org/fep/044f#quote"),
    "quoteAuthorization": _iri("https://w3id.org/fep/044f#quoteAuthorization"),
    "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
    "quoteUrl": _iri("as:quoteUrl"),
    "quoteUri": _iri("fedibird:quoteUri"),
    "_misskey_quote": _iri("misskey:_misskey_quote"),
    "interactionPolicy": _iri("gts:interactionPolicy"),
    "canQuote": _iri("gts:canQuote"),
    "canFeature": _iri("https://w3id.org/fep/7aa9#canFeature"),
    "featuredCollections": _iri("https://w3id.org/fep/7aa9#featuredCollections"),
    "FeaturedCollection": "https://w3id.org/fep/7aa9#FeaturedCollection",
    "FeaturedItem": "https://w3id.org/fep/7aa9#FeaturedItem",
    "featuredObject": _iri("https://w3id.org/fep/7aa9#featuredObject"),
    "featuredObjectType": {"@id": "https://w3id.org/fep/7aa9#featuredObjectType", "@type": "@vocab"},
    "featureAuthorization": _iri("https://w3id.org/fep/7aa9#featureAuthorization"),
    "topic": _iri("https://w3id.org/fep/7aa9#topic"),
    "FeatureRequest": "https://w3id.org/fep/7aa9#FeatureRequest",
    "FeatureAuthorization": "https://w3id.org/fep/7aa9#FeatureAuthorization",
    "automaticApproval": _iri("gts:automaticApproval"),
    "approvedBy": _iri("gts:approvedBy"),
    **{
        f"{action}{what}": f"gts:{action}{what}"
        for action in ("Like", "Reply", "Announce")
        for what in ("Request", "Authorization")
    },
    **{f"{action}Authorization": _iri(f"gts:{action}Authorization") for action in ("like", "reply", "announce")},
    "interactingObject": _iri("gts:interactingObject"),
    "interactionTarget": _iri("gts:interactionTarget"),
    "_misskey_reaction": "misskey:_misskey_reaction",
    "assertionMethod": {"@container": "@set", "@id": "sec:assertionMethod", "@type": "@id"},
    "Multikey": "sec:Multikey",
    "controller": _iri("sec:controller"),
    "publicKeyMultibase": {"@id": "sec:publicKeyMultibase", "@type": "sec:multibase"},
    "implements": {"@container": "@set", "@id": "https://w3id.org/fep/844e#implements", "@type": "@id"},
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}


def wrap(document: JSON) -> JSON:
    """The document with its context in front; one that it or an embedded part had before is dropped."""
    body = bare(document)
    used: set[str] = set()
    _collect(body, used)
    context: list[Any] = [AS2]
    if "publicKey" in used or "signature" in used:
        context.append(SECURITY)
    terms = {name: term for name, term in _TERMS.items() if name in used}
    if terms:
        prefixes = {prefix: base for prefix, base in _NAMESPACES.items() if _needs(terms, prefix)}
        context.append({**prefixes, **terms})
    return {"@context": context, **body}


def bare(value: JSON) -> JSON:
    """A copy without contexts, for embedding in another document."""
    return {name: _bare(item) for name, item in value.items() if name != "@context"}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return bare(value)
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _collect(value: Any, used: set[str]) -> None:
    """Property names and type values, which is all a context can declare."""
    if isinstance(value, dict):
        used.update(value)
        if isinstance(kind := value.get("type"), str):
            used.add(kind)
        for item in value.values():
            _collect(item, used)
    elif isinstance(value, list):
        for item in value:
            _collect(item, used)


def _needs(terms: dict[str, str | JSON], prefix: str) -> bool:
    names = (term if isinstance(term, str) else str(term["@id"]) for term in terms.values())
    return any(name.startswith(f"{prefix}:") for name in names)
