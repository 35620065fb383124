"""The app on screen: the only part that knows Streamlit and Starlette.

host      the server around the script: lifespan, child processes      main     the script: who, where, what, the page
session   the one place that knows who is signed in                    sign_in  what signed-out people see
filters   the sidebar's question, kept in the URL                      live     follows committed syncs
"""
