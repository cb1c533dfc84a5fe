"""Authored prices and policies: YAML in, checked and typed tables out. No database, no clock."""
