"""One module each for the servers of the fediverse: what is special about them on the wire."""

from tests.interop.community import Community
from tests.interop.peer import Peer
from tests.interop.peers.akkoma import Akkoma
from tests.interop.peers.bookwyrm import BookWyrm
from tests.interop.peers.bridgyfed import BridgyFed
from tests.interop.peers.castopod import Castopod
from tests.interop.peers.discourse import Discourse
from tests.interop.peers.friendica import Friendica
from tests.interop.peers.funkwhale import Funkwhale
from tests.interop.peers.ghost import Ghost
from tests.interop.peers.gotosocial import GoToSocial
from tests.interop.peers.hollo import Hollo
from tests.interop.peers.ktistec import Ktistec
from tests.interop.peers.lemmy import Lemmy
from tests.interop.peers.mastodon import Mastodon
from tests.interop.peers.mbin import Mbin
from tests.interop.peers.misskey import Misskey
from tests.interop.peers.mitra import Mitra
from tests.interop.peers.mobilizon import Mobilizon
from tests.interop.peers.nodebb import NodeBB
from tests.interop.peers.nodebb_category import NodeBBCategory
from tests.interop.peers.owncast import Owncast
from tests.interop.peers.peertube import PeerTube
from tests.interop.peers.piefed import PieFed
from tests.interop.peers.pixelfed import Pixelfed
from tests.interop.peers.rfc9421 import OnlyRFC9421
from tests.interop.peers.snac import Snac
from tests.interop.peers.takahe import Takahe
from tests.interop.peers.threads import Threads
from tests.interop.peers.wordpress import WordPress

PEOPLE: tuple[type[Peer], ...] = (
    Akkoma, BookWyrm, BridgyFed, Castopod, Friendica, Funkwhale, Ghost, GoToSocial, Hollo, Ktistec, Mastodon, Misskey,
    Mitra, NodeBB, OnlyRFC9421, Owncast, Pixelfed, Snac, Takahe, Threads, WordPress,
)  # fmt: skip
COMMUNITIES: tuple[type[Community], ...] = (Discourse, Lemmy, Mbin, Mobilizon, NodeBBCategory, PeerTube, PieFed)
