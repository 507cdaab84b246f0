"""One file per figure, named as the figure."""
