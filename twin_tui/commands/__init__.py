"""The command language: one declaration a verb, and what reads, completes and draws it."""
