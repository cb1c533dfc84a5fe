"""Facts from outside: files in, validated rows in the raw schema out."""
