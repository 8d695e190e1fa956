"""Every condenser of the toolkit on seven data sets, at equal bytes and with equal tuning.

The bytes of a data set are those that means of about a hundredth of its nodes take in eight bits, 2.6 % on
Cora. Condensers have their defaults: those of the literature the settings of their authors, mostly for Cora.
Models are trained and tuned as in `benchmarks.equal_bytes`, whose rows these are. A method that takes more
than an hour of one core or 12 GiB, or does not take a data set, is left out there, with the reason.

The command is in `__main__`; docs/results/field.md shows the rows.
"""
