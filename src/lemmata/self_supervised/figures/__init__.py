"""Figures of self-supervised learning: each draws one study's table."""
