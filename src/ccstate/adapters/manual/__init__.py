"""The manual adapter: platforms that people change."""
