"""Quotes: terms and usage that somebody writes down, rated by the same bill as an invoice. See docs/quotes.md."""
