"""Node-RED with its dashboard: `display` objects as pages of tiles, on screens in contact centres.

What a wall is, is read from the nodes, and what was applied last stands in a node beside them. The
figures come from an exporter that each wall asks by itself.
"""
