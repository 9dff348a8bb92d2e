"""Who may read a status: the one fragment of SQL that says so. Every read on behalf of a viewer contains it.

Convention: in a query that uses these, `s` is the status, `a` (where named) its author's account, and **$1 is the
viewer's account id, null for the public**.
"""

from typing import Literal, get_args

Visibility = Literal["public", "unlisted", "private", "direct"]

NAMES: tuple[Visibility, ...] = get_args(Visibility)
PUBLIC, UNLISTED, PRIVATE, DIRECT = range(4)


def number(name: Visibility) -> int:
    """What the column holds."""
    return NAMES.index(name)


def _may_read(s: str) -> str:
    return f"""(
        ({s}.visibility < 2
            or {s}.account_id = $1
            or exists (select from mentions vm where vm.status_id = {s}.id and vm.account_id = $1)
            or ({s}.visibility = 2 and exists (
                select from follows vf where vf.account_id = $1 and vf.target_id = {s}.account_id)))
        and ({s}.held_until is null or {s}.account_id = $1 or ({s}.held_locally and exists (
            select from accounts vl where vl.id = $1 and vl.is_local)))
        and not exists (select from blocks vb where vb.account_id = {s}.account_id and vb.target_id = $1)
        and not exists (select from accounts va where va.id = {s}.account_id and va.suspended_at is not null))"""


# The status, and if it is a boost the boosted one too.
VISIBLE = f"""({_may_read("s")} and (s.reblog_of_id is null or exists (
    select from statuses o where o.id = s.reblog_of_id and {_may_read("o")})))"""

# What a viewer does not want to meet in timelines, threads and searches, though they may read it: people they
# blocked or muted, and domains they blocked, as author or as the boosted author.
WANTED = """(
    $1::bigint is null or s.account_id = $1 or (
        not exists (select from blocks wb where wb.account_id = $1
            and wb.target_id in (s.account_id, (select wo.account_id from statuses wo where wo.id = s.reblog_of_id)))
        and not exists (select from mutes wm where wm.account_id = $1
            and (wm.expires_at is null or wm.expires_at > now())
            and wm.target_id in (s.account_id, (select wo.account_id from statuses wo where wo.id = s.reblog_of_id)))
        and not exists (select from account_domain_blocks wd join accounts wa on wd.domain = lower(wa.domain)
            where wd.account_id = $1 and wa.id in (
                s.account_id, (select wo.account_id from statuses wo where wo.id = s.reblog_of_id)))))"""
