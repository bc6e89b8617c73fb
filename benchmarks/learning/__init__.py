"""Treadle's model server beside Label Studio's: the same model, the same requests, in turn."""
