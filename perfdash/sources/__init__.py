"""HTTP: asking an analytics API and reading what it says. The only importer of httpx."""
