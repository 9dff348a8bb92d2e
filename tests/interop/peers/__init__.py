"""One module each for the servers of the fediverse: what is special about them on the wire."""

from tests.interop.peer import Peer
from tests.interop.peers.akkoma import Akkoma
from tests.interop.peers.bookwyrm import BookWyrm
from tests.interop.peers.friendica import Friendica
from tests.interop.peers.gotosocial import GoToSocial
from tests.interop.peers.hollo import Hollo
from tests.interop.peers.ktistec import Ktistec
from tests.interop.peers.mastodon import Mastodon
from tests.interop.peers.misskey import Misskey
from tests.interop.peers.nodebb import NodeBB
from tests.interop.peers.pixelfed import Pixelfed
from tests.interop.peers.takahe import Takahe
from tests.interop.peers.threads import Threads
from tests.interop.peers.wordpress import WordPress

ALL: tuple[type[Peer], ...] = (
    Akkoma, BookWyrm, Friendica, GoToSocial, Hollo, Ktistec, Mastodon, Misskey, NodeBB, Pixelfed, Takahe, Threads,
    WordPress,
)  # fmt: skip
