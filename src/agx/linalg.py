"""Linear algebra: every function of ``numpy.linalg``, differentiable."""

from numpy.linalg import LinAlgError as LinAlgError

from .ops.decompositions import cholesky as cholesky
from .ops.decompositions import det as det
from .ops.decompositions import eig as eig
from .ops.decompositions import eigh as eigh
from .ops.decompositions import eigvals as eigvals
from .ops.decompositions import eigvalsh as eigvalsh
from .ops.decompositions import qr as qr
from .ops.decompositions import slogdet as slogdet
from .ops.decompositions import svd as svd
from .ops.decompositions import svdvals as svdvals
from .ops.least_squares import lstsq as lstsq
from .ops.least_squares import pinv as pinv
from .ops.linalg import matmul as matmul
from .ops.linalg import tensordot as tensordot
from .ops.matrices import cross as cross
from .ops.matrices import diagonal as diagonal
from .ops.matrices import inv as inv
from .ops.matrices import matrix_power as matrix_power
from .ops.matrices import matrix_transpose as matrix_transpose
from .ops.matrices import multi_dot as multi_dot
from .ops.matrices import outer as outer
from .ops.matrices import solve as solve
from .ops.matrices import tensorinv as tensorinv
from .ops.matrices import tensorsolve as tensorsolve
from .ops.matrices import trace as trace
from .ops.matrices import vecdot as vecdot
from .ops.norms import cond as cond
from .ops.norms import matrix_norm as matrix_norm
from .ops.norms import matrix_rank as matrix_rank
from .ops.norms import norm as norm
from .ops.norms import vector_norm as vector_norm
