"""What a graph did: the chain rule step by step, and where a NaN or an infinity came from."""

from .blame import Blame as Blame
from .blame import blame as blame
from .debug import debug as debug
from .explain import Explanation as Explanation
from .explain import Trace as Trace
from .explain import explain as explain
from .memory import Memory as Memory
from .memory import memory as memory
from .profile import profile as profile
