"""SimGC: layers of the condensed graph aligned with those of the whole one, under a trained SGC."""
