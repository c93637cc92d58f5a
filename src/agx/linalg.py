"""Linear algebra: all of ``numpy.linalg``, functions of matrices, structured and sparse systems."""

from numpy.linalg import LinAlgError as LinAlgError

from .ops.linalg.array_api import *
from .ops.linalg.decompositions import *
from .ops.linalg.functions import *
from .ops.linalg.least_squares import *
from .ops.linalg.matrices import *
from .ops.linalg.norms import *
from .ops.linalg.products import matmul as matmul
from .ops.linalg.sparse import *
from .ops.linalg.spectral import *
from .ops.linalg.structured import *
from .ops.shape.axes import matrix_transpose as matrix_transpose
