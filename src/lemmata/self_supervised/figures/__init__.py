"""Figures of self-supervised learning."""
