"""JOBS: name → function, for work that a transaction left behind. SCHEDULE: (seconds, function), for the clock's."""

from collections.abc import Awaitable, Callable
from typing import Any

from fedi import chores
from fedi.context import App
from fedi.services import follows, mail, media, polls, scheduling, signup, statuses

Job = Callable[[App, dict[str, Any]], Awaitable[None]]  # Any: each job knows its payload

JOBS: dict[str, Job] = {
    "delete_files": media.delete_files,
    "publish_scheduled": scheduling.publish,
    "accept_follow_requests": follows.accept_waiting,
    "inbox": chores.handle_inbox,
    "poll_counts": chores.poll_counts,
    "purge_account": chores.purge_account,
    mail.JOB: mail.send,
}

SCHEDULE: list[tuple[float, Callable[[App], Awaitable[None]]]] = [
    (600, chores.sweep),
    (3600, follows.prune_mutes),
    (10, scheduling.sweep),
    (15, polls.sweep),
    (3600, media.sweep),
    (3600, statuses.sweep),
    (3600, signup.tidy),
]
