"""Closed periods: frozen once, chained by digest, verified offline, performed again from raw."""
