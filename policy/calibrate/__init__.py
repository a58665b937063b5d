"""Knows when a policy does not know: acceptance, novelty, and when to ask."""

from policy.calibrate.budget import HelpBudget
from policy.calibrate.calibrator import (
    CALIBRATOR_FILE,
    CalibrationRules,
    Calibrator,
    JudgedEpisode,
    fit_calibrator,
)
from policy.calibrate.evidence import SIGNS, Evidence
from policy.calibrate.thresholds import ALWAYS

__all__ = [
    "ALWAYS",
    "CALIBRATOR_FILE",
    "SIGNS",
    "CalibrationRules",
    "Calibrator",
    "Evidence",
    "HelpBudget",
    "JudgedEpisode",
    "fit_calibrator",
]
