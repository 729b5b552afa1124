"""What the survey's claims are judged by."""
