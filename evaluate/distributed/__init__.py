"""Work spread over processes and machines by Ray: the one package that imports it."""
