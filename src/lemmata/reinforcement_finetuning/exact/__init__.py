"""Policies over outputs that are enumerated: gradients without sampling or rounding noise."""
