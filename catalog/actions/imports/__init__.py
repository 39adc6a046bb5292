"""Files of rate cards and contracts: uploaded, read, previewed, applied as drafts; all of a file or nothing of it.

`upload` keeps a file and reads it at once where it is small; larger ones wait for a worker (`is_large`). What `apply`
does is what was previewed: it looks again, and where the difference has become another one it refuses.
"""

from catalog.actions.imports.applied import apply, hand_back, order
from catalog.actions.imports.kinds import book_of
from catalog.actions.imports.uploads import check, check_again, is_large, upload

__all__ = ["apply", "book_of", "check", "check_again", "hand_back", "is_large", "order", "upload"]
