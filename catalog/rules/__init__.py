"""What agreed terms mean: price rows, tiers, differences. Pure Python, no Django."""
