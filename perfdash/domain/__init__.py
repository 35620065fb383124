"""What the product is about, in values and rules: pure."""
