"""The tasks: what is asked, how it is drawn and encoded, and what theory predicts."""
