"""Metrics of representations that need no labels (arXiv 2312.04000 and what it compares with)."""
