"""What calls return, said to type checkers and editors: there is nothing here to import.

A function of arrays returns Tensors as soon as one of its arrays is a Tensor, and NumPy arrays
otherwise. A NumPy scalar counts as an array without axes.

- ``Unary`` and ``Binary`` are primitives of one and of two arrays; ``S`` is ``Scalar`` where there is
  such an operation of Scalars, else ``Never``.
- ``Giving[P, T, A]`` is a function of an array, or of a sequence of arrays, and of arguments ``P``: it
  gives ``T`` for Tensors and ``A`` for plain arrays. As an attribute of a Tensor it is its method.
- ``Method[P, R]`` is a method of Tensors that is made by a function.
"""

from collections.abc import Callable, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Generic,
    Literal,
    NamedTuple,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    overload,
)

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._kernels.graph import Node, Primitive, Scalar

# mypy follows such an import last: it knows the functions when it reads the body of Tensor.
if TYPE_CHECKING:
    from ..tensor import Tensor as Tensor

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)
S = TypeVar("S")

class HasArray(Protocol):
    def __array__(self) -> np.ndarray: ...

#: One number, or a plain array.
Number: TypeAlias = np.ndarray | np.generic | complex
#: Numbers: what ``ArrayLike`` has besides text.
Part: TypeAlias = HasArray | complex
Numeric: TypeAlias = Part | Sequence[Part | Sequence[Part | Sequence[Part | Sequence[Part]]]]
#: One array, as an argument.
Operand: TypeAlias = Node | ArrayLike
#: A sequence of arrays of which one is a Tensor, and a sequence of such sequences.
Mixed: TypeAlias = Sequence[Operand]
Nested: TypeAlias = Sequence[Sequence[Operand]]
#: Whatever NumPy makes an array of, Tensors anywhere.
Item: TypeAlias = Node | Part | str | bytes
Arrays: TypeAlias = Item | Sequence[Item | Sequence[Item | Sequence[Item | Sequence[Item]]]]
#: One array, as a result: declared by functions, and resolved by ``implements`` and ``of_arrays``.
Array: TypeAlias = Tensor | np.ndarray
Plain: TypeAlias = np.ndarray
#: What NumPy's constant functions take and give.
Truths: TypeAlias = NDArray[np.bool]
Places: TypeAlias = NDArray[np.intp]
Order: TypeAlias = Literal["C", "F", "A", "K"]
Side: TypeAlias = Literal["left", "right"]
Axes: TypeAlias = int | tuple[int, ...] | None

class Eigh(NamedTuple, Generic[T]):
    eigenvalues: T
    eigenvectors: T

class Eig(NamedTuple, Generic[T]):
    eigenvalues: T
    eigenvectors: T

class SVD(NamedTuple, Generic[T]):
    U: T
    S: T
    Vh: T

class QR(NamedTuple, Generic[T]):
    Q: T
    R: T

class Slogdet(NamedTuple, Generic[T]):
    sign: T
    logabsdet: T

class UniqueCounts(NamedTuple, Generic[T]):
    values: T
    counts: Plain

class UniqueInverse(NamedTuple, Generic[T]):
    values: T
    inverse_indices: Plain

class UniqueAll(NamedTuple, Generic[T]):
    values: T
    indices: Plain
    inverse_indices: Plain
    counts: Plain

class Named:
    """A named tuple of NumPy's, in the annotation of a function that fills it with Tensors too."""

    def __new__(cls, *parts: Any) -> Any: ...

class EighResult(Named): ...
class EigResult(Named): ...
class SlogdetResult(Named): ...
class SVDResult(Named): ...
class QRResult(Named): ...
class UniqueCountsResult(Named): ...
class UniqueInverseResult(Named): ...
class UniqueAllResult(Named): ...

class Ranked:
    """What ``topk`` returns: values, and their indices, which are always plain."""

class Solved:
    """What ``lstsq`` returns: the solution, the residuals, the rank and the singular values."""

class Counted:
    """What ``histogramdd`` returns: the counts, and the edges along each axis."""

class Extreme:
    """What ``max`` and ``min`` return."""

class Joined:
    """What functions return that join the arrays of a sequence."""

class Total:
    """What ``sum``, ``mean`` and ``prod`` return."""

class Varying:
    """What a function returns whose options choose between an array and a tuple."""

class OneIn(Protocol):
    """A ufunc of one argument."""

    @property
    def nin(self) -> Literal[1]: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

class TwoIn(Protocol):
    """A ufunc of two arguments."""

    @property
    def nin(self) -> Literal[2]: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

class Method(Protocol[P, R_co]):
    @overload
    def __get__(
        self, instance: None, owner: type[Any], /
    ) -> Callable[Concatenate[Node, P], R_co]: ...
    @overload
    def __get__(self, instance: Node, owner: type[Any], /) -> Callable[P, R_co]: ...

class Giving(Protocol[P, T_co, A_co]):
    @overload
    def __call__(self, array: Node, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(
        self, array: ArrayLike, other: Node | Sequence[Node], /, *args: Any, **kwargs: Any
    ) -> T_co: ...
    @overload
    def __call__(
        self, array: ArrayLike, other: ArrayLike, third: Node, /, *args: Any, **kwargs: Any
    ) -> T_co: ...
    @overload
    def __call__(self, array: ArrayLike, /, *args: P.args, **kwargs: P.kwargs) -> A_co: ...
    @overload
    def __call__(self, array: Mixed, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, array: Nested, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, /, **named: Any) -> Any: ...  # P cannot tell the name of the first
    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> Self: ...
    @overload
    def __get__(self, instance: Node, owner: type[Any], /) -> Callable[P, T_co]: ...

class OfTwo(Protocol[P, T_co, A_co]):
    """``max`` and ``min``: as ``Giving``, and the larger or smaller of Scalars."""

    @overload
    def __call__(self, x: Scalar, y: Scalar | float, /) -> Scalar: ...
    @overload
    def __call__(self, array: Node, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(
        self, array: ArrayLike, other: Node | Sequence[Node], /, *args: Any, **kwargs: Any
    ) -> T_co: ...
    @overload
    def __call__(
        self, array: ArrayLike, other: ArrayLike, third: Node, /, *args: Any, **kwargs: Any
    ) -> T_co: ...
    @overload
    def __call__(self, array: ArrayLike, /, *args: P.args, **kwargs: P.kwargs) -> A_co: ...
    @overload
    def __call__(self, scalars: Sequence[Scalar], /) -> Scalar: ...
    @overload
    def __call__(self, array: Mixed, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, array: Nested, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, /, **named: Any) -> Any: ...  # P cannot tell the name of the first
    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> Self: ...
    @overload
    def __get__(self, instance: Node, owner: type[Any], /) -> Callable[P, T_co]: ...

class OfMany(Protocol[P, T_co, A_co]):
    """``sum``, ``mean`` and ``prod``: as ``Giving``, and those of a sequence of Scalars."""

    @overload
    def __call__(self, array: Node, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(
        self, array: ArrayLike, other: Node | Sequence[Node], /, *args: Any, **kwargs: Any
    ) -> T_co: ...
    @overload
    def __call__(
        self, array: ArrayLike, other: ArrayLike, third: Node, /, *args: Any, **kwargs: Any
    ) -> T_co: ...
    @overload
    def __call__(self, array: ArrayLike, /, *args: P.args, **kwargs: P.kwargs) -> A_co: ...
    @overload
    def __call__(self, scalars: Sequence[Scalar], /) -> Scalar: ...
    @overload
    def __call__(self, array: Mixed, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, array: Nested, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, /, **named: Any) -> Any: ...  # P cannot tell the name of the first
    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> Self: ...
    @overload
    def __get__(self, instance: Node, owner: type[Any], /) -> Callable[P, T_co]: ...

class Joining(Protocol[P]):
    """A function of a sequence of arrays, or of the rows of one."""

    @overload
    def __call__(self, arrays: Node, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, arrays: np.ndarray | Sequence[ArrayLike], /, *args: P.args, **kwargs: P.kwargs
    ) -> Plain: ...
    @overload
    def __call__(
        self, arrays: Sequence[Item | Sequence[Any]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Tensor: ...
    @overload
    def __call__(self, /, **named: Any) -> Any: ...  # P cannot tell the name of the first

class AtLeast(Protocol):
    """One array, or several and then a tuple of them."""

    @overload
    def __call__(self, array: Node, /) -> Tensor: ...
    @overload
    def __call__(self, array: ArrayLike, /) -> Plain: ...
    @overload
    def __call__(self, first: Node, second: Operand, /, *more: Operand) -> tuple[Tensor, ...]: ...
    @overload
    def __call__(self, first: ArrayLike, second: Node, /, *more: Operand) -> tuple[Tensor, ...]: ...
    @overload
    def __call__(
        self, first: ArrayLike, second: ArrayLike, /, *more: ArrayLike
    ) -> tuple[Plain, ...]: ...

class Resolve(Protocol):
    """What decorates functions of arrays: it reads what they give from their annotation."""

    @overload
    def __call__(self, f: Callable[Concatenate[Any, P], Array], /) -> Giving[P, Tensor, Plain]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], list[Array]], /
    ) -> Giving[P, list[Tensor], list[Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], tuple[Array, ...]], /
    ) -> Giving[P, tuple[Tensor, ...], tuple[Plain, ...]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], None], /
    ) -> Callable[Concatenate[Any, P], None]: ...
    @overload
    def __call__(self, f: Callable[Concatenate[Any, P], Joined], /) -> Joining[P]: ...
    @overload
    def __call__(self, f: Callable[Concatenate[Any, P], Extreme], /) -> OfTwo[P, Tensor, Plain]: ...
    @overload
    def __call__(self, f: Callable[Concatenate[Any, P], Total], /) -> OfMany[P, Tensor, Plain]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], Varying], /
    ) -> Giving[P, Tensor | Any, Plain | Any]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], Ranked], /
    ) -> Giving[P, tuple[Tensor, Plain], tuple[Plain, Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], Solved], /
    ) -> Giving[P, tuple[Tensor, Tensor, int, Tensor], tuple[Plain, Plain, int, Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], Counted], /
    ) -> Giving[P, tuple[Tensor, list[Tensor]], tuple[Plain, list[Plain]]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], EighResult], /
    ) -> Giving[P, Eigh[Tensor], Eigh[Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], EigResult], /
    ) -> Giving[P, Eig[Tensor], Eig[Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], SlogdetResult], /
    ) -> Giving[P, Slogdet[Tensor], Slogdet[Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], SVDResult], /
    ) -> Giving[P, SVD[Tensor] | Any, SVD[Plain] | Any]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], QRResult], /
    ) -> Giving[P, QR[Tensor] | Any, QR[Plain] | Any]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], UniqueCountsResult], /
    ) -> Giving[P, UniqueCounts[Tensor], UniqueCounts[Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], UniqueInverseResult], /
    ) -> Giving[P, UniqueInverse[Tensor], UniqueInverse[Plain]]: ...
    @overload
    def __call__(
        self, f: Callable[Concatenate[Any, P], UniqueAllResult], /
    ) -> Giving[P, UniqueAll[Tensor], UniqueAll[Plain]]: ...

class Forwards(Protocol[P, R_co]):
    """A module, with what its ``forward`` takes and gives."""

    @property
    def forward(self) -> Callable[P, R_co]: ...

class Record(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

Tree = TypeVar("Tree", bound=dict[Any, Any] | list[Any] | tuple[Any, ...] | Record)

class Gradient(Protocol[P]):
    """A function whose result is built as its first argument is; ``P`` are the other arguments."""

    @overload
    def __call__(self, x: Number, /, *args: P.args, **kwargs: P.kwargs) -> Plain: ...
    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Tree, /, *args: P.args, **kwargs: P.kwargs) -> Tree: ...

class ValueAndGrad(Protocol[P]):
    @overload
    def __call__(self, x: Number, /, *args: P.args, **kwargs: P.kwargs) -> tuple[Plain, Plain]: ...
    @overload
    def __call__(
        self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[Tensor, Tensor]: ...
    @overload
    def __call__(self, x: Tree, /, *args: P.args, **kwargs: P.kwargs) -> tuple[Plain, Tree]: ...

class ValueGradAndAux(Protocol[P]):
    @overload
    def __call__(
        self, x: Number, /, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[tuple[Plain, Any], Plain]: ...
    @overload
    def __call__(
        self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[tuple[Tensor, Any], Tensor]: ...
    @overload
    def __call__(
        self, x: Tree, /, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[tuple[Plain, Any], Tree]: ...

class GradAndAux(Protocol[P]):
    @overload
    def __call__(self, x: Number, /, *args: P.args, **kwargs: P.kwargs) -> tuple[Plain, Any]: ...
    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> tuple[Tensor, Any]: ...
    @overload
    def __call__(self, x: Tree, /, *args: P.args, **kwargs: P.kwargs) -> tuple[Tree, Any]: ...

class Jacobian(Protocol[P]):
    """A function whose result has the shapes of the result of another and of its first argument."""

    @overload
    def __call__(self, x: Number, /, *args: P.args, **kwargs: P.kwargs) -> Plain: ...
    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Tree, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...

class Derivative(Protocol[A_co, T_co, R_co]):
    """A derivative in arguments that ``argnums`` tells: of plain arrays, of Tensors, and of trees."""

    @overload
    def __call__(self, *args: Number, **kwargs: Any) -> A_co: ...
    @overload
    def __call__(self, *args: Tensor, **kwargs: Any) -> T_co: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> R_co: ...

class Operators:
    """The operators of Tensors."""

    def __eq__(self, other: Node | Numeric, /) -> Plain: ...  # type: ignore[override]
    def __ne__(self, other: Node | Numeric, /) -> Plain: ...  # type: ignore[override]
    def __lt__(self, other: Node | Numeric, /) -> Plain: ...
    def __le__(self, other: Node | Numeric, /) -> Plain: ...
    def __gt__(self, other: Node | Numeric, /) -> Plain: ...
    def __ge__(self, other: Node | Numeric, /) -> Plain: ...
    def __add__(self, other: Node | Numeric, /) -> Tensor: ...
    def __radd__(self, other: Node | Numeric, /) -> Tensor: ...
    def __sub__(self, other: Node | Numeric, /) -> Tensor: ...
    def __rsub__(self, other: Node | Numeric, /) -> Tensor: ...
    def __mul__(self, other: Node | Numeric, /) -> Tensor: ...
    def __rmul__(self, other: Node | Numeric, /) -> Tensor: ...
    def __truediv__(self, other: Node | Numeric, /) -> Tensor: ...
    def __rtruediv__(self, other: Node | Numeric, /) -> Tensor: ...
    def __floordiv__(self, other: Node | Numeric, /) -> Tensor: ...
    def __rfloordiv__(self, other: Node | Numeric, /) -> Tensor: ...
    def __mod__(self, other: Node | Numeric, /) -> Tensor: ...
    def __rmod__(self, other: Node | Numeric, /) -> Tensor: ...
    def __pow__(self, other: Node | Numeric, /) -> Tensor: ...
    def __rpow__(self, other: Node | Numeric, /) -> Tensor: ...
    def __matmul__(self, other: Node | Numeric, /) -> Tensor: ...
    def __rmatmul__(self, other: Node | Numeric, /) -> Tensor: ...
    def __divmod__(self, other: Node | Numeric, /) -> tuple[Tensor, Tensor]: ...
    def __rdivmod__(self, other: Node | Numeric, /) -> tuple[Tensor, Tensor]: ...
    def __neg__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __getitem__(self, index: Any, /) -> Tensor: ...
    def __setitem__(self, index: Any, new: Node | Numeric | Mixed, /) -> None: ...

class Unary(Primitive, Generic[S]):
    @overload  # type: ignore[override]
    def __call__(self, x: Node, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: S, /) -> S: ...
    @overload
    def __call__(self, x: ArrayLike, /, **params: Any) -> Plain: ...
    @overload
    def __call__(self, x: Mixed, /, **params: Any) -> Tensor: ...
    @overload  # type: ignore[override]
    def __get__(self, instance: None, owner: type[Any], /) -> Self: ...
    @overload
    def __get__(self, instance: Node, owner: type[Any], /) -> Callable[[], Tensor]: ...

class Binary(Primitive, Generic[S]):
    @overload  # type: ignore[override]
    def __call__(self, x: Node, y: Operand | Mixed, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: S, y: S | float, /) -> S: ...
    @overload
    def __call__(self, x: float, y: S, /) -> S: ...
    @overload
    def __call__(self, x: ArrayLike, y: Node, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: ArrayLike, y: ArrayLike, /, **params: Any) -> Plain: ...
    @overload
    def __call__(self, x: ArrayLike, y: Mixed, /, **params: Any) -> Tensor: ...
    @overload
    def __call__(self, x: Mixed, y: Operand | Mixed, /, **params: Any) -> Tensor: ...
    @overload  # type: ignore[override]
    def __get__(self, instance: None, owner: type[Any], /) -> Self: ...
    @overload
    def __get__(self, instance: Node, owner: type[Any], /) -> Callable[[Operand], Tensor]: ...

class Ufunc(Protocol):
    """What ufuncs have besides being called."""

    @property
    def __name__(self) -> str: ...
    @property
    def nin(self) -> int: ...
    @property
    def nout(self) -> int: ...
    @property
    def nargs(self) -> int: ...
    @property
    def ntypes(self) -> int: ...
    @property
    def types(self) -> list[str]: ...
    @property
    def identity(self) -> Any: ...
    @property
    def signature(self) -> str | None: ...
    @property
    def at(self) -> Callable[..., None]: ...
    @property
    def reduce(self) -> Callable[..., Any]: ...
    @property
    def accumulate(self) -> Callable[..., Plain]: ...
    @property
    def reduceat(self) -> Callable[..., Plain]: ...
    @property
    def outer(self) -> Callable[..., Plain]: ...

class Test(Ufunc, Protocol):
    """A ufunc that tells something of each element."""

    def __call__(self, x: Arrays, /, out: Any = None, **options: Any) -> Truths: ...

class Comparison(Ufunc, Protocol):
    """A ufunc that tells something of two arrays, elementwise."""

    def __call__(self, x1: Arrays, x2: Arrays, /, out: Any = None, **options: Any) -> Truths: ...

class Extremum(Protocol):
    """Where an array is extreme: as a whole, or along an axis."""

    @overload
    def __call__(
        self, a: Arrays, axis: None = None, out: None = None, *, keepdims: Literal[False] = False
    ) -> np.intp: ...
    @overload
    def __call__(
        self, a: Arrays, axis: int | None = None, out: Plain | None = None, *, keepdims: bool = ...
    ) -> Places: ...

class Quantifier(Protocol):
    """Whether something holds for an array: as a whole, or along axes."""

    @overload
    def __call__(
        self,
        a: Arrays,
        axis: None = None,
        out: None = None,
        keepdims: Literal[False] = False,
        *,
        where: Arrays = ...,
    ) -> np.bool: ...
    @overload
    def __call__(
        self,
        a: Arrays,
        axis: Axes = None,
        out: Plain | None = None,
        keepdims: bool = ...,
        *,
        where: Arrays = ...,
    ) -> Truths: ...
