"""Which site a host belongs to: what takes turns and has limits, so that nobody gains by having many subdomains."""

# Below these, under a country's domain, names are sold one level further down.
_SHARED = frozenset(
    "ac asso co com edu firm gen go gob gov gouv id idv in info ltd me mil my name ne net nom or org plc sch tm "
    "web".split()
)


def of_host(authority: str) -> str:
    """The domain that somebody owns, as far as its shape tells: `a.b.example.org` is `example.org`, `a.example.co.uk`
    is `example.co.uk`. An address is its own site."""
    host = authority.partition(":")[0]
    labels = host.split(".")
    if authority.startswith("[") or len(labels) < 3 or labels[-1].isdecimal():
        return authority
    kept = 3 if len(labels[-1]) == 2 and labels[-2] in _SHARED else 2
    return ".".join(labels[-kept:])


def of_uri(uri: str) -> str:
    """The site of an actor, or of whatever has an address; empty for what has none."""
    parts = uri.split("/", 3)
    return of_host(parts[2].lower()) if len(parts) > 2 else ""
