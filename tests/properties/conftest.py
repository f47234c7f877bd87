"""Properties: what must hold for whatever hypothesis finds, and not for examples of ours alone.

They are the same examples in every run, so that a suite that passes passes again. To look for new ones:
HYPOTHESIS_PROFILE=search python -m pytest tests/properties
"""

import os

from hypothesis import HealthCheck, Phase, settings

COMMON = {
    "deadline": None,  # other processes make any test slow
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
    "print_blob": False,
    "phases": [Phase.explicit, Phase.generate, Phase.shrink],
}
settings.register_profile("repeatable", derandomize=True, max_examples=40, **COMMON)
settings.register_profile("search", max_examples=200, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
