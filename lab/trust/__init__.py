"""Campaigns against the promises: each attacks one, counts, and prints what docs/trust.md states."""
