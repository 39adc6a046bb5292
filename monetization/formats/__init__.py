"""How the lists of the console write dates and numbers; pages of their own use the filters of `show`."""
