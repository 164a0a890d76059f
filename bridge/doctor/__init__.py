"""What keeps an instance's calls from arriving, in the order in which to mend it; and the mending of what we can."""

from bridge.doctor.examination import Doctor, Report
from bridge.doctor.findings import Finding

__all__ = ["Doctor", "Finding", "Report"]
