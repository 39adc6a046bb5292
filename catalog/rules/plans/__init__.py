"""Plans: what a version packs, what is wrong with it, how it is said, and what a new one changes. Pure."""
