"""Every URI we mint, and nothing else mints one. Rows keep it: an existing URI is looked up, not made anew."""

from urllib.parse import quote


def actor(base: str, username: str) -> str:
    return f"{base}/users/{username}"


def profile(base: str, username: str) -> str:
    return f"{base}/@{username}"


def instance_actor(base: str) -> str:
    return f"{base}/actor"


def inbox(actor_uri: str) -> str:
    return f"{actor_uri}/inbox"


def shared_inbox(base: str) -> str:
    return f"{base}/inbox"


def outbox(actor_uri: str) -> str:
    return f"{actor_uri}/outbox"


def followers(actor_uri: str) -> str:
    return f"{actor_uri}/followers"


def followers_synchronization(actor_uri: str) -> str:
    """The followers who live on the server that asks (FEP-8fcf)."""
    return f"{actor_uri}/followers_synchronization"


def following(actor_uri: str) -> str:
    return f"{actor_uri}/following"


def featured(actor_uri: str) -> str:
    return f"{actor_uri}/collections/featured"


def featured_tags(actor_uri: str) -> str:
    return f"{actor_uri}/collections/tags"


def key(actor_uri: str) -> str:
    return f"{actor_uri}#main-key"


def ed25519_key(actor_uri: str) -> str:
    return f"{actor_uri}#ed25519-key"


def next_key(actor_uri: str, kind: str, number: int) -> str:
    """A key that takes over from another: under a name of its own, so that nobody mistakes one for the other."""
    return f"{actor_uri}#{'main' if kind == 'rsa' else kind}-key-{number}"


def status(actor_uri: str, status_id: int) -> str:
    return f"{actor_uri}/statuses/{status_id}"


def status_page(profile_url: str, status_id: int) -> str:
    return f"{profile_url}/{status_id}"


def activity(status_uri: str) -> str:
    """The Create of a post, or the Announce of a boost."""
    return f"{status_uri}/activity"


def replies(status_uri: str) -> str:
    return f"{status_uri}/replies"


def likes(status_uri: str) -> str:
    return f"{status_uri}/likes"


def shares(status_uri: str) -> str:
    return f"{status_uri}/shares"


def context(base: str, thread_id: int) -> str:
    return f"{base}/contexts/{thread_id}"


def update(object_uri: str, moment: int) -> str:
    return f"{object_uri}#updates/{moment}"


def delete(object_uri: str) -> str:
    return f"{object_uri}#delete"


def like(actor_uri: str, favourite_id: int) -> str:
    return f"{actor_uri}#likes/{favourite_id}"


def reaction(actor_uri: str, reaction_id: int) -> str:
    return f"{actor_uri}#reactions/{reaction_id}"


def follow(actor_uri: str, follow_id: int) -> str:
    return f"{actor_uri}#follows/{follow_id}"


def relay_follow(base: str, ident: int) -> str:
    return f"{instance_actor(base)}#follows/{ident}"


def relay_announce(base: str, status_id: int) -> str:
    """The Announce of a post of ours by the server itself."""
    return f"{instance_actor(base)}/announces/{status_id}"


def block(actor_uri: str, block_id: int) -> str:
    return f"{actor_uri}#blocks/{block_id}"


def vote(actor_uri: str, vote_id: int) -> str:
    """Without a fragment, which not everybody accepts in an object."""
    return f"{actor_uri}/votes/{vote_id}"


def answer(actor_uri: str, verb: str, ident: int) -> str:
    """An Accept, Reject or Add, Remove: `verb` in lower-case plural."""
    return f"{actor_uri}#{verb}/{ident}"


def move(actor_uri: str, move_id: int) -> str:
    return f"{actor_uri}#moves/{move_id}"


def undo(activity_uri: str) -> str:
    return f"{activity_uri}/undo"


def flag(base: str, report_id: int) -> str:
    return f"{base}/reports/{report_id}"


def quote_request(actor_uri: str, status_id: int) -> str:
    """`status_id`: of the post that quotes."""
    return f"{actor_uri}#quote_requests/{status_id}"


def quote_authorization(actor_uri: str, key: int | str) -> str:
    """A stamp of the quoted. `key`: the id of the post that quotes, or what nobody can guess (`quoting.stamp`)."""
    return f"{actor_uri}/quote_authorizations/{key}"


def interaction_stamp(actor_uri: str, stamp_id: int) -> str:
    """Our consent to a favourite, an answer or a boost."""
    return f"{actor_uri}/authorizations/{stamp_id}"


def interaction_request(actor_uri: str, ident: int) -> str:
    """Our question whether somebody may like, answer or boost a post elsewhere."""
    return f"{actor_uri}#interaction_requests/{ident}"


def featured_collections(actor_uri: str) -> str:
    return f"{actor_uri}/featured_collections"


def featured_collection(actor_uri: str, collection_id: int) -> str:
    return f"{actor_uri}/featured_collections/{collection_id}"


def featured_item(collection_uri: str, item_id: int) -> str:
    return f"{collection_uri}/items/{item_id}"


def collection_page(base: str, collection_id: int) -> str:
    return f"{base}/collections/{collection_id}"


def feature_request(actor_uri: str, ident: int) -> str:
    return f"{actor_uri}#feature_requests/{ident}"


def feature_authorization(actor_uri: str, item_id: int) -> str:
    """The stamp of somebody here who is in a collection."""
    return f"{actor_uri}/feature_authorizations/{item_id}"


def tag_page(base: str, name: str) -> str:
    return f"{base}/tags/{quote(name)}"


def emoji(base: str, emoji_id: int) -> str:
    return f"{base}/emojis/{emoji_id}"
