"""The command line. COMMANDS is all there is; each module holds the commands of one noun."""

import click

from fedi import __version__
from fedi.cli import (
    about,
    accounts,
    announcements,
    appeals,
    audit,
    check,
    deliveries,
    documents,
    domains,
    emojis,
    filters,
    inbox,
    invites,
    moving,
    networks,
    presets,
    relays,
    restoring,
    roles,
    rules,
    secret,
    serve,
    subscriptions,
)

COMMANDS: list[click.Command] = [
    serve.serve,
    serve.web,
    serve.worker,
    serve.migrate,
    check.check,
    secret.group,
    about.show_config,
    about.version,
    accounts.group,
    roles.group,
    moving.group,
    domains.group,
    relays.group,
    deliveries.group,
    restoring.resume_delivery,
    restoring.hold_delivery,
    inbox.group,
    invites.group,
    rules.group,
    documents.group,
    announcements.group,
    emojis.group,
    networks.group,
    presets.group,
    appeals.group,
    audit.group,
    filters.group,
    subscriptions.group,
]


class InOrder(click.Group):
    """Lists commands as they are declared: what one needs first, first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The database holds UTF-8 only."""
        for argument in args:
            try:
                argument.encode()
            except UnicodeEncodeError as exc:
                raise click.UsageError(f"{argument!a} is not UTF-8", ctx) from exc
        return super().parse_args(ctx, args)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="Fedi")
def main() -> None:
    """A federated microblogging server.

    Settings come from FEDI_* variables and fedi.toml; `fedi config` shows them.
    """


for command in COMMANDS:
    main.add_command(command)
