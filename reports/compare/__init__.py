"""The same usage under several rate cards: what each asks for it, and what the ledger's money becomes."""
