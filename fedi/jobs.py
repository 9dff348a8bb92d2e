"""JOBS: name → function, for work that a transaction left behind. SCHEDULE: (seconds, function), for the clock's."""

from collections.abc import Awaitable, Callable
from typing import Any

from federation import (
    actors,
    answers,
    backfill,
    budgets,
    discovery,
    featuring,
    hashtags,
    moving,
    polling,
    reconciling,
    stamps,
    threads,
)
from federation.context import Fed
from fedi import chores
from fedi.context import App
from fedi.effects import blocked_domains, cleanup, distribute, moderation, readers, search
from fedi.effects import profile as profile_effects
from fedi.effects import push as push_effects
from fedi.services import (
    cards,
    domains,
    follows,
    gates,
    holds,
    links,
    logins,
    mail,
    media,
    notification_requests,
    polls,
    push,
    scheduling,
    statuses,
    subscriptions,
    surroundings,
    uploads,
)
from storage import cards as card_rows
from storage import collection_items, email_subscriptions, featured_tags, moves, purging, quotes, tagged_collections
from storage import holds as hold_rows
from storage import links as link_rows

Job = Callable[[App, dict[str, Any]], Awaitable[None]]  # Any: each job knows its payload


def _federated(function: Callable[[Fed, dict[str, Any]], Awaitable[None]]) -> Job:
    """A job of the federation layer, which knows nothing of the app around it. What began with an activity goes on with
    its budget."""

    async def run(app: App, payload: dict[str, Any]) -> None:
        with budgets.of_chain(payload.get("chain")):
            await function(app.fed, payload)

    return run


JOBS: dict[str, Job] = {
    distribute.FAN_OUT_JOB: distribute.fan_out,
    readers.REBUILD_JOB: readers.rebuild,
    cleanup.JOB: cleanup.forget,
    search.JOB: search.fill,
    blocked_domains.JOB: blocked_domains.forget,
    "delete_files": media.delete_files,
    "convert_media": uploads.convert,
    "publish_scheduled": scheduling.publish,
    hold_rows.JOB: holds.release,
    "accept_follow_requests": follows.accept_waiting,
    moderation.ENFORCE_JOB: domains.enforce,
    moderation.FORGIVE_JOB: domains.forgive,
    moderation.TURN_AWAY_JOB: domains.turn_away,
    moderation.ALIGN_JOB: domains.align,
    notification_requests.MERGE_JOB: notification_requests.merge,
    "inbox": chores.handle_inbox,
    "poll_counts": chores.poll_counts,
    profile_effects.JOB: chores.tell_profile,
    purging.JOB: chores.purge_account,
    mail.JOB: mail.send,
    email_subscriptions.ASK_JOB: subscriptions.ask,
    email_subscriptions.SEND_JOB: subscriptions.send,
    actors.PART_JOB: chores.part_account,
    link_rows.JOB: links.verify,
    card_rows.JOB: cards.fetch,
    push_effects.JOB: push.send,
    actors.REFRESH_JOB: _federated(actors.refresh),
    actors.NODEINFO_JOB: _federated(discovery.read_nodeinfo),
    reconciling.JOB: _federated(reconciling.synchronize),
    threads.ANCESTORS_JOB: _federated(threads.ancestors),
    threads.REPLIES_JOB: _federated(threads.replies),
    backfill.FEATURED_JOB: _federated(backfill.featured),
    backfill.OUTBOX_JOB: _federated(backfill.outbox),
    backfill.COUNTS_JOB: _federated(backfill.counts),
    polling.READ_JOB: _federated(polling.read),
    quotes.SETTLE_JOB: _federated(stamps.settle),
    answers.JOB: _federated(answers.judge),
    collection_items.SETTLE_JOB: _federated(featuring.settle),
    featuring.READ_JOB: _federated(featuring.read),
    tagged_collections.READ_JOB: chores.read_shared_collection,
    featured_tags.READ_JOB: _federated(hashtags.read),
    moves.CARRY_JOB: _federated(moving.carry),
    moves.REDIRECT_JOB: _federated(moving.redirect),
}

SCHEDULE: list[tuple[float, Callable[[App], Awaitable[None]]]] = [
    (3600, readers.upkeep),
    (600, chores.sweep),
    (3600, follows.prune_mutes),
    (10, scheduling.sweep),
    (15, polls.sweep),
    (3600, media.sweep),
    (3600, statuses.sweep),
    (3600, logins.tidy),
    (3600, links.sweep),
    (3600, cards.sweep),
    (3600, gates.tidy),
    (3600, subscriptions.tidy),
    (3600, domains.align_all),
    (60, surroundings.look_at_threads),
    (3600, surroundings.tidy),
]
