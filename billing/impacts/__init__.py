"""What a change request would have changed for whom: the panel on its page, a page of its own, and a file."""
