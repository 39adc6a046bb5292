"""The figures that ``./run bench`` prints: the served product, measured through its own HTTP door."""
