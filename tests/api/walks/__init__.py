"""One module a topic: `walk` goes through every operation of `facts/operations_TOPIC.json` with real state."""
