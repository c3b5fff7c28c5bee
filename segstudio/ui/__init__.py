"""The window: the only place that touches Qt. It translates; decisions are made in ``app``."""
