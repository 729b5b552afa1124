"""The figures of the survey."""
