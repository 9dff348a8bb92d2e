"""What staff does to accounts: let in or turn down, warn, limit, hide, end. The API, the pages and `fedi account` all
come here.

A suspension can be lifted; what `delete` removes is gone.
"""

import msgspec

from fedi import errors
from fedi.context import App
from fedi.services import gates, mail, staff
from fedi.services.staff import By
from storage import accounts, email_blocks, jobs, moderation, purging, reports, users, warnings
from storage.db import Conn
from storage.errors import Missing
from storage.moderation import Action, Subject

MAX_TEXT_CHARS = 2000


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is done and what is said about it. `tell`: the person is told, by a notification and by mail."""

    action: Action
    text: str = ""
    preset_id: int | None = None
    report_id: int | None = None
    tell: bool = True


async def find(conn: Conn, app: App, who: By, name: str) -> Subject:
    """Somebody by name, ours or `name@domain`, known here. Missing when there is none."""
    username, _, domain = name.strip().removeprefix("@").partition("@")
    found = await moderation.subject_named(conn, username, domain or app.settings.account_domain)
    if found is None:
        raise Missing(f"{name} is not known here" if domain else f"there is no account called {name}")
    staff.check_rank(who, found)
    return found


# ---------------------------------------------------------------- joining


async def approve(conn: Conn, app: App, who: By, target: Subject) -> bool:
    """Let an applicant in, and say so by mail if there is one. False when there was nothing to approve."""
    done = False
    for user_id in target.user_ids:
        if await users.approve(conn, user_id):
            done = True
            await mail.enqueue(conn, app, "approved", user_id=user_id)
    if done:
        await staff.note(conn, who, "account.approve", target.acct)
    return done


async def reject(conn: Conn, who: By, target: Subject) -> bool:
    """Turn an applicant down: the login is deleted and the name is free again. False for somebody who is in already."""
    done = False
    for user_id in target.user_ids:
        done = await users.refuse(conn, user_id) or done
    if done:
        await staff.note(conn, who, "account.reject", target.acct)
    return done


# ---------------------------------------------------------------- decisions


async def decide(conn: Conn, app: App, who: By, target: Subject, decision: Decision) -> None:
    """Do it, remember it, close the reports it answers, tell the person.

    Invalid for what cannot be done to this account.
    """
    text = await _text(conn, decision)
    report = await _report(conn, target, decision.report_id)
    await _do(conn, who, target, decision.action)
    told = decision.tell and target.is_local
    warning_id = await warnings.add(
        conn,
        target.id,
        decision.action,
        text,
        status_ids=report.status_ids if report else (),
        moderator_id=who.account_id,
        report_id=report.id if report else None,
        told=told,
    )
    if told:
        for user_id in target.user_ids:
            await mail.enqueue(conn, app, "warning", user_id=user_id, warning_id=warning_id)
    # A bare warning answers the report it is about; whatever is more answers all.
    closed = await reports.open_about(conn, target.id) if decision.action != "none" else [report] if report else []
    await reports.resolve(conn, [each.id for each in closed], by_id=who.account_id)
    await staff.note(
        conn,
        who,
        f"account.{'warn' if decision.action == 'none' else decision.action}",
        target.acct,
        text=text,
        report=str(report.id) if report else None,
        resolved=[str(each.id) for each in closed],
    )


async def _text(conn: Conn, decision: Decision) -> str:
    parts = []
    if decision.preset_id is not None:
        preset = await moderation.preset(conn, decision.preset_id)
        if preset is None:
            raise errors.Invalid("Warning preset is not known")
        parts.append(preset.text)
    parts.append(decision.text.strip())
    text = "\n\n".join(part for part in parts if part)
    if len(text) > MAX_TEXT_CHARS:
        raise errors.Invalid(f"Text is too long (maximum is {MAX_TEXT_CHARS} characters)")
    return text


async def _report(conn: Conn, target: Subject, report_id: int | None) -> reports.Report | None:
    if report_id is None:
        return None
    report = await reports.lock(conn, report_id)
    if report is None or report.target_id != target.id:
        raise errors.NotFound
    return report


async def _do(conn: Conn, who: By, target: Subject, action: Action) -> None:
    if target.deleted_at is not None:
        raise errors.Forbidden
    match action:
        case "disable":
            if not target.user_ids:
                raise errors.Invalid("Type is not possible for accounts of other servers")
            for user_id in target.user_ids:
                await users.disable(conn, user_id)
        case "sensitive":
            await moderation.sensitize(conn, target.id)
        case "silence":
            await accounts.limit(conn, target.id)
        case "suspend":
            await _suspend(conn, target)
        case "none":
            pass


async def _suspend(conn: Conn, target: Subject) -> bool:
    """Hide it. Ours are signed out everywhere, and their addresses cannot join again."""
    for user_id in target.user_ids:
        await users.sign_out_everywhere(conn, user_id)
    for address in target.emails:
        await email_blocks.add_canonical(conn, gates.canonical_hash(address), account_id=target.id)
    return await accounts.suspend(conn, target.id)


async def suspend(conn: Conn, who: By, target: Subject) -> bool:
    """Without a warning or a word to the person. False when it was so already."""
    done = target.deleted_at is None and await _suspend(conn, target)
    if done:
        await staff.note(conn, who, "account.suspend", target.acct)
    return done


# ---------------------------------------------------------------- taking back


async def enable(conn: Conn, who: By, target: Subject) -> None:
    if not target.user_ids:
        raise errors.Forbidden
    for user_id in target.user_ids:
        await users.enable(conn, user_id)
    await staff.note(conn, who, "account.enable", target.acct)


async def unsilence(conn: Conn, who: By, target: Subject) -> None:
    if await moderation.unsilence(conn, target.id):
        await staff.note(conn, who, "account.unsilence", target.acct)


async def unsensitize(conn: Conn, who: By, target: Subject) -> None:
    if await moderation.unsensitize(conn, target.id):
        await staff.note(conn, who, "account.unsensitive", target.acct)


async def unsuspend(conn: Conn, who: By, target: Subject) -> bool:
    """False when it was not suspended, or its data is gone."""
    if target.deleted_at is not None or not await accounts.unsuspend(conn, target.id):
        return False
    await email_blocks.forgive(conn, target.id)
    await staff.note(conn, who, "account.unsuspend", target.acct)
    return True


# ---------------------------------------------------------------- the end


async def delete(conn: Conn, who: By, target: Subject) -> None:
    """Remove for good what a suspended account has left. Forbidden for any other."""
    if target.suspended_at is None or target.deleted_at is not None:
        raise errors.Forbidden
    if target.is_local:
        await moderation.bury(conn, target.id)
    else:
        await jobs.enqueue(conn, purging.JOB, {"account_id": target.id}, queue="slow", key=str(target.id))
    await staff.note(conn, who, "account.delete", target.acct)
