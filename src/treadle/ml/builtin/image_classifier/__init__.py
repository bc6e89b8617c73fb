"""Classifies pictures by their pixels, edges and colours."""
