"""A GREEN-API of our own for the demo and the tests: it rings, pushes or is polled, and answers what we ask."""

from bridge.greenapi.standin.gateway import Fault
from bridge.greenapi.standin.rings import Account, Other, Ring
from bridge.greenapi.standin.server import GreenApi

__all__ = ["Account", "Fault", "GreenApi", "Other", "Ring"]
