"""Python in the browser, measured."""
