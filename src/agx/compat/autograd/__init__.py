"""HIPS autograd's interface: write ``agx.compat.autograd`` where a program imports ``autograd``.

    import agx.compat.autograd.numpy as np
    from agx.compat.autograd import grad

Inside a differentiated function arguments are Tensors, alone or in the lists, tuples and dicts that the
caller passed; results outside are plain arrays and numbers. The gradient of a real function of complex
numbers is dL/dx - i dL/dy, as there.
"""

import importlib as _importlib
from typing import Any as _Any

from . import numpy as numpy
from . import util as util
from .builtins import dict as dict
from .builtins import isinstance as isinstance
from .builtins import list as list
from .builtins import tuple as tuple
from .builtins import type as type
from .differential_operators import checkpoint as checkpoint
from .differential_operators import deriv as deriv
from .differential_operators import egrad as egrad
from .differential_operators import elementwise_grad as elementwise_grad
from .differential_operators import grad as grad
from .differential_operators import grad_and_aux as grad_and_aux
from .differential_operators import grad_named as grad_named
from .differential_operators import hessian as hessian
from .differential_operators import hessian_tensor_product as hessian_tensor_product
from .differential_operators import hessian_vector_product as hessian_vector_product
from .differential_operators import holomorphic_grad as holomorphic_grad
from .differential_operators import jacobian as jacobian
from .differential_operators import make_ggnvp as make_ggnvp
from .differential_operators import make_hvp as make_hvp
from .differential_operators import make_jvp as make_jvp
from .differential_operators import make_vjp as make_vjp
from .differential_operators import multigrad_dict as multigrad_dict
from .differential_operators import tensor_jacobian_product as tensor_jacobian_product
from .differential_operators import value_and_grad as value_and_grad
from .differential_operators import vector_jacobian_product as vector_jacobian_product
from .extend import primitive as primitive
from .installing import install as install


def __getattr__(name: str) -> _Any:
    if name in {"misc", "scipy"}:  # what takes a while to import
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
