"""snac (facts: activitypub.c, http.c of 2.6x): small, in C, one JSON-LD context, ids that hang on other ids.

It answers 202 whatever comes, and looks at the signature later; a bad one is dropped without a word.
"""

import hashlib
from typing import Any

from tests.interop.peer import AS2, JSON, PUBLIC, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class Snac(Peer):
    software = "snac"
    host = "snac.test"
    can = Peer.can - {"report", "block"}
    covered = ("(request-target)", "host", "digest", "date")
    wants_signed = frozenset()
    refusal = 202
    actor_path = "/{name}"
    shared_inbox = None  # there is one where the operator wants it

    def context(self) -> Any:
        return AS2

    def make_actor(self, name: str, **more: Any) -> JSON:
        more = {"url": self.at(f"/{name}"), "published": self.now(), "tag": [], **more}
        return super().make_actor(name, **more)

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {
            "id": self.next("pat/p"), "summary": warning or "", "inReplyTo": reply_to, "sourceContent": text,
            "to": [*(person.uri for person in mentions if reply_to), PUBLIC],
        }  # fmt: skip
        made |= {"cc": [person.uri for person in mentions if person.uri not in made["to"]], "url": made["id"]}
        made["context"] = f"{made['id']}#ctxt"
        if not warning:
            del made["sensitive"]
        if not media:
            del made["attachment"]
        return self.serve(made)

    def attachment(self, media: Media) -> JSON:
        kind = "Image" if media.media_type.startswith("image/") else "Document"
        return {**super().attachment(media), "type": kind}

    def activity(self, kind: str, obj: Any, **more: Any) -> JSON:
        made = super().activity(kind, obj, **{"published": self.now(), **more})
        about, actor = obj.get("id") if isinstance(obj, dict) else obj, self.actor["id"]
        if kind in {"Follow", "Accept"}:
            made["id"] = self.next(f"pat/d/{kind}")
            del made["published"]
        elif kind in {"Like", "Announce"}:
            made["id"] = (
                f"{actor}/{kind[0].lower()}/{hashlib.md5(str(about).encode(), usedforsecurity=False).hexdigest()}"
            )
        elif kind == "Create":
            made |= {"id": f"{about}/Create", "attributedTo": actor}
        else:
            made["id"] = f"{about}/{kind}_{next(self._numbers):010}"
        return made

    def boost(self, uri: str) -> JSON:
        author = next((note["attributedTo"] for note in self.posts.values() if note["id"] == uri), None)
        return self.activity("Announce", uri, to=[PUBLIC, *([author] if author else [])])

    def accept(self, activity: JSON, **more: Any) -> JSON:
        # All of the Follow, context and addresses included.
        return self.activity("Accept", activity, to=activity["actor"], **more)

    def undo(self, activity: JSON) -> JSON:
        undone = {name: value for name, value in activity.items() if name not in {"@context", "published"}}
        return self.activity("Undo", undone, to=undone.get("to") or undone["object"])

    def delete(self, note: JSON) -> JSON:
        return {**super().delete(note), "to": PUBLIC}

    def renames(self, **more: Any) -> JSON:
        return {**super().renames(**more), "to": PUBLIC}

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if activity["type"] == "Undo" and not isinstance(activity["object"], dict):
            raise Wrong("what is undone is taken for a Follow")
        if activity["type"] == "Delete" and activity["actor"] not in self.people:
            raise Wrong("a Delete of nobody known")
