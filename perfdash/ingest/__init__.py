"""Bytes of an answer or a file -> facts. Pure."""
