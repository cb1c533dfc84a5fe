"""Files that other systems take: one neutral journal, and a thin writer per format."""
