"""The report: what was claimed, what was found, where to look."""
