"""The demo: a real wholesaler's orders, a synthetic bulk seller, and one example of each failure."""

from repurchase.demo.loading import load

__all__ = ["load"]
