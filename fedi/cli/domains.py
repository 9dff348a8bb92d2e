"""`fedi domain`: which other servers reach this one, and how much of them."""

from collections.abc import Awaitable, Callable

import click

from fedi import errors
from fedi.cli import session
from fedi.services import domain_rules
from fedi.services.staff import OPERATOR, By
from storage import domains
from storage.db import Conn


class Domain(click.ParamType[str]):
    """A host name in any script, as it is stored: lower-case ASCII, without a port."""

    name = "domain"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return domain_rules.normal(value)
        except errors.Invalid:
            self.fail(f"{value!r} is not a domain like example.org", param, ctx)


Remove = Callable[[Conn, By, str], Awaitable[bool]]

argument = click.argument("domain", type=Domain())


@click.group("domain")
def group() -> None:
    """Other servers: block, limit or allow them. A rule holds for subdomains too."""


@group.command()
@argument
@click.option(
    "--severity",
    type=click.Choice(["suspend", "silence", "noop"]),
    default="suspend",
    show_default=True,
    help="suspend: nothing passes, and what we hold is hidden. silence: shown only to followers. noop: no limit.",
)
@click.option("--reject-media", is_flag=True, help="Show none of its pictures.")
@click.option("--reject-reports", is_flag=True, help="Ignore its reports.")
@click.option("--public-comment", help="Why; may be shown to all.")
@click.option("--private-comment", help="Why; for moderators.")
@click.option("--obfuscate", is_flag=True, help="Show only a part of its name to all.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def block(
    domain: str,
    severity: domains.Severity,
    reject_media: bool,
    reject_reports: bool,
    public_comment: str | None,
    private_comment: str | None,
    obfuscate: bool,
    yes: bool,
) -> None:
    """Block or limit a domain; replaces the rule there is, of which the comments stay unless others are given ("" for
    none)."""
    settings = session.load_settings()
    if domain_rules.is_own(settings, domain):
        raise session.Failed(f"{domain} is this server")
    if severity == "suspend" and not yes:
        click.confirm(f"Follows to and from {domain} end and do not come back by themselves. Block it?", abort=True)

    async def work() -> None:
        async with session.opened(settings) as app, app.db.transaction() as conn:
            before = await domains.by_domain(conn, domain)
            terms = domain_rules.Terms(
                severity=severity,
                reject_media=reject_media,
                reject_reports=reject_reports,
                public_comment=_comment(public_comment, before.public_comment if before else None),
                private_comment=_comment(private_comment, before.private_comment if before else None),
                obfuscate=obfuscate,
            )
            await domain_rules.block(conn, settings, OPERATOR, domain, terms)

    session.run(work())
    click.echo(f"{domain}: {severity}")


def _comment(given: str | None, before: str | None) -> str | None:
    return before if given is None else given or None


@group.command()
@argument
def unblock(domain: str) -> None:
    """Remove the rule for a domain."""
    _remove(domain, domain_rules.unblock)


@group.command()
@argument
def allow(domain: str) -> None:
    """Put a domain on the allow-list, which counts with FEDI_FEDERATION_MODE=allowlist."""
    settings = session.load_settings()

    async def work() -> None:
        async with session.opened(settings) as app, app.db.transaction() as conn:
            await domain_rules.allow(conn, OPERATOR, domain)

    session.run(work())
    click.echo(f"{domain}: allow")
    if settings.federation_mode != "allowlist":
        click.echo("The list has no effect now: FEDI_FEDERATION_MODE is open.", err=True)


@group.command()
@argument
def disallow(domain: str) -> None:
    """Take a domain off the allow-list."""
    _remove(domain, domain_rules.disallow)


@group.command("list")
@session.as_json
def list_(as_json: bool) -> None:
    """List all rules."""

    async def work() -> tuple[list[domains.Block], list[str]]:
        async with session.opened() as app, app.db.read() as conn:
            return await domains.blocks(conn), await domains.allows(conn)

    blocks, allows = session.run(work())
    if as_json:
        session.print_json({"blocks": blocks, "allows": allows})
        return
    rows: list[tuple[str, str, str, str]] = [
        (rule.domain, rule.severity, _limits(rule), rule.public_comment or rule.private_comment or "")
        for rule in blocks
    ]
    rows += [(domain, "allow", "", "") for domain in allows]
    if rows:
        session.print_table(("DOMAIN", "RULE", "ALSO", "COMMENT"), rows)
    else:
        click.echo("There are no rules.")


def _limits(rule: domains.Block) -> str:
    names = ("reject_media", "reject_reports", "obfuscate")
    return " ".join(name.replace("_", "-") for name in names if getattr(rule, name))


def _remove(domain: str, verb: Remove) -> None:
    async def work() -> bool:
        async with session.opened() as app, app.db.transaction() as conn:
            return await verb(conn, OPERATOR, domain)

    if not session.run(work()):
        raise session.Failed(f"there is no such rule for {domain}")
    click.echo(f"{domain}: no rule")
