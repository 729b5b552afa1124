"""Data sets by name: bundled, synthetic, downloaded."""
