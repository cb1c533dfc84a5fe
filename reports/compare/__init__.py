"""The same usage under several rate cards: what the ledger's money becomes."""
