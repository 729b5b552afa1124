"""Calibration of predictions: SmoothECE (arXiv 2309.12236) and what is built on it."""
