"""Tools that read the records: audit, why, explain, reproduce, crates. No job imports them."""
