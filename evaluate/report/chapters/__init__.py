"""The report's chapters: what a section holds, as words, tables and figures."""
