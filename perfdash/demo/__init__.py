"""The reference Custom API: `performance_v1` over real HTTP, with deterministic data that restates itself.

data.rows     what the API says of an account's days when it is asked on a given day (pure)
api           the Starlette application, with a test clock and faults that can be switched on
process       the same in a process of its own
"""
