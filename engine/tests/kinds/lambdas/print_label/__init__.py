"""What `handler.py` needs beside itself is another module of this folder."""
