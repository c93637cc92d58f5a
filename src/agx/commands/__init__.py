"""The commands that look at runs and use what they learned, each a parser and what it calls."""
