"""One module a format: `recognises(source)` looks at names alone, `read(source)` returns a `RawGraph`."""
