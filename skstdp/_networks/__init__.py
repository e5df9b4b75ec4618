"""The classifiers: networks, the rules that they learn by, and their files."""
