"""Multicalibration post-processing: algorithms and their study (arXiv 2406.06487)."""
