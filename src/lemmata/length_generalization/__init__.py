"""Length generalization of transformers: RASP-L (arXiv 2310.16028), C-RASP (arXiv 2410.02140)."""
