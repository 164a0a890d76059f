"""For the tests of connectors, ours and anyone's: recorded exchanges, and the contract. Needs no test framework."""

from connectors.kit.testing.contract import RULES, Broken, Subject, sample_call
from connectors.kit.testing.recorded import Recorded
from connectors.kit.testing.stand import Fault, Reply, Stand, System

__all__ = ["RULES", "Broken", "Fault", "Recorded", "Reply", "Stand", "Subject", "System", "sample_call"]
