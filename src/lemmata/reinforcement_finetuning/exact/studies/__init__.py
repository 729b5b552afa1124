"""Studies of exact gradients: tables and evidence."""
