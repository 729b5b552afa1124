"""What reads clusters, and plans for them. Tools only: no job imports it."""
