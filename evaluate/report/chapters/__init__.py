"""The chapters of the report: each turns a data set's runs into words, tables and figures."""
