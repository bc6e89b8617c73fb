"""What the author of a model backend imports. Nothing of the server's comes with it."""
