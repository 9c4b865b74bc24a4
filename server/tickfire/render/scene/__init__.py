"""Scenes: all that is drawn in the panes of a chart, as plain data. Pure, without I/O.

docs/scene.md is the contract that this room and ``client_js/src/chart`` both keep: for the same
candles, view, series and colours, the browser and the server make the same scene, bit by bit.
"""
