"""What several stages share, one subject a file."""
