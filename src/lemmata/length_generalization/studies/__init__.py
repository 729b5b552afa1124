"""Analyses of length generalization: each gives a table for its figure and evidence for claims."""
