"""RASP-L on batches: the core, its library, programs, and what their traces tell."""
