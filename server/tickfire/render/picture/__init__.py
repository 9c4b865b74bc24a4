"""Pictures: panes with axes, legend and the last price, composed by Pillow."""
