"""Random programs that read arrays, look at them through views and assign into them.

A program is text as a NumPy user would write it. ``Writer`` tries each line on NumPy's arrays as it writes,
and keeps what NumPy takes; the same text then runs on Tensors.
"""

import numpy as np

import agx as ag

VIEWS = """
    {a}[{basic}] | {a}[{basic}] | {a}[{basic}] | {a}[0, ...] | {a}[::-1] | {a}[..., None] | {a}[None]
    {a}.T | {a}.reshape(-1) | {a}.ravel() | {a}.ravel('F') | {a}.reshape(-1, order='F') | {a}.squeeze() | {a}.swapaxes(0, -1) | {a}.reshape(2, -1)
    np.flip({a}) | np.fliplr({a}) | np.flipud({a}) | np.rot90({a}) | np.rot90({a}, 2)
    np.expand_dims({a}, 0) | np.moveaxis({a}, 0, -1) | np.transpose({a}) | np.atleast_2d({a})
    np.split({a}, 2)[1] | np.hsplit({a}, 2)[0] | np.array_split({a}, 2)[0] | np.vsplit({a}, 2)[1]
    np.diagonal({a}) | {a} | np.broadcast_to({a}, (2, *{a}.shape))
"""
RESULTS = """
    np.sin({a}) * {c} + {a} * {p} | {a} * {a} | {a} + {p} | {a}.copy() | np.copy({a}) | {a}.flatten()
    np.zeros_like({a}) | np.ones_like({a}) | np.full_like({a}, {p}) | zeros({a}.shape) | full({a}.shape, {p})
    {a}[{advanced}] | {a}[{advanced}] | +{a} | constant({a}) | np.take({a}, [0, -1]) | np.cumsum({a})
    np.concatenate([{a}, {a}]) | np.sum({a}, 0) | np.roll({a}, 1) | np.where({mask}, {a}, {p})
    np.stack([{a}, {a}]) | np.tril({a}) | np.repeat({a}, 2)
"""
ASSIGNMENTS = """
    {a}[{basic}] = {p} | {a}[{basic}] = {b} | {a}[{basic}] = np.sin({b}) * {c} | {a}[{basic}] *= {p}
    {a}[{basic}] = {a}[{basic}] * {c} | {a}[...] = {b} | {a}[:0] = {p} | {a}[{basic}] -= {b}
    {a}[{advanced}] = {p} | {a}[{advanced}] += {p} | {a}[{advanced}] = 1.0 * {b} | {a}[{mask}] = {p}
    {a}[{mask}] *= {c} * {p} | {a}[1:] = {a}[:-1] | {a}[:-1] += {a}[1:] | {a}[[0, 1]] = {a}[[1, 0]]
    {a}[0], {a}[1] = {a}[1], {a}[0] | {a}[0], {a}[1] = {a}[1].copy(), {a}[0].copy() | {a}[::-1] = {a}
    {a} += {p} | {a} *= {p} + 1.5 | {a} -= np.sin({a}) | {a} /= 1.5 + np.cos({p}) | {a} += {b} | {a} **= 2
    alias = {a}; alias *= {p} | {a}[{one}] = {p} | {a}[{one}] += {p} * {a}[{one}] | {a}.fill({p})
    {a}.copy().flat[0] = {p} | {a}.reshape(-1)[-1] = {p} | {a}.T[0] = {p} | {a}[1:][0] = {p} | {distinct}; {a}.sort()
    np.add.at({a}, {repeated}, {p}) | np.multiply.at({a}, {repeated}, {p}) | np.subtract.at({a}, [0, 0, 1], {b})
    np.negative.at({a}, {repeated}) | np.put({a}, [0, -1], x) | np.put({a}, 1, {p}) | np.copyto({a}, {b})
    np.copyto({a}, {p}, where={mask}) | np.putmask({a}, {mask}, x) | np.place({a}, {mask}, [{p}, {c}])
    np.fill_diagonal({a}, {p}) | np.fill_diagonal({a}, {a}[0]) | np.put_along_axis({a}, np.ones((2, *{a}.shape[1:]), int), {p}, 0)
    np.multiply({a}, {p}, out={a}) | np.add({a}, {b}, out={a}, where={mask}) | np.sin({a}, out={a})
    np.cumsum({a}, 0, out={a}) | assign_constant({a}, np.s_[{basic}], {b}) | np.dot({a}, {a}, out={a})
    np.sum({a}, 0, out={a}[0]) | {a}[{basic}] = {values} | {a}.put([0, 1], [{p}, {c}])
"""
BLOCKS = (
    "for k in range(1, len({a})):\n    {a}[k] = {c} * {a}[k - 1] + {p}",
    "for k in np.ndindex({a}.shape):\n    {a}[k] = {a}[k] * {p} + {c}",
    "for row in {a}:\n    row *= {p}",
    "k = 0\nwhile k < len({a}) - 1:\n    {a}[k + 1] += {c} * {a}[k] ** 2\n    k += 1",
    "for k in range(len({a})):\n    row = {a}[k]\n    row[0] = {p}\n    row[-1] += row[0]",
    "parts = {{'one': {a}[:1], 'all': [{a}]}}\nparts['one'][...] = {p}\nparts['all'][0][-1] = {c} * {p}",
    "L = L + {c} * ({a} * {a}).sum()",
    "def inner(y):\n    {a}[{one}] = y * y\n    return ({a} * {a}).sum()\nL = L + 0.1 * grad(inner)({p})",
    "del {a}",
)


class Writer:
    """Write a program for arrays of the shape of ``x``, with a random number generator."""

    def __init__(self, rng, x):
        self.rng, self.names, self.lines = rng, ["t"], ["t = x.copy()"]
        self.env = on_arrays(x)
        exec(self.lines[0], self.env)

    def choose(self, options):
        return options[self.rng.integers(len(options))]

    def slots(self, a):
        """What may stand in the braces of a line about the array ``a``."""
        shape = self.env[a].shape
        return {
            "a": a,
            "b": self.choose(self.names),
            "c": f"{self.rng.normal():.2f}",
            "p": self.choose(["p", "q", "r", "0.5 * p", "p * q"]),
            "basic": self.basic(shape),
            "advanced": self.advanced(shape),
            "one": "".join(f"{self.rng.integers(-n, n)}, " for n in shape if n) or "()",
            "mask": f"np.array({(self.rng.random(shape) < 0.5).tolist()}, bool)",
            "repeated": f"{self.rng.integers(0, max(shape[:1], default=0) or 1, 4).tolist()}",
            "distinct": f"{a} *= 0.1; {a} += np.arange({a}.size).reshape({a}.shape)",
            "values": f"np.arange({shape[-1] if shape else 1}) * p",
        }

    def basic(self, shape):
        """Integers, slices, ... and None."""
        parts = []
        for n in shape[: self.rng.integers(len(shape) + 1)]:
            start, stop = sorted(self.rng.integers(0, n + 1, 2))
            parts.append(
                self.choose([":", ":", "::-1", "::2", "::-2", f"{start}:{stop}", f"{start - n}"])
            )
        if self.rng.random() < 0.15:
            parts.insert(self.rng.integers(len(parts) + 1), self.choose(["None", "..."]))
        return ", ".join(parts) or "..."

    def advanced(self, shape):
        """Lists of integers, among slices too, and masks of the first axis."""
        if not shape or not shape[0]:
            return "[]"
        rows = self.rng.integers(-shape[0], shape[0], self.rng.integers(1, 4)).tolist()
        options = [f"{rows}", f"np.array({(self.rng.random(shape[0]) < 0.5).tolist()})", "[]"]
        if len(shape) > 1 and shape[1]:
            columns = self.rng.integers(0, shape[1], len(rows)).tolist()
            options += [
                f"{rows}, {columns}",
                f":, {columns}",
                f"{rows}, 0",
                f"[[0], [-1]], {columns}",
            ]
            options += [f"::-1, {columns}", f"None, {rows}", f"..., {columns[:1]}"]
        return self.choose(options)

    def write(self):
        """Write one more line, or none if NumPy does not take what came to mind."""
        a = self.choose(self.names)
        kind = self.rng.choice(
            ["view", "result", "assignment", "block"], p=[0.25, 0.15, 0.45, 0.15]
        )
        if kind == "block":
            line = self.choose(BLOCKS).format(**self.slots(a))
        else:
            table = {"view": VIEWS, "result": RESULTS, "assignment": ASSIGNMENTS}[str(kind)]
            line = self.choose(options_of(table)).format(**self.slots(a))
        if line == f"del {a}" and len(self.names) == 1:
            return
        if kind in ("assignment", "block") and not self.env[a].flags.writeable:
            return  # NumPy writes into some of these all the same.
        name = f"v{len(self.lines)}" if kind in ("view", "result") else ""
        line = f"{name} = {line}" if name else line
        try:
            exec(line, self.env)
        except (ValueError, IndexError, TypeError):
            return
        if line == f"del {a}":
            self.names.remove(a)
        elif name and not (isinstance(self.env[name], np.ndarray) and self.env[name].size < 100):
            return
        elif name:
            self.names.append(name)
        self.lines.append(line)


def options_of(table):
    return [entry.strip() for line in table.strip().splitlines() for entry in line.split(" | ")]


def random_program(seed):
    """A program, and numbers to run it on."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=[(3,), (2, 3), (3, 2), (2, 2, 2), (4, 1)][rng.integers(5)])
    writer = Writer(rng, x.astype(complex))
    for _ in range(rng.integers(8, 24)):
        writer.write()
    sums = [f"L = L + {k + 1} * np.cos({name}).sum()" for k, name in enumerate(writer.names)]
    return "\n".join([*writer.lines, *sums]), x


def run(program, env):
    """Run a program and return its last ``L``."""
    with np.errstate(all="ignore"):  # Some programs grow; who runs them looks at what comes out.
        exec(program, env)
    return env["L"]


def start(x, **others):
    p, q, r = x.reshape(-1)[:3]
    return {"np": np, "x": x, "p": p, "q": q, "r": r, "L": 0.0 * p, **others}


def slope_of_polynomial(f):
    """The derivative of a polynomial of degree 4 at most, and what its last call leaves behind."""

    def slope(y):
        near = [f(y + k) for k in (-2.0, -1.0, 1.0, 2.0)]
        f(y)
        return (near[0] - 8 * near[1] + 8 * near[2] - near[3]) / 12

    return slope


def on_arrays(x):
    """Names for a program that runs on NumPy's arrays of complex numbers."""

    def assign_constant(a, index, new):
        a[index] = np.real(new)

    return start(
        x,
        zeros=lambda shape: np.zeros(shape, complex),
        full=lambda shape, value: np.full(shape, value, complex),
        constant=lambda a: np.real(a) + 0j,
        assign_constant=assign_constant,
        grad=slope_of_polynomial,
    )


def on_tensors(x):
    """Names for a program that runs on Tensors."""

    def constant(a):
        with ag.no_grad():
            return a * 1.0

    def assign_constant(a, index, new):
        with ag.no_grad():
            a[index] = new

    return start(
        x,
        zeros=ag.zeros,
        full=ag.full,
        constant=constant,
        assign_constant=assign_constant,
        grad=ag.grad,
    )


def value_and_slope(program, x):
    """The result of a program and its gradient, by NumPy's complex numbers: exact to rounding."""
    x, step = x.astype(complex), 1e-30
    slope = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        moved = x.copy()
        moved[i] += step * 1j
        slope[i] = run(program, on_arrays(moved)).imag / step
    return run(program, on_arrays(x)).real, slope
