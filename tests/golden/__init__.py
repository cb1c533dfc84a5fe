"""Cases with figures nobody here wrote, run through the public feeds and the real commands."""
