"""Load on a real server over loopback: what it does a second, what it costs. See README.md for how to read it."""
