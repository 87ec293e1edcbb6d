"""How a figure is printed: one JSON line, ``{"name", "value", "unit", "baseline", "ratio"}``."""

import json


def show(
    name: str, value: float, unit: str, baseline: float | None = None, ratio: float | None = None
) -> None:
    """Print a figure."""
    figure = {"name": name, "value": round(value, 3), "unit": unit}
    figure |= {
        "baseline": None if baseline is None else round(baseline, 3),
        "ratio": None if ratio is None else round(ratio, 4),
    }
    print(json.dumps(figure), flush=True)
