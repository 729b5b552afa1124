"""Diffusion and flow matching: guidance as predictor-corrector, with exact and learned scores."""
