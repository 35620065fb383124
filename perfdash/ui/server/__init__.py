"""The server around Streamlit: its gate, routes, sockets and child processes."""
