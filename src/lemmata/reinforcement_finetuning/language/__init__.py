"""A small language model finetuned by rewards and by references (arXiv 2310.20703)."""
