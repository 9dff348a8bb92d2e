"""Where other servers, and people with an address in hand, arrive to do something: follow an account, answer a post.

Our WebFinger names these pages as the place for it: OStatus' subscribe template, and FEP-3b86 for
any object and for posts that are begun elsewhere.
"""

from fedi.http.endpoint import Endpoint
from fedi.web.interaction import door, people, posts, share

ROUTES: list[Endpoint] = [*door.ROUTES, *people.ROUTES, *posts.ROUTES, *share.ROUTES]
