"""Pages of strangers: decoded as they say, and parsed so that no page costs more than its length.

An HTML parser must reopen unclosed formatting in every following paragraph, which lets 30 kB of text grow to a gigabyte
of tree. What is looked for in pages is in their head and in links, so only the tags of those are left tags; every other
one becomes text before the parser sees it.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_BYTES = 1024 * 1024
# Where a page may declare its encoding: https://html.spec.whatwg.org/multipage/parsing.html#prescan-a-byte-stream
PRESCAN_BYTES = 4096
DEFAULT_CHARSET = "utf-8"

_HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))
_OTHER_TAG = re.compile(
    r"<(?!!--|/?(?:html|head|body|meta|link|title|script|style|textarea|a)[\s/>])", re.IGNORECASE | re.ASCII
)
_CHARSET = re.compile(r"""charset\s{0,8}=\s{0,8}["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Encodings of the web. Python knows others that are no encodings of text, or slow ones; it need not be asked for them.
_KNOWN = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|us-ascii|ascii|iso-?8859-?1?[0-9]|latin-?[0-9]|windows-?(?:125[0-8]|874)|cp125[0-8]"
    r"|koi8-?[ru]|gb2312|gbk|gb18030|big5(?:-?hkscs)?|euc-?(?:jp|kr)|shift_?jis|sjis|ks_c_5601-1987|tis-620"
    r"|mac-?(?:roman|cyrillic)|iso-2022-jp",
    re.IGNORECASE,
)


def is_html(media_type: str) -> bool:
    return media_type in _HTML_TYPES


def parse(body: bytes, content_type: str = "") -> LexborHTMLParser:
    """The page's head and links. `content_type`: of its answer, with the charset if it says one."""
    return LexborHTMLParser(_OTHER_TAG.sub("&lt;", decode(body[:MAX_BYTES], content_type)))


def decode(body: bytes, content_type: str = "") -> str:
    """By a byte order mark, else by what the answer says, else by what the page says, else UTF-8."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    said = _CHARSET.search(content_type) or _CHARSET.search(body[:PRESCAN_BYTES].decode("latin-1"))
    charset = said[1] if said and _KNOWN.fullmatch(said[1]) else DEFAULT_CHARSET
    # A page that could be read as ASCII until it said so is not UTF-16; and Latin-1 means Windows-1252 on the web.
    if charset.lower().startswith("utf-16") and b"\0" not in body[:PRESCAN_BYTES]:
        charset = DEFAULT_CHARSET
    if charset.lower() in ("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"):
        charset = "windows-1252"
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode(DEFAULT_CHARSET, "replace")


def rels(node: LexborNode) -> list[str]:
    """What `rel` of a link says."""
    return (node.attributes.get("rel") or "").lower().split()
