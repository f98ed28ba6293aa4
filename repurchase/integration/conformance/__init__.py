"""The conformance kit: what it sends to an integrator's endpoint, and what it expects back
(B-10)."""
