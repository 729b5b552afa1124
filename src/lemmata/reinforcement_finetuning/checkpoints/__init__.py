"""Reward STD and finetuning of GPT-2 and T5 folders (extra `llm`: transformers)."""
