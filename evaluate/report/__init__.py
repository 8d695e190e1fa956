"""Results as one page for people: an HTML file that needs no other, tables and figures beside it."""
