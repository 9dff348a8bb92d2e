"""Server-rendered pages: complete without JavaScript, one module a topic, each with its `ROUTES`."""

from fedi.http.endpoint import Endpoint
from fedi.web import (
    auth,
    authorize,
    collections,
    disputes,
    documents,
    embeds,
    home,
    interaction,
    invitations,
    moving,
    people,
    public,
    severances,
    signup,
    static,
    subscriptions,
    visitors,
    wellknown,
)

ROUTES: list[Endpoint] = [
    *home.ROUTES,
    *auth.ROUTES,
    *signup.ROUTES,
    *people.ROUTES,
    *disputes.ROUTES,
    *severances.ROUTES,
    *moving.ROUTES,
    *authorize.ROUTES,
    *public.ROUTES,
    *collections.ROUTES,
    *embeds.ROUTES,
    *documents.ROUTES,
    *invitations.ROUTES,
    *interaction.ROUTES,
    *subscriptions.ROUTES,
    *visitors.ROUTES,
    *wellknown.ROUTES,
    *static.ROUTES,
]
