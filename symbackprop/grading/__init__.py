"""A class's answers to an assignment: read, judged by processes with limits, kept in a journal, and told in tables."""
