"""A catalog as text: products, metrics, rate cards and plans as a team keeps them in its own version control."""
