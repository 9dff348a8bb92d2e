"""NotificationFallback: words for a kind of notification that the reader's app does not know, in the reader's language.

Everybody knows the kinds that have been there for years; for those there are no words.
"""

from collections.abc import Container, Sequence
from html import escape

from msgspec import Struct

from fedi import i18n
from fedi.entities.account import Account
from fedi.entities.collection import Collection
from fedi.entities.report import Report
from fedi.entities.severance import RelationshipSeveranceEvent
from fedi.entities.warning import AccountWarning

_ = i18n.gettext


class NotificationFallback(Struct, frozen=True):
    """HTML, each of them."""

    title: str
    summary: str | None
    details: str | None = None


class Subject(Struct, frozen=True, kw_only=True):
    """What there is to speak of. `people`: who caused it, latest first; `count`: how many they are."""

    type: str
    people: Sequence[Account]
    count: int = 1
    report: Report | None = None
    severance: RelationshipSeveranceEvent | None = None
    warning: AccountWarning | None = None
    collection: Collection | None = None
    emoji: str | None = None


def build(subject: Subject, known: Container[str] | None) -> NotificationFallback | None:
    """None where the app knows the type, or has not said which it knows."""
    if known is None or subject.type in known:
        return None
    if subject.severance is not None:
        return _severance(subject.severance)
    if subject.warning is not None:
        return _warning(subject.warning)
    if subject.collection is not None and subject.people:
        return _collection(subject.type, subject.collection, subject.people[0])
    if subject.emoji is not None and subject.people:
        names = {"name": _link(subject.people[0]), "emoji": escape(subject.emoji)}
        return _fallback(_("%(name)s reacted to your post with %(emoji)s") % names)
    if subject.report is not None and subject.people:
        names = {"name": _link(subject.people[0]), "target": _link(subject.report.target_account)}
        return _fallback(_("%(name)s reported %(target)s") % names, escape(subject.report.comment))
    if subject.type == "admin.sign_up" and subject.people:
        return _sign_up(subject.people[0], subject.count - 1)
    return None


def _sign_up(person: Account, others: int) -> NotificationFallback:
    if not others:
        return _fallback(_("%(name)s signed up") % {"name": _link(person)})
    title = i18n.ngettext("%(name)s and %(others)d other signed up", "%(name)s and %(others)d others signed up", others)
    return _fallback(title % {"name": _link(person), "others": others})


def _collection(kind: str, collection: Collection, person: Account) -> NotificationFallback:
    page = f'<a href="{escape(collection.url or collection.uri)}">{escape(collection.name)}</a>'
    names = {"name": _link(person), "collection": page}
    if kind == "added_to_collection":
        return _fallback(_("%(name)s added you to %(collection)s") % names)
    return _fallback(_("%(name)s edited %(collection)s, which you are in") % names)


def _severance(event: RelationshipSeveranceEvent) -> NotificationFallback:
    causes = {
        "domain_block": _("The moderators have blocked %(target)s."),
        "user_domain_block": _("You have blocked %(target)s."),
        "account_suspension": _("The moderators have suspended %(target)s."),
    }
    names = {"target": escape(event.target_name)}
    lost = _("Followers you lost: %(followers)d. Accounts you no longer follow: %(following)d.") % {
        "followers": event.followers_count,
        "following": event.following_count,
    }
    return _fallback(_("You have lost connections with %(target)s") % names, f"{causes[event.type] % names} {lost}")


def _warning(warning: AccountWarning) -> NotificationFallback:
    titles = {
        "none": _("The moderators have sent you a warning"),
        "disable": _("The moderators have disabled your login"),
        "mark_statuses_as_sensitive": _("The moderators have marked some of your posts as sensitive"),
        "delete_statuses": _("The moderators have removed some of your posts"),
        "sensitive": _("The moderators mark your posts as sensitive from now on"),
        "silence": _("The moderators have limited your account"),
        "suspend": _("The moderators have suspended your account"),
    }
    return _fallback(titles[warning.action], escape(warning.text))


def _fallback(title: str, details: str = "") -> NotificationFallback:
    summary = _("Your app does not know this kind of notification yet.")
    return NotificationFallback(title, summary, details.replace("\r", "").replace("\n", "<br />") or None)


def _link(person: Account) -> str:
    return (
        f'<span class="h-card" translate="no"><a href="{escape(person.url)}" class="u-url mention">'
        f"@<span>{escape(person.username)}</span></a></span>"
    )
