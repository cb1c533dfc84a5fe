"""Usage payloads of model providers, priced through the public commands."""
