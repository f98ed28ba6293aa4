"""The demo: a real wholesaler's orders, a synthetic bulk seller, and one example of each
failure."""
