"""Self-supervised learning: JEPA against MAE in deep linear nets, metrics of representations."""
