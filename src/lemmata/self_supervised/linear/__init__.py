"""Deep linear networks of arXiv 2407.03475: scalar dynamics, matrices, models of the data."""
