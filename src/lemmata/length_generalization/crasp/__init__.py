"""C-RASP[periodic, local]: a small typed language over strings, with parser and evaluator."""
