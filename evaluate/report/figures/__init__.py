"""The report's figures: each function takes numbers and returns a `ReportFigure`."""
