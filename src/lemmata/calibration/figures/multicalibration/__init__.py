"""Figures of the multicalibration study (arXiv 2406.06487), from its tables alone."""
