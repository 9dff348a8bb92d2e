"""Who reports, as staff sees it. Of people elsewhere no more than their server: who reports must not be known to whom
they report, and staff here is nobody they know.
"""

import zlib
from datetime import UTC, datetime

from fedi.entities import urls
from fedi.entities.account import Account, Parts, Stats, build

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def shown(base_url: str, account: Account) -> Account:
    """The account itself if it is ours; else one that stands for its server, under an id that nobody has."""
    _, _, domain = account.acct.partition("@")
    if not domain:
        return account
    return build(
        Parts(
            id=1 + zlib.crc32(domain.lower().encode()),  # an id of 1970
            username=domain,
            domain=domain,
            uri=f"https://{domain}/",
            url=f"https://{domain}/",
            created_at=_NEVER,
            avatar=urls.missing_avatar(base_url),
            header=urls.missing_header(base_url),
            display_name=domain,
            bot=True,
        ),
        Stats(),
    )
