"""What a judgement on a domain, or on an account of another server, does to what we already hold of it."""

from datetime import datetime
from typing import Any

from fedi.context import App
from storage import accounts, deliveries, domains, purging, severances

STEP = 200


async def enforce(app: App, payload: dict[str, Any]) -> None:
    """Job: bring the accounts of a domain under the rule that holds for it now, in small steps."""
    domain = str(payload["domain"])
    async with app.db.transaction() as conn:
        rule = (await domains.rules_for(conn, [domain])).get(domain)
        if rule is not None and rule.severity == "suspend":
            await deliveries.stop_host(conn, domain)
    if rule is None or rule.severity == "noop":
        return
    punished = [0]
    while punished:
        async with app.db.transaction() as conn:
            punished = await domains.punish(conn, domain, rule, limit=STEP)
    if rule.severity == "suspend":
        cause = severances.Cause("domain_block", domain)
        await _part(app, cause)
        await _tell(app, cause)


async def _part(app: App, cause: severances.Cause) -> None:
    """End the follows between us and a domain. One account of it may have thousands: each step is its own transaction,
    and what an interrupted run has left is found again."""
    tied, last = [0], 0
    while tied:
        async with app.db.read() as conn:
            tied = await domains.tied(conn, cause.target_name, after=last, limit=STEP)
        for account_id in tied:
            more, last = True, account_id
            while more:
                async with app.db.transaction() as conn:
                    more = await purging.part(conn, account_id, cause)


async def _tell(app: App, cause: severances.Cause) -> None:
    """Those who lost somebody hear of it once, when all is counted."""
    told = STEP
    while told == STEP:
        async with app.db.transaction() as conn:
            told = await severances.tell(conn, cause, limit=STEP)


async def turn_away(app: App, payload: dict[str, Any]) -> None:
    """Job: an account of another server was suspended and follows nobody here any more; that cannot be taken back."""
    async with app.db.read() as conn:
        account = await accounts.by_id(conn, payload["account_id"])
    if account is None or account.suspended_at is None:
        return
    cause = severances.Cause("account_suspension", f"{account.username}@{account.domain}")
    more = True
    while more:
        async with app.db.transaction() as conn:
            more = await purging.turn_away(conn, account.id, cause)
    await _tell(app, cause)


async def forgive(app: App, payload: dict[str, Any]) -> None:
    """Job: free the accounts of a domain from a rule that no longer holds; then whatever holds now is put on them."""
    domain, ended = str(payload["domain"]), datetime.fromisoformat(payload["ended"])
    freed = STEP
    while freed == STEP:
        async with app.db.transaction() as conn:
            freed = await domains.forgive(conn, domain, ended, limit=STEP)
    await enforce(app, payload)
