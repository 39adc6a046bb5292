"""The calculator: a form that is a quote's body, and its answer in words. Console and API rate the same thing.

The inputs of the form are named by the members of `docs/quotes.md` (`charges[0].prices[0].unit_price`), so a refusal
finds its field by itself, and any body that the form can hold can be pasted into it.
"""
