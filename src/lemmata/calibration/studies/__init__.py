"""One module per study: a settings dataclass and `study(...)`, which tests one claim.

Every study returns the table that its figure draws and the evidence that its claim is judged by.
"""
