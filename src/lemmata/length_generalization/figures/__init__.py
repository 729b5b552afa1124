"""Figures of length generalization: each draws one table."""
