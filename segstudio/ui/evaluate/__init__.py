"""The page on which masks and models are evaluated."""
