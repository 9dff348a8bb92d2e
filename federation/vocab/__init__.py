"""ActivityPub documents to structs and back: pure, liberal in what is read, strict in what comes out.

`parse` functions take a decoded document and return a struct or raise `Rejected` (`Gone` for a Tombstone); after that
nobody asks again whether something was a string or a list. `render` functions take plain structs and return documents
in the shape that every known parser accepts.
"""
