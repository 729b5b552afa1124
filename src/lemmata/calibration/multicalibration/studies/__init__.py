"""Studies of multicalibration post-processing (arXiv 2406.06487): numbers and evidence."""
