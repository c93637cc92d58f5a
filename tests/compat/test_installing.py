"""agx under the name of autograd. Each program runs in a process of its own."""

import subprocess
import sys

import pytest

BEGIN = "import agx.compat.autograd as ours; ours.install(); "


def run(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    "program",
    [
        BEGIN + "import autograd.numpy as np; from autograd import grad; print(grad(np.sin)(0.0))",
        BEGIN + "from autograd.numpy.numpy_vjps import unbroadcast_f as f; import "
        "agx.compat.autograd.numpy.numpy_vjps as v; print(float(f is v.unbroadcast_f))",
        # without install, as programs do it by hand
        "import sys, agx.compat.autograd as a; sys.modules['autograd'] = a; "
        "from autograd.misc.flatten import flatten; import autograd.numpy.linalg as la; "
        "print(la.norm([1.0]))",
    ],
    ids=["numpy", "same module", "by hand"],
)
def test_autograd_means_agx(program):
    assert run(program) == ["1.0"]


def test_modules_stay_what_they_are():
    program = "import autograd.numpy.fft as f; print(f.__name__, f.__spec__.name); ours.install()"
    assert run(BEGIN + program) == ["agx.compat.autograd.numpy.fft"] * 2


def test_a_traced_value_has_the_name_that_programs_look_for():
    program = "import agx as ag; print(str(type(ag.Tensor(1.0))).replace(' ', ''), ag.Tensor(1.0))"
    assert run(BEGIN + program) == ["<class'autograd.numpy.numpy_boxes.ArrayBox'>", "Tensor(1.)"]


def test_what_agx_lacks_is_not_found():
    program = "\ntry: import autograd.nonsense\nexcept ModuleNotFoundError: print('none')"
    assert run(BEGIN + program) == ["none"]


def test_another_autograd_that_is_imported_already():
    program = (
        "import sys, types; sys.modules['autograd'] = types.ModuleType('autograd')\n"
        "import agx.compat.autograd as ours\n"
        "try: ours.install()\nexcept RuntimeError as error: print(error)"
    )
    words = " ".join(run(program))
    assert words.startswith("install: autograd is already imported, from None; call agx.compat")
