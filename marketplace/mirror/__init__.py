"""The mirror: the only writer of marketplace facts. Importers, feeds and what they ship."""
