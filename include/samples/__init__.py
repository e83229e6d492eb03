"""Small synthetic inputs that ship with the project, and the code that makes them."""
