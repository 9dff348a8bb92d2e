"""Signatures on requests: pure functions over bytes, keys and a clock; fetching keys is somebody else's work."""
