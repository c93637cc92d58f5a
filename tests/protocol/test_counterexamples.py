"""Programs of one vector, from all of NumPy and Python: inside a transform each has its gradient or raises.

The number that a program gives must depend on its argument as the gradient says, whatever it hands the Tensor
to. To each a product of two elements is added, so that nothing but the program can have a gradient of zero.
"""

import collections
import dataclasses
import importlib
import threading
import warnings

import numpy as np
import pytest

import agx as ag

X = np.array([0.37, 0.71, 0.53])
C = np.array([0.5, -1.2, 0.7])
A = np.array([[2.0, 0.3, 0.1], [0.2, 1.5, 0.4], [0.3, 0.1, 1.8]])
STEP = 1e-5

Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass
class Record:
    a: object
    b: object = 1.0


def in_a_thread(f):
    found = []
    thread = threading.Thread(target=lambda: found.append(f()))
    thread.start()
    thread.join()
    return found[0]


def squares(x):
    for t in x:
        yield t * t


PROGRAMS = r"""
np.vectorize(lambda t:t*t)(x).sum()
np.vectorize(math.sin)(x).sum()
np.apply_along_axis(lambda r:r*r,0,x).sum()
np.apply_along_axis(lambda r:(r*r).sum(),0,x)
np.apply_over_axes(np.sum,np.outer(x,x),[0,1]).sum()
np.fromiter((t*t for t in x),float).sum()
np.fromiter(x,float).sum()
np.array([x[0]*x[1],x[2]]).sum()
np.array([t for t in x]).sum()
np.asarray(x).sum()*1.0
np.array(x).sum()
np.asanyarray(x).sum()
np.ascontiguousarray(x).sum()
np.array(x,copy=True).sum()
np.array(x,dtype=object).sum()
np.array([x,x]).sum()
np.array([[x[0],x[1]],[x[1],x[2]]]).sum()
np.array([x[0],1.0],dtype=object).sum()
np.stack([x[0],x[1]]).prod()
np.hstack([x,1.0]).prod()
np.r_[x,1.0].prod()
np.c_[x,x].prod()
np.concatenate([x,[1.0]]).prod()
np.block([[x[0],x[1]]]).prod()
np.column_stack([x,x]).prod()
np.broadcast_arrays(x,A)[0].prod()
np.meshgrid(x,x)[0].prod()
np.ix_(x)[0].prod()
sum(x)
sum(x*x)
sum(t*t for t in x)
max(x)*2
min(x)*2
sorted(x)[0]*x[1]
sorted(x,key=lambda t:-t)[0]*3
sorted([t*t for t in x])[1]
max(x[0],0.3)*x[1]
max([x[0],x[1]],key=float)
functools.reduce(operator.mul,x)
functools.reduce(lambda a,b:a+b*b,x,0.0)
list(itertools.accumulate(x,operator.mul))[-1]
math.prod(x)
math.sqrt(x[0])
math.sin(x[0])+x[1]
math.exp(x.sum())
math.hypot(x[0],x[1])
math.fsum(x)
math.pow(x[0],2)
math.dist(x,C)
math.floor(x[0])*x[0]
math.ceil(x[0])*x[0]
math.trunc(x[0])+x[0]
cmath.exp(x[0]).real
abs(x).sum()
abs(-x[0])
round(x[0],3)*1.0+x[0]
round(x[0])*x[0]
pow(x[0],3)
divmod(x[0],0.3)[1]
(x%0.25).sum()
(x//0.25).sum()+x.sum()
statistics.mean(x)
statistics.fmean(x)
statistics.stdev(x)
statistics.median(x)
statistics.variance(list(x))
statistics.geometric_mean(x)
float(x[0])*x[1]
float(x.sum())
int(x[0]*10)*x[1]
bool(x[0]>0)*x[1]
complex(x[0]).real
x[0].item()*x[1]
x.tolist()[0]*x[1]
sum(x.tolist())
x[int(np.argmax(x))]*2
x[np.argmax(x)]
x[np.argsort(x)][0]
x[x>0.4].sum()
x[[0,2]].sum()
x[::-1][0]*x[1]
x[...,None].sum()
x[np.array([True,False,True])].prod()
(x if x[0]>0.1 else -x).sum()
np.where(x>0.5,x,x*x).sum()
np.where(x>0.5)[0].sum()*x[0]
np.select([x>0.5],[x],x*x).sum()
np.piecewise(x,[x>0.5],[lambda t:t*t,lambda t:t]).sum()
np.choose([0,1,0],[x,x*x]).sum()
np.compress([1,0,1],x).sum()
np.extract(x>0.3,x).sum()
np.take(x,[0,1]).prod()
np.clip(x,0.3,0.6).sum()
np.clip(C,x-1,x).sum()
np.clip(C,a_min=None,a_max=x).sum()
np.sum(C,initial=x[0])
np.prod(C,initial=x[0])
np.max(C,initial=x[0]+5)
np.sum(x,where=[True,False,True])
np.sum(C,where=x>0.5)+x[0]
np.mean(x,where=[True,False,True])
np.add(C,x,where=[True,False,True]).sum()
np.add(C,x,out=np.zeros(3)).sum()
np.add.reduce(x)
np.add.accumulate(x)[1]
np.multiply.reduce(x)
np.multiply.outer(x,x).sum()
np.add.reduceat(x,[0,2])[0]*x[1]
np.linspace(0,x[0],4).sum()
np.linspace(x[0],x[1],4).prod()
np.geomspace(x[0],x[1],4).sum()
np.logspace(0,x[0],3).sum()
np.logspace(0,1,3,base=x[0]+1).sum()
np.arange(0,x[0]+2,0.5).sum()+x[0]
np.full(3,x[0]).sum()
np.full_like(C,x[0]).sum()
np.full((2,),x[0],like=x).sum()
np.zeros_like(x).sum()+x.sum()
np.ones_like(x)@x
np.empty_like(x).shape[0]*x[0]
np.tile(x,2).prod()
np.repeat(x,2).prod()
np.pad(x,1,constant_values=x[0]).prod()
np.pad(C,1,constant_values=x[0]).sum()
np.pad(C,1,mode='linear_ramp',end_values=x[0]).sum()
np.insert(C,0,x[0]).sum()
np.append(C,x[0]).sum()
np.delete(x,0).prod()
np.diff(x,prepend=x[0]*2).prod()
np.diff(C,prepend=x[0]).sum()
np.ediff1d(C,to_begin=x[0]).sum()
np.interp(x[0],[0,1],[2,5])
np.interp(0.4,[0,1],[x[0],x[1]])
np.interp(0.4,[0,1],x[:2])
np.interp(-1.0,[0,1],[2,5],left=x[0])
np.interp(0.4,x[:2]*np.array([.1,2]),[2.,5.])
np.average(C,weights=x)
np.average(x,weights=[1,2,3])
np.cov(x,C)[0,1]
np.cov(C,aweights=x)
np.corrcoef(x,C)[0,1]
np.histogram(C,bins=2,weights=x)[0][0]
np.histogram(x,bins=2)[0][0]*x[0]
np.bincount([0,1,1],weights=x)[1]
np.digitize(x,[0.5])[0]*x[0]
np.searchsorted(x,0.5)*x[0]
np.quantile(x,0.3)
np.quantile(C,x[0])
np.percentile(C,q=x[0]*100)
np.median(x)*x[0]
np.var(x,ddof=1)
np.std(x)
np.var(x,mean=x.mean())
np.var(C,mean=x.mean())
np.nan_to_num(C,nan=x[0]).sum()+x[0]
np.nan_to_num(np.array([np.nan,1.]),nan=x[0]).sum()
np.unwrap(x*10).sum()
np.unwrap(C*10,period=x[0]+6).sum()
np.trapezoid(x,C)
np.trapezoid(C,x=x)
np.trapezoid(C,dx=x[0])
np.gradient(x,0.1)[0]
np.gradient(C,x[0])[0]
np.gradient(C,x)[1]
np.convolve(x,C)[1]
np.correlate(C,x)[0]
np.cross(x,C)[0]
np.dot(C,x)
np.vdot(C,x)
np.inner(x,C)
np.outer(x,C).sum()
np.kron(x,C).sum()
np.tensordot(x,C,1)
np.einsum('i,i',x,C)
np.einsum('i,ij,j->',x,A,x)
np.matmul(A,x)[0]
A@x@x
x@A@C
C*x@C
np.trace(np.outer(x,x))
np.linalg.norm(x)
np.linalg.norm([x[0],x[1]])
np.linalg.norm(list(x))
np.linalg.det(np.outer(x,x)+A)
np.linalg.solve(A,x)[0]
np.linalg.solve(A+np.diag(x),C)[0]
np.linalg.inv(A+np.diag(x))[0,1]
np.linalg.eigvalsh(A+A.T+np.diag(x))[0]
np.linalg.eigvals(A+np.diag(x)).real.sum()
np.linalg.cholesky(A+A.T+np.diag(x))[1,0]
np.linalg.svd(A+np.diag(x))[1][0]
np.linalg.svd(A+np.diag(x),compute_uv=False)[1]
np.linalg.qr(A+np.diag(x))[1][0,0]
np.linalg.lstsq(A,x)[0][0]
np.linalg.pinv(A+np.diag(x))[0,0]
np.linalg.matrix_power(A+np.diag(x),2)[0,0]
np.linalg.multi_dot([A,np.diag(x),A])[0,0]
np.linalg.slogdet(A+np.diag(x))[1]
np.linalg.matrix_rank(np.diag(x))*x[0]
np.linalg.cond(A+np.diag(x))
np.linalg.norm(C,ord=x[0]+1)
np.fft.fft(x).real[1]
np.abs(np.fft.rfft(x)).sum()
np.polyval(x,0.5)
np.polyval(C,x[0])
np.polyfit([0,1,2],x,1)[0]
np.poly(x)[1]
np.roots([1.0,-x[0]-2,x[0]]).real.max()
np.roots([1,x[0],0.01]).real.sum()
np.polynomial.Polynomial(x)(0.5)
np.polynomial.Polynomial(C)(x[0])
np.polynomial.polynomial.polyval(x[0],C)
np.polynomial.chebyshev.chebval(x[0],C)
np.polynomial.chebyshev.chebval(0.3,x)
np.polynomial.legendre.legval(x[0],C)
np.poly1d(x)(0.5)
np.poly1d(C)(x[0])
np.sinc(x).sum()
np.i0(x).sum()
np.heaviside(C,x[0]).sum()+x[0]
np.heaviside(0.0,x[0])
np.ldexp(x,2).sum()
np.frexp(x)[0].sum()
np.modf(x*3)[0].sum()
np.spacing(x).sum()+x.sum()
np.nextafter(x,1.0).sum()
np.copysign(x,-1.0).sum()
np.sign(x).sum()+x.sum()
np.signbit(x).sum()+x.sum()
np.logaddexp(x,C).sum()
np.hypot(x,C).sum()
np.arctan2(x,C).sum()
np.float_power(x,2).sum()
np.fmod(x,0.3).sum()
np.divmod(x,0.3)[1].sum()
np.real(x*1j+x).sum()
np.imag(x*1j+x).sum()
np.angle(x+1j*C).sum()
np.conj(x+1j*x).imag.sum()
np.abs(x+1j*C).sum()
np.lib.scimath.sqrt(-x).imag.sum()
np.emath.log(x).sum()
np.cumsum(x)[1]
np.cumprod(x)[2]
np.sort(x)[0]*x[1]
np.partition(x,1)[1]
np.flip(x)[0]*x[1]
np.roll(x,1)[0]*x[1]
np.rot90(np.outer(x,x))[0,0]
np.unique(x)[0]
np.union1d(x,C).sum()
np.triu(np.outer(x,x)).sum()
np.vander(x)[0,0]
np.diag(x).sum()
np.diagflat(x).sum()
np.squeeze(x[None]).sum()
np.moveaxis(x[None],0,1).sum()
np.split(x,3)[1].sum()
np.array_split(x,2)[0].prod()
np.nansum(x)
np.nanmean(x)
np.nanmax(x)
np.ptp(x)
np.isclose(x,x).sum()*x[0]
np.allclose(x,x)*x[0]
np.array_equal(x,x)*x[0]
np.count_nonzero(x)*x[0]
np.nonzero(x)[0].sum()*x[0]
np.argmin(x)*x[0]
np.lexsort((x,))[0]*x[0]
np.may_share_memory(x,x)*x[0]
np.result_type(x).itemsize*x[0]
np.size(x)*x[0]
np.ndim(x)*x[0]+x[1]
np.matrix(x).sum()
np.ma.array(x).sum()
np.ma.masked_less(x,0.4).sum()
np.float64(x[0])*x[1]
np.float32(x[0])*x[1]
np.float64(2.0)*x[0]
np.float64(2.0)**x[0]
np.float64(2.0)/x[0]
np.int64(2)*x[0]
np.int64(x[0]*10)*x[0]
np.float64(2.0)-x[0]
np.array(2.0)*x[0]
C.dot(x)
C.__add__(x).sum()
C.sum(initial=x[0])
C.clip(x).sum()
C.take([0])[0]*x[0]
C.searchsorted(x).sum()*x[0]
np.add(C,1,C.copy())@x
copy.copy(x).prod()
copy.deepcopy(x).prod()*x[0]
copy.deepcopy([x])[0].prod()*x[0]
copy.deepcopy({'a':x*2})['a'].prod()
pickle.loads(pickle.dumps(x)).sum()
json.loads(json.dumps(list(x)))[0]*x[0]
array.array('d',x)[0]*x[0]
array.array('d',list(x))[0]*x[0]
memoryview(x)[0]*x[0]
bytes(x)[0]*x[0]
decimal.Decimal(x[0])
fractions.Fraction(x[0])
decimal.Decimal(float(x[0]))
collections.deque([x[0],x[1]])[0]*x[1]
ag.sum(collections.deque([x[0]*x[1],x[1]]))
ag.stack(collections.deque([x[0]*x[1],x[1]])).sum()
np.sum(collections.deque([x[0],x[1]]))
np.sum(collections.UserList([x[0],x[1]]))
np.sum([x[0],x[1]])
np.mean([x,x])
np.sum((x,x))
np.max([x[0],x[1]])
np.dot([x[0],x[1]],[1.,2.])
np.array(list(map(lambda t:t*t,x))).sum()
ag.array(list(map(lambda t:t*t,x))).sum()
sum(map(lambda t:t*t,x))
sum(filter(lambda t:t>0.4,x))
sum(a*b for a,b in zip(x,C))
sum(t*i for i,t in enumerate(x))
list(reversed(x))[0]*x[1]
dict(enumerate(x))[1]*x[0]
{**{'a':x}}['a'].sum()
[*x][0]*x[1]
x.sum().__float__()
x.__array__().sum()
x.__array__(float).sum()
next(iter(x))*x[1]
any(x>0.1)*x[0]
all(x)*x[0]
(x==x).sum()*x[0]
(0.5 in x)*x[0]+x[1]
operator.index(x[0])
operator.matmul(x,C)
operator.pow(x[0],2)
operator.itemgetter(0)(x)*x[1]
bisect.bisect([0,1],x[0])*x[0]
heapq.nlargest(2,x)[1]*x[0]
heapq.nsmallest(1,list(x))[0]
heapq.heappushpop([0.1,0.2],x[0])*1.0+x[0]
(lambda s:float(s))(format(x[0],'.3f'))*0+x[0]
ag.grad(lambda y:(y*x).sum())(C)[0]
ag.grad(lambda y:(y*y).sum())(x)[0]
ag.hessian(lambda y:(y*y*y*x).sum())(C)[0,0]
ag.jacobian(lambda y:y*x)(C).sum()
ag.jvp(lambda y:y*y,(x,),(C,))[1].sum()
ag.jvp(lambda y:y*y,(C,),(x,))[1].sum()
ag.jvp(lambda y:y*x,(C,),(C,))[1].sum()
ag.vjp(lambda y:y*y,x)[1](C)[0].sum()
ag.vjp(lambda y:y*y*x,C)[1](x)[0].sum()
ag.vjp(lambda y:y*y,C)[1](x)[0].sum()
ag.hvp(lambda y:(y**3).sum())(x,C).sum()
ag.hvp(lambda y:(y**3).sum())(C,x).sum()
ag.hvp(lambda y:(y**3*x).sum())(C,C).sum()
ag.value_and_grad(lambda y:(y*x).sum())(C)[0]
ag.value_and_grad(lambda y:(y*x).sum())(C)[1].prod()
ag.grad_and_aux(lambda y:((y*x).sum(),x.sum()))(C)[1]
ag.grad_and_aux(lambda y:((y*y).sum(),x.sum()))(C)[1]
ag.value_and_grad(lambda y:((y*y).sum(),{'a':y*x}),has_aux=True)(C)[0][1]['a'].sum()
ag.value_and_grad(lambda y:((y*y).sum(),y*x),has_aux=True)(x)[0][1].sum()
ag.elementwise_grad(lambda y:y*y*x)(C).sum()
ag.grad(lambda y,k=0:(y*k).sum())(C,k=x)[0]
ag.grad(lambda y,z:(y*z).sum())(C,x)[0]
ag.checkpoint(lambda y:y*x)(C).sum()
ag.checkpoint(lambda y:y*x)(x).sum()
ag.checkpoint(lambda y,k:y*k)(C,k=x).sum()
ag.checkpoint(lambda d:d['a']*x)({'a':x}).sum()
ag.special.logsumexp(x)
ag.linalg.norm([x[0],4.0])
ag.cross_entropy(x[None],[1])
ag.cross_entropy(C[None],[1],weight=x)
ag.mse_loss(C,x)
ag.mse_loss(x,C)
ag.conv1d(x.reshape(1,1,3),C[:2].reshape(1,1,2)).sum()
ag.conv1d(C.reshape(1,1,3),x[:2].reshape(1,1,2)).sum()
ag.relu(x=x).sum()
ag.matmul(x1=x,x2=C)
ag.softmax(x)[0]
ag.where(x>0.5,x,C).sum()
ag.topk(x,2)[0].prod()
Record(x).a.prod()
dataclasses.replace(Record(x), b=x).b.prod()
dataclasses.asdict(Record(x))["a"].prod()
dataclasses.astuple(Record(x))[0].prod()
Pair(x, 1)._replace(b=x).b.prod()
in_a_thread(lambda: (x * x).sum())
sum(squares(x))
np.fromiter(squares(x), float).sum()
np.random.default_rng(0).normal(x, 1.0).sum()
np.random.default_rng(0).uniform(0, x[0])
np.random.default_rng(0).permutation(x).sum()
np.random.default_rng(0).choice(C, p=x / x.sum())
ag.primitive("by_x", lambda y: y * x, [lambda g, out, y: g * x])(x).sum()
ag.primitive("by_k", lambda y, k: y * k, [lambda g, out, y, k: g * k, lambda g, out, y, k: g * y])(C, k=x).sum()
"""


USED = """
    array bisect cmath copy decimal fractions functools heapq itertools json math operator pickle statistics struct
"""
NAMES = {name: importlib.import_module(name) for name in USED.split()}


def read(program):
    return eval(f"lambda x: {program}", {**globals(), **NAMES})


def value(f, x):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return float(np.real(f(x)))


def differences(f):
    """The gradient by central differences of fourth order."""
    found = []
    for way in np.eye(3):
        near, far = (value(f, X + h * way) - value(f, X - h * way) for h in (STEP, 2 * STEP))
        found.append((8 * near - far) / (12 * STEP))
    return np.array(found)


@pytest.mark.parametrize("program", PROGRAMS.strip().splitlines())
def test_a_program_has_its_gradient_or_raises(program):
    if "special" in program:
        pytest.importorskip("scipy")
    run = read(program)
    f = lambda x: run(x) + x[0] * x[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            gradient = ag.grad(f)(X)
        except (TypeError, ValueError, AttributeError, IndexError, NotImplementedError):
            return
    np.testing.assert_allclose(gradient, differences(f), rtol=1e-5, atol=1e-6)


def test_most_programs_have_a_gradient():
    right = 0
    for program in PROGRAMS.strip().splitlines():
        run = read(program)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                right += bool(np.isfinite(ag.grad(run)(X)).all())
            except Exception:
                continue
    assert right > 250
