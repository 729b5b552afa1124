"""Records, digests and the job context: who made which file from what."""
