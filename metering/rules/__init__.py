"""What usage means: how events become quantities. Pure Python, no Django."""
