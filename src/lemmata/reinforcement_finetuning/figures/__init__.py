"""Figures of reinforcement finetuning; each draws one table."""
