"""Classifiers finetuned as policies: the controlled experiments."""
