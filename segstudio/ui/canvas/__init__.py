"""The image, its mask, and the pointer on them."""
