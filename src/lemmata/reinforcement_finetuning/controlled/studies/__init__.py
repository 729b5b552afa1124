"""Studies of the controlled experiments: tables and evidence."""
