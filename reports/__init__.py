"""What people read: the command line, checks, traces, pages."""
