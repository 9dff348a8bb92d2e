"""What a judgement on a domain, or on an account of another server, does to what we already hold of it."""

from datetime import datetime
from typing import Any

from fedi.context import App
from storage import accounts, allowlist, cards, deliveries, domains, purging, severances

STEP = 200


async def enforce(app: App, payload: dict[str, Any]) -> None:
    """Job: bring the accounts of a domain under the rule that holds for it now, in small steps."""
    domain = str(payload["domain"])
    async with app.db.transaction() as conn:
        rule = (await domains.rules_for(conn, [domain])).get(domain)
        if rule is not None and rule.severity == "suspend":
            await deliveries.stop_host(conn, domain)
    await _show_media_as_ruled(app, domain)
    await _show_pages_as_ruled(app, domain)
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


async def _show_media_as_ruled(app: App, domain: str) -> None:
    """Nothing is loaded from accounts whose domain or host a rule says that of, and from the others again."""
    async with app.db.read() as conn:
        pairs = await domains.hosts_below(conn, domain)
        rules = await domains.rules_for(conn, sorted({name for pair in pairs for name in pair}))
    for rejected in (True, False):
        ruled = [pair for pair in pairs if rejected == any(
            name in rules and rules[name].reject_media for name in pair)]  # fmt: skip
        changed = STEP
        while ruled and changed == STEP:
            async with app.db.transaction() as conn:
                changed = await domains.reject_media(conn, ruled, rejected, limit=STEP)


async def _show_pages_as_ruled(app: App, domain: str) -> None:
    """Previews of pages on hosts that we do not read are not shown either."""
    async with app.db.read() as conn:
        hosts = await cards.hosts_below(conn, domain)
        rules = await domains.rules_for(conn, hosts)
    for hidden in (True, False):
        ruled = [host for host in hosts if hidden == (host in rules and rules[host].severity == "suspend")]
        changed = STEP
        while ruled and changed == STEP:
            async with app.db.transaction() as conn:
                changed = await cards.hide(conn, ruled, hidden, limit=STEP)


async def align(app: App, payload: dict[str, Any]) -> None:
    """Job: hide whoever is not on the allow-list, if that is how this server works; show whom nothing hides now."""
    closed = app.settings.federation_mode == "allowlist"
    changed = STEP
    while closed and changed == STEP:
        async with app.db.transaction() as conn:
            changed = await allowlist.hide(conn, limit=STEP)
    changed, shown = STEP, 0
    while changed == STEP:
        async with app.db.transaction() as conn:
            changed = await allowlist.show(conn, every=not closed, limit=STEP)
            shown += changed
    if closed:
        async with app.db.transaction() as conn:
            await allowlist.stop(conn)
    if shown:
        # While they were hidden so, no rule could be put on them.
        async with app.db.read() as conn:
            rules = await domains.blocks(conn)
        for rule in rules:
            await enforce(app, {"domain": rule.domain})


async def align_all(app: App) -> None:
    """The setting may have changed since the last start."""
    await align(app, {})


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
