"""Files of rate cards and contracts: bytes → sheets of text → records of typed cells → drafts, and the way back.

Everything that is wrong with a file is a fault with its row and column; no file, however mangled, raises anything else.
"""
