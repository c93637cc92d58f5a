"""Functions with derivatives of your own."""

from .absent import absent as _absent
from .core import JVPNode as JVPNode
from .core import VJPNode as VJPNode
from .primitives import def_linear as def_linear
from .primitives import defjvp as defjvp
from .primitives import defjvp_argnum as defjvp_argnum
from .primitives import defjvp_argnums as defjvp_argnums
from .primitives import defvjp as defvjp
from .primitives import defvjp_argnum as defvjp_argnum
from .primitives import defvjp_argnums as defvjp_argnums
from .primitives import primitive as primitive
from .spaces import SparseObject as SparseObject
from .spaces import VSpace as VSpace
from .spaces import vspace as vspace
from .tracer import Box as Box
from .tracer import notrace_primitive as notrace_primitive
from .tracer import register_notrace as register_notrace

__getattr__ = _absent("agx.compat.autograd.extend")
