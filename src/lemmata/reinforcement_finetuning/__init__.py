"""Reinforcement finetuning of softmax policies (arXiv 2310.20703)."""
