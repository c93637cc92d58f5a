"""Plans of convolutions by tiles: whether they are of use for some arrays, how, and then the result."""

cdef enum Pass:
    FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT


@cython.final
@cython.freelist(4)
@cython.auto_pickle(False)
cdef class Plan:
    """A convolution, or one of its gradients, of certain arrays by tiles: how, and then its result."""

    cdef Sizes sizes
    cdef Blocks blocks
    cdef Pass which
    cdef bint winograd
    cdef object first, second, bias
    cdef Py_ssize_t workspace
    cdef const char *instructions
    cdef readonly int threads

    @property
    def way(self):
        # Who multiplies.
        return f"{self.instructions.decode()} tiles{', Winograd' if self.winograd else ''}"

    def run(self):
        # Return the result, a new array.
        cdef Product job
        cdef Sizes *p = &self.sizes
        cdef Py_ssize_t area = p.KH * p.KW
        result = None
        first, second = cnp.PyArray_GETCONTIGUOUS(self.first), cnp.PyArray_GETCONTIGUOUS(self.second)
        if self.which == WEIGHT_GRADIENT:
            if self.winograd:
                result = winograd_weight_gradient(p, &self.blocks, first, second, self.threads)
            if result is None:
                result = tiled_weight_gradient(p, first, second, self.workspace, self.threads)
            return result
        job.sizes, job.next_group = p[0], p.M * p.K
        job.next_filter, job.next_channel = p.K, area
        if self.which == INPUT_GRADIENT:
            job.next_filter, job.next_channel = area, p.M * area
        bias = None if self.bias is None else cnp.PyArray_GETCONTIGUOUS(self.bias)
        if self.winograd:
            result = winograd_convolve(&job, &self.blocks, p.down.turned, first, second, bias, self.threads)
        return convolve(&job, first, second, bias, self.threads) if result is None else result


cdef bint is_array(object a, int kind, int ndim) noexcept:
    """Whether ``a`` is a plain array of numbers of a kind in this machine's byte order."""
    return (cnp.PyArray_CheckExact(a) and cnp.PyArray_TYPE(a) == kind and cnp.PyArray_NDIM(a) == ndim
            and cnp.PyArray_ISBEHAVED_RO(a))


cdef bint are_numbers(Sizes *p, object x, object y, object bias) noexcept:
    """Whether the arrays are plain ones of float32, or of float64; finds the tiles for them."""
    cdef int kind = cnp.NPY_FLOAT32 if is_array(x, cnp.NPY_FLOAT32, 4) else cnp.NPY_FLOAT64
    p.item = 4 if kind == cnp.NPY_FLOAT32 else 8
    p.set = instructions()
    p.tiles = p.set.tiles if p.item == 4 else p.set.double_tiles
    return is_array(x, kind, 4) and is_array(y, kind, 4) and (bias is None or is_array(bias, kind, 1))


cdef Plan planned(Sizes *p, Pass which, object first, object second, object bias, Py_ssize_t workspace,
                  object team, bint allowed):
    cdef Plan plan = Plan.__new__(Plan)
    if not choose_rows(p, workspace, which == WEIGHT_GRADIENT):
        return None
    plan.sizes, plan.which, plan.workspace = p[0], which, workspace
    plan.first, plan.second, plan.bias = first, second, bias
    plan.winograd = allowed and choose_blocks(p, &plan.blocks, workspace, which == WEIGHT_GRADIENT)
    plan.instructions = instructions().name
    plan.threads = threads_for(multiply_adds(p, which == INPUT_GRADIENT), p.images, team)
    return plan


def plan_forward(object x, object w, object bias, object geo, Py_ssize_t groups, Py_ssize_t workspace,
                 object team, bint winograd=True):
    # Plan to convolve images (N, C, H, W) with ``w`` (O, C / groups, KH, KW); ``bias`` is (O,) or None.
    cdef Sizes p
    if not are_numbers(&p, x, w, bias):
        return None
    if not read_sizes(&p, cnp.PyArray_DIMS(x), cnp.PyArray_DIMS(w), geo, groups, False):
        return None
    if bias is not None and cnp.PyArray_DIM(bias, 0) != groups * p.M:
        return None
    return planned(&p, FORWARD, x, w, bias, workspace, team, winograd)


def plan_input_gradient(object g, object w, tuple shape, object geo, Py_ssize_t groups,
                        Py_ssize_t workspace, object team, bint winograd=True):
    # Plan the gradient of images of ``shape`` from that of the output.
    cdef Sizes p
    cdef cnp.npy_intp[4] images = shape
    if not are_numbers(&p, g, w, None):
        return None
    if not read_sizes(&p, images, cnp.PyArray_DIMS(w), geo, groups, True) or not has_output(&p, g, True):
        return None
    return planned(&p, INPUT_GRADIENT, g, w, None, workspace, team, winograd)


def plan_weight_gradient(object x, object g, tuple shape, object geo, Py_ssize_t groups,
                         Py_ssize_t workspace, object team, bint winograd=True):
    # Plan the gradient of a weight of ``shape`` from that of the output.
    cdef Sizes p
    cdef cnp.npy_intp[4] weight = shape
    if not are_numbers(&p, x, g, None):
        return None
    if not read_sizes(&p, cnp.PyArray_DIMS(x), weight, geo, groups, False) or not has_output(&p, g, False):
        return None
    p.in_place = p.in_place and p.H * p.W % p.tiles.width == 0
    return planned(&p, WEIGHT_GRADIENT, x, g, None, workspace, team, winograd)
