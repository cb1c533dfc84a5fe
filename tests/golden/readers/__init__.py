"""One reader per kind of input: from a case's words to the rows of our feeds."""
