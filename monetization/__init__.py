"""The project: wiring above the apps, common ground below them."""
