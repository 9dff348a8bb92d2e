"""Mobilizon: a group that organises events (facts: lib/federation/activity_pub, examples of events and groups)."""

from typing import Any

from tests.interop.community import Community
from tests.interop.peer import JSON, PUBLIC


class Mobilizon(Community):
    software = "Mobilizon"
    host = "mobilizon.test"
    can = frozenset({"announce-objects"})
    group_path = "/@{name}"
    member_path = "/@{name}"
    opening_type = "Event"
    covered = ("(request-target)", "content-length", "date", "digest", "host")

    def written(self, text: str, **more: Any) -> JSON:
        made = super().written(text, **more)
        if not made.get("inReplyTo"):
            address = {"type": "PostalAddress", "addressLocality": "Teignbridge", "addressCountry": "United Kingdom"}
            place = {
                "type": "Place",
                "name": "The Kenn Centre",
                "address": address,
                "latitude": 50.66,
                "longitude": -3.53,
            }
            # The group's, written by one of its people.
            made |= {"actor": self.member["id"], "attributedTo": self.group["id"], "location": place, "to": [PUBLIC]}
            made |= {"startTime": "2099-12-11T19:00:00+00:00", "endTime": "2099-12-11T21:00:00+00:00", "draft": False}
            made |= {"joinMode": "free", "timezone": "Europe/London", "participantCount": 0, "ical:status": "CONFIRMED"}
        del made["audience"], made["source"]
        return made

    def create(self, note: JSON) -> JSON:
        made = super().create(note)
        # A group speaks for itself, whoever typed.
        return {**made, "actor": self.group["id"]} if note["attributedTo"] == self.group["id"] else made

    def publishes(self, note: JSON) -> list[JSON]:
        return [self.create(note), *([] if note.get("inReplyTo") else [self.announce(note["id"])])]

    def passes(self, activity: JSON) -> list[JSON]:
        return [activity]

    def takes(self, activity: JSON) -> list[JSON]:
        return []
