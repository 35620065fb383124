"""Mutation tests of perfdash/sources: `make mutants` changes the code in small ways and asks whether a test notices.

mutmut makes the mutants. Those inside functions it also runs, by its own means (functions.py): they all stand in one
module and a switch chooses one, in a process that has imported everything already. mutmut leaves out what is evaluated
while a module is imported, which here is the vocabulary of perfdash.toml (limits, patterns, words, defaults), and
decorated functions: imports.py gives each of those mutants an import of its own. All of it happens in a copy.
"""
