"""Text as people type it: what it mentions, how long it is, and the HTML it becomes. Nothing here does I/O."""
