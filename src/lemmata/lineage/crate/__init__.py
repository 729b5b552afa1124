"""Results as one file to hand over: a Provenance Run Crate (RO-Crate) of a scale, and its check."""
