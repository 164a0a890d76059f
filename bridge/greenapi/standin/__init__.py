"""A GREEN-API of our own for the demo and the tests: it rings, pushes, and says who is calling."""

from bridge.greenapi.standin.rings import Account, Ring
from bridge.greenapi.standin.server import Fault, GreenApi

__all__ = ["Account", "Fault", "GreenApi", "Ring"]
