"""The page on which a deal is put together: its sections, each saved as it is typed, and beside them what they mean.

A section of plain fields saves what changed as soon as it can be read, and answers with nothing but what is wrong
beside each field, so that nothing typed is ever taken away. A part is added by a short form, whose name and key are
given where nobody says them.
"""
