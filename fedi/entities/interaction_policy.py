"""What an author elsewhere lets others do with a post, in GoToSocial's words: only where that is not everything."""

from collections.abc import Sequence

from msgspec import Struct

from federation.vocab.audience import PUBLIC
from storage import approvals
from storage.approvals import Action
from storage.bundles import Ruling


class InteractionRules(Struct, frozen=True):
    """`public`, `author`, `followers`, `following`, `mentioned`, the URI of an actor, or `me`, whom it holds for. The
    other two names are those of GoToSocial before 0.20."""

    automatic_approval: list[str]
    manual_approval: list[str]
    always: list[str]
    with_approval: list[str]


class InteractionPolicy(Struct, frozen=True):
    can_favourite: InteractionRules
    can_reply: InteractionRules
    can_reblog: InteractionRules


def build(rulings: Sequence[Ruling], viewer_id: int | None, author_id: int) -> InteractionPolicy:
    known = {each.action: each for each in rulings}
    return InteractionPolicy(
        can_favourite=_rules("like", known.get("like"), viewer_id, author_id),
        can_reply=_rules("reply", known.get("reply"), viewer_id, author_id),
        can_reblog=_rules("announce", known.get("announce"), viewer_id, author_id),
    )


def _rules(action: Action, found: Ruling | None, viewer_id: int | None, author_id: int) -> InteractionRules:
    if found is None:
        automatic, manual = ["public"], list[str]()
        said: approvals.Verdict = "automatic"
    else:
        implied = ["author", "mentioned"] if action == "reply" else ["author"]
        automatic = list(dict.fromkeys([*implied, *_names(found, found.automatic)]))
        manual = [name for name in _names(found, found.manual) if name not in automatic]
        said = _verdict(action, found, own=viewer_id == author_id)
    if viewer_id is not None and said != "denied":
        (automatic if said == "automatic" else manual).append("me")
    return InteractionRules(automatic, manual, automatic, manual)


def _names(found: Ruling, uris: Sequence[str]) -> list[str]:
    known = {PUBLIC: "public", found.author: "author", found.followers: "followers", found.following: "following"}
    return [known.get(uri, uri) for uri in uris]


def _verdict(action: Action, found: Ruling, *, own: bool) -> approvals.Verdict:
    if own or (action == "reply" and found.addressed):
        return "automatic"
    entries = {*found.automatic, *found.manual}
    among = {
        uri
        for uri, is_in in ((found.followers, found.follows), (found.following, found.followed))
        if uri is not None and is_in and uri in entries
    }
    return approvals.verdict(found.automatic, found.manual, found.viewer or "", among, PUBLIC)
