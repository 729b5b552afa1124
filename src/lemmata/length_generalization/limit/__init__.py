"""Limit transformers (arXiv 2410.02140) with weights set by hand: right at every length."""
