"""The tests mirror the folders of the project; fixtures/ is what they share, house/ checks the project."""
