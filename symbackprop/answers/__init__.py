"""Answers of other people, judged: a verdict on LaTeX, line by line, with the mistake named."""
