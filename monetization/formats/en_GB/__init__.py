"""British English, with the clock of twenty-four hours."""
