"""perfdash.toml, the environment and the presets."""
