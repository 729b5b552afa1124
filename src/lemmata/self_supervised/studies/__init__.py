"""Studies of self-supervised learning: each a table and the evidence for its claims."""
