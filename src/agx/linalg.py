"""Linear algebra: every function of ``numpy.linalg``, differentiable."""

from numpy.linalg import LinAlgError as LinAlgError

from .ops.linalg.array_api import cross as cross
from .ops.linalg.array_api import diagonal as diagonal
from .ops.linalg.array_api import matrix_transpose as matrix_transpose
from .ops.linalg.array_api import outer as outer
from .ops.linalg.array_api import trace as trace
from .ops.linalg.array_api import vecdot as vecdot
from .ops.linalg.decompositions import cholesky as cholesky
from .ops.linalg.decompositions import det as det
from .ops.linalg.decompositions import eig as eig
from .ops.linalg.decompositions import eigh as eigh
from .ops.linalg.decompositions import eigvals as eigvals
from .ops.linalg.decompositions import eigvalsh as eigvalsh
from .ops.linalg.decompositions import qr as qr
from .ops.linalg.decompositions import slogdet as slogdet
from .ops.linalg.decompositions import svd as svd
from .ops.linalg.decompositions import svdvals as svdvals
from .ops.linalg.least_squares import lstsq as lstsq
from .ops.linalg.least_squares import pinv as pinv
from .ops.linalg.matrices import inv as inv
from .ops.linalg.matrices import matrix_power as matrix_power
from .ops.linalg.matrices import multi_dot as multi_dot
from .ops.linalg.matrices import solve as solve
from .ops.linalg.matrices import tensorinv as tensorinv
from .ops.linalg.matrices import tensorsolve as tensorsolve
from .ops.linalg.norms import cond as cond
from .ops.linalg.norms import matrix_norm as matrix_norm
from .ops.linalg.norms import matrix_rank as matrix_rank
from .ops.linalg.norms import norm as norm
from .ops.linalg.norms import vector_norm as vector_norm
from .ops.linalg.products import matmul as matmul
from .ops.linalg.products import tensordot as tensordot
