"""What each run of the script stands on: settings, store, browser, caches, navigation."""
