"""Figures of the diffusion family: each draws one study's table."""
