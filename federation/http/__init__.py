"""Every outgoing request of the server: one client, one transport, one URL type."""
