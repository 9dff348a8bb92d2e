"""Who is told of whom: the fragments of SQL that say so. Whatever tells people something contains them.

Convention: in a query that uses these, `a` is the account that would be told, `f` the one that causes it, `s` the
status it is about (may be null), and `k.type` the type of notification.
"""

from storage.roles import STAFF

# What a reader's policy is about. The others come from what one did oneself, or from the server.
_FILTERABLE = """('mention', 'quote', 'reblog', 'favourite', 'pleroma:emoji_reaction', 'follow', 'follow_request',
    'added_to_collection')"""
_NEW_DAYS = 30
_NEW_FOLLOWER_DAYS = 3
# So far up a thread is looked for what somebody answers.
_MOST_ABOVE = 100

# Moderators can always write to those they moderate.
_STAFF = f"""(k.type = 'mention' and f.is_local and exists (
    select from memberships fm join users fu on fu.id = fm.user_id and fu.disabled_at is null
    join roles r on r.name = fu.role
    where fm.account_id = f.id and fm.role = 'owner' and {STAFF} and r.position > coalesce((
        select max(ar.position) from memberships am join users au on au.id = am.user_id
        join roles ar on ar.name = au.role where am.account_id = a.id and am.role = 'owner'), -1)))"""

_FOLLOWING = "exists (select from follows w where w.account_id = a.id and w.target_id = f.id)"

# A mention that also names, or answers, somebody the reader blocked or muted.
_DRAGS_IN = """(k.type = 'mention' and exists (
    select from (
        select dm.account_id as id from mentions dm where dm.status_id = s.id and not dm.silent
        union all select s.in_reply_to_account_id) d
    where d.id <> a.id and (
        exists (select from blocks db where db.account_id = a.id and db.target_id = d.id)
        or exists (select from mutes dt where dt.account_id = a.id and dt.target_id = d.id and dt.hide_notifications
            and (dt.expires_at is null or dt.expires_at > now())))))"""

# Somebody may be told by somebody else at all: no blocks, no mutes, no domain blocked, no muted thread.
WANTS = f"""(
    not exists (select from blocks bb where bb.account_id = f.id and bb.target_id = a.id)
    and ({_STAFF} or (
        not exists (select from blocks b where b.account_id = a.id and b.target_id = f.id)
        and not exists (select from mutes m where m.account_id = a.id and m.target_id = f.id and m.hide_notifications
            and (m.expires_at is null or m.expires_at > now()))
        and not exists (select from conversation_mutes c where c.account_id = a.id and c.thread_id = s.thread_id)
        and (f.is_local or {_FOLLOWING} or not exists (
            select from account_domain_blocks d where d.account_id = a.id and d.domain = lower(f.domain)))
        and not {_DRAGS_IN})))"""

# Somewhere above the status the reader wrote to its author in private.
_ANSWER = f"""exists (
    with recursive above (id, parent, found, seen) as (
        select u.id, u.in_reply_to_id, false, array[u.id] from statuses u where u.id = s.id
        union all
        select u.id, u.in_reply_to_id, u.account_id = a.id and u.visibility = 3 and exists (
                select from mentions um where um.status_id = u.id and um.account_id = f.id and not um.silent),
            t.seen || u.id
        from above t join statuses u on u.id = t.parent
        where not t.found and cardinality(t.seen) <= {_MOST_ABOVE} and u.id <> all(t.seen))
    select from above where found)"""

# accept, filter or drop: what the reader's policy says of it; the strictest of the rules that apply.
VERDICT = f"""(case
    when k.type not in {_FILTERABLE} then 'accept'
    when exists (select from notification_permissions np where np.account_id = a.id and np.from_account_id = f.id)
        then 'accept'
    when {_STAFF} then 'accept'
    else (
        select case when 'drop' = any(v.said) then 'drop' when 'filter' = any(v.said) then 'filter' else 'accept' end
        from (select {_FOLLOWING} as following) r
        left join notification_policies p on p.account_id = a.id
        cross join lateral (select array[
            case when not r.following and f.silenced_at is not null then coalesce(p.for_limited_accounts, 'filter') end,
            case when not r.following then p.for_not_following end,
            case when not r.following and f.bot then p.for_bots end,
            case when not r.following and f.created_at > now() - interval '{_NEW_DAYS} days'
                then p.for_new_accounts end,
            case when p.for_not_followers <> 'accept' and not exists (
                select from follows y where y.account_id = f.id and y.target_id = a.id
                    and y.created_at <= now() - interval '{_NEW_FOLLOWER_DAYS} days') then p.for_not_followers end,
            case when not r.following and k.type = 'mention' and s.visibility = 3 and not {_ANSWER}
                then coalesce(p.for_private_mentions, 'filter') end
        ] as said) v)
    end)"""
