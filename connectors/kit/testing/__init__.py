"""For the tests of connectors, ours and anyone's: recorded exchanges, and the contract. Needs no test framework."""

from connectors.kit.testing.contract import RULES, Broken
from connectors.kit.testing.notebook import Notebook
from connectors.kit.testing.recorded import Recorded
from connectors.kit.testing.stand import Fault, Reply, Stand, System
from connectors.kit.testing.subject import Subject, sample_call

__all__ = ["RULES", "Broken", "Fault", "Notebook", "Recorded", "Reply", "Stand", "Subject", "System", "sample_call"]
