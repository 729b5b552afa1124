"""The periodic survey of opinions (arXiv 2312.09323): instrument, ingestion, analysis, pages."""
