"""One module per figure: `draw(table)` takes the table that is saved beside it."""
