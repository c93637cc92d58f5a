"""How convolution lays out an image, so that a weight and all positions of the output meet in one long run
of numbers; compiled into who uses it.

Along each axis, position p of a pass and number i of the kernel meet at p * step + shift of the source: a
convolution makes its result in one pass with step = stride; the gradient of its images takes each element of
the output's gradient, and makes every stride-th row or column in a pass of its own. An image is laid out in
planes, each of which holds every step-th row and column from its base on, so that i is met at p plus a
constant. Planes have rows of a common length, the pitch, in which zeros stand for padding.
"""

from libc.string cimport memset

from agx._kernels.machine cimport PER_ELEMENT, instructions_t, tile_t

cdef extern from "moves.h" nogil:
    void scatter "agx_scatter"(char *to, const char *source, Py_ssize_t n, Py_ssize_t step, int item) noexcept
    void interleave "agx_interleave"(char *to, const char *even, const char *odd, Py_ssize_t n) noexcept

cdef enum:
    MOST_PLANES = 16
    # Numbers that a tile may read beyond the last position, most that it has in a row, and its most rows.
    SLACK = 256
    MOST_WIDTH = 128
    MOST_ROWS = 8
    # Bytes of results that should stay in the first-level cache; most numbers of an image that are laid out.
    RESULT_BYTES = 49152
    MOST_NUMBERS = 1 << 26


cdef struct Axis:
    # Elements of the source, and those from one position to the next; the kernel's elements, and how far
    # they lie apart.
    Py_ssize_t size, step, kernel, dilation
    # The passes: where in the source and in the result each begins, its positions, and how many elements of
    # the kernel take part; the most positions.
    Py_ssize_t passes, positions
    Py_ssize_t[MOST_PLANES] begin, first, count, taps
    # Whether the kernel is turned round.
    bint turned
    # The planes: which element of the source each begins with, and how far the kernel reaches along them.
    Py_ssize_t planes, reach
    Py_ssize_t[MOST_PLANES] base
    # Elements of each plane before those of the source, and up to their end.
    Py_ssize_t[MOST_PLANES] head, stop


cdef inline void along(Axis *a, Py_ssize_t size, Py_ssize_t count, Py_ssize_t kernel, Py_ssize_t stride,
                       Py_ssize_t padding, Py_ssize_t dilation) noexcept:
    """The axis of a convolution: ``count`` positions of an image of ``size``."""
    a.size, a.step, a.kernel, a.dilation = size, stride, kernel, dilation
    a.passes, a.positions, a.turned = 1, count, False
    a.begin[0], a.first[0], a.count[0] = -padding, 0, count


cdef inline void back_along(Axis *a, Py_ssize_t size, Py_ssize_t count, Py_ssize_t kernel,
                            Py_ssize_t stride, Py_ssize_t padding, Py_ssize_t dilation) noexcept:
    """The axis of the gradient of an image of ``size``, from that of ``count`` positions; a pass for each
    row or column up to ``stride``, which is at most MOST_PLANES."""
    cdef Py_ssize_t f
    a.size, a.step, a.kernel, a.dilation = count, 1, kernel, dilation
    a.passes, a.positions, a.turned = stride, 0, True
    for f in range(stride):
        a.begin[f] = (padding - f + stride - 1) // stride
        a.first[f] = a.begin[f] * stride + f - padding
        a.count[f] = (size - a.first[f] + stride - 1) // stride if size > a.first[f] else 0
        a.positions = max(a.positions, a.count[f])


cdef inline Py_ssize_t pass_of(const Axis *a, Py_ssize_t i) noexcept nogil:
    """The pass in which element ``i`` of the kernel takes part."""
    return i * a.dilation % a.passes


cdef inline Py_ssize_t shift_of(const Axis *a, Py_ssize_t i) noexcept nogil:
    cdef Py_ssize_t moved = i * a.dilation // a.passes
    return a.begin[pass_of(a, i)] + (-moved if a.turned else moved)


cdef inline Py_ssize_t plane_of(const Axis *a, Py_ssize_t i, Py_ssize_t *moved) noexcept nogil:
    """The plane that element ``i`` of the kernel meets, and how far along it; -1 if there is none yet."""
    cdef Py_ssize_t t, shift = shift_of(a, i)
    for t in range(a.planes):
        moved[0] = (shift - a.base[t]) // a.step
        if moved[0] * a.step == shift - a.base[t] and 0 <= moved[0] <= a.reach:
            return t
    return -1


cdef inline bint divide(Axis *a, bint apart) noexcept:
    """Find the planes, one for each element of the kernel if they lie ``apart``; False if too many."""
    cdef Py_ssize_t i, t, shift, moved = 0, low = shift_of(a, 0), high = low, end
    for t in range(a.passes):
        a.taps[t] = 0
    for i in range(a.kernel):
        a.taps[pass_of(a, i)] += 1
        shift = shift_of(a, i)
        low, high = min(low, shift), max(high, shift)
    a.planes, a.reach = 0, 0 if apart else (high - low) // a.step
    for i in range(a.kernel):
        if plane_of(a, i, &moved) < 0:
            if a.planes == MOST_PLANES:
                return False
            shift = shift_of(a, i)
            a.base[a.planes] = shift if apart else low + (shift - low) % a.step
            a.planes += 1
    end = a.positions + a.reach
    for t in range(a.planes):
        a.head[t] = min(end, (a.step - 1 - a.base[t]) // a.step if a.base[t] < 0 else 0)
        a.stop[t] = (a.size - a.base[t] + a.step - 1) // a.step if a.size > a.base[t] else 0
        a.stop[t] = max(a.head[t], min(end, a.stop[t]))
    return True


cdef inline Py_ssize_t pitch_of(const Axis *a) noexcept:
    """The shortest rows of planes in which what lies beyond the end of a row are the next one's zeros."""
    cdef Py_ssize_t t, pitch = a.positions
    for t in range(a.planes):
        pitch = max(pitch, a.stop[t], a.positions + a.reach - a.head[t])
    return pitch


# --- images --------------------------------------------------------------------------------------------

cdef struct Sizes:
    const instructions_t *set
    const tile_t *tiles
    # Bytes of a number.
    Py_ssize_t item
    Py_ssize_t images, groups
    # Channels of a group's images and of its results; height and width of both.
    Py_ssize_t C, M, H, W, OH, OW
    Py_ssize_t KH, KW
    Axis down, across
    # The run: numbers in a row, rows of output in a band, numbers of a plane, a channel and an image.
    Py_ssize_t pitch, rows, plane, channel, image
    # Weights of a filter, and positions of a band with what tiles write beyond them.
    Py_ssize_t K, length
    # Whether rows of the run are those of the result, and whether the run is the image itself.
    bint direct, in_place


cdef inline bint choose_planes(Sizes *p) noexcept:
    """Choose the planes; a plane for each column of the kernel makes rows as short as those of the result."""
    cdef Axis apart = p.across
    cdef bint one = p.down.passes == p.across.passes == 1
    cdef double copied, saved
    if not divide(&p.down, False) or not divide(&p.across, False):
        return False
    p.pitch = pitch_of(&p.across)
    if p.pitch > p.across.positions and divide(&apart, True):
        copied = <double>p.C * p.down.planes * (apart.planes - p.across.planes) * p.across.positions
        saved = <double>p.M * p.across.positions if one else 0
        if copied * PER_ELEMENT < saved * PER_ELEMENT + <double>p.M * p.K * (p.pitch - p.across.positions):
            p.across, p.pitch = apart, p.across.positions
    p.direct = one and p.pitch == p.across.positions
    return True


cdef inline bint choose_rows(Sizes *p, Py_ssize_t workspace, bint inner) noexcept:
    """Choose the rows of a band so that everything fits the workspace; False if one is too much.

    So it is if there is none: the gradient of images without pixels has no rows.
    """
    cdef Py_ssize_t most, bands, row, planes
    if not p.down.positions or not p.across.positions or not choose_planes(p):
        return False
    planes = p.down.planes * p.across.planes
    if (p.down.reach + 1.0) * p.pitch * p.C * planes + <double>p.M * p.pitch > MOST_NUMBERS:
        return False
    row = (p.C * planes * p.pitch + (p.M * p.pitch if inner else 0)) * p.item
    most = max(1, workspace // row - p.down.reach)
    if not inner and not p.direct:
        most = min(most, max(1, RESULT_BYTES // (p.pitch * p.item)))
    bands = (p.down.positions + most - 1) // most
    p.rows = (p.down.positions + bands - 1) // bands
    if p.in_place:
        # At least as many positions as a tile has, and a multiple of every vector.
        p.rows = min(p.down.positions, max(most, MOST_WIDTH // p.W) + 15 & ~15)
        p.plane = p.H * p.W
    else:
        p.plane = (p.rows + p.down.reach) * p.pitch
        p.plane += max(0, p.across.positions + p.across.reach - p.pitch)
    p.channel = p.plane * planes
    p.image = p.C * p.channel + SLACK
    p.image += -p.image & 15
    p.length = p.rows * p.pitch + SLACK
    p.length += -p.length & 15
    return True


cdef inline void find_offsets(const Sizes *p, Py_ssize_t *offset) noexcept nogil:
    """Where a weight meets the first position, pass after pass in the order in which filters are packed."""
    cdef Py_ssize_t y, x, c, i, j, row, column, down = 0, right = 0, k = 0
    for y in range(p.down.passes):
        for x in range(p.across.passes):
            for c in range(p.C):
                for i in range(p.KH):
                    if pass_of(&p.down, i) != y:
                        continue
                    row = plane_of(&p.down, i, &down)
                    for j in range(p.KW):
                        if pass_of(&p.across, j) == x:
                            column = plane_of(&p.across, j, &right)
                            offset[k] = c * p.channel + (row * p.across.planes + column) * p.plane
                            offset[k] += down * p.pitch + right
                            k += 1


cdef inline void lay_out(const Sizes *p, const char *x, char *run, Py_ssize_t first) noexcept nogil:
    """Copy what output rows from ``first`` on see of an image; ``run`` has zeros around it."""
    cdef Py_ssize_t c, s, r, t, y, n, left, start, stop, rows = p.rows + p.down.reach
    cdef Py_ssize_t pitch = p.pitch * p.item
    cdef const Axis *across = &p.across
    cdef char *to
    for s in range(p.down.planes):
        # Rows of the planes that the image has.
        y = first * p.down.step + p.down.base[s]
        start = min(rows, (p.down.step - 1 - y) // p.down.step if y < 0 else 0)
        stop = max(start, min(rows, (p.H - y + p.down.step - 1) // p.down.step if p.H > y else 0))
        y += start * p.down.step
        for c in range(p.C):
            for t in range(across.planes):
                to = run + (c * p.channel + (s * across.planes + t) * p.plane + across.head[t]) * p.item
                n = across.stop[t] - across.head[t]
                for r in range(start):
                    memset(to + r * pitch, 0, n * p.item)
                for r in range(stop, rows):
                    memset(to + r * pitch, 0, n * p.item)
                left = across.head[t] * across.step + across.base[t]
                p.set.gather(to + start * pitch, pitch, x + ((c * p.H + y) * p.W + left) * p.item,
                             p.down.step * p.W * p.item, stop - start, n, across.step, <int>p.item)


cdef inline void weave(const Sizes *p, const char *result, char *to, Py_ssize_t next_row,
                       Py_ssize_t rows) noexcept nogil:
    """Write ``rows`` of the results of all passes to every so many columns."""
    cdef const Axis *across = &p.across
    cdef Py_ssize_t x, r, n = 0, most = across.positions, next_pass = MOST_ROWS * p.length * p.item
    cdef const char *source
    if across.passes == 2 and p.item == 4:
        n = min(across.count[0], across.count[1])
    for r in range(rows):
        source = result + r * p.pitch * p.item
        if n:
            x = across.first[0]
            interleave(to, source + x * next_pass, source + (1 - x) * next_pass, n)
        if n < most:
            for x in range(across.passes):
                scatter(to + (across.first[x] + n * across.passes) * p.item,
                        source + x * next_pass + n * p.item, across.count[x] - n, across.passes, <int>p.item)
        to += next_row


cdef inline void crop(const Sizes *p, const char *result, char *out, int rows, Py_ssize_t y, Py_ssize_t first,
                      Py_ssize_t count) noexcept nogil:
    """Copy ``count`` rows of each of the ``rows`` results of pass ``y`` to where they belong in ``out``."""
    cdef Py_ssize_t _i, row = p.OW * p.item, next_row = p.down.passes * row
    out += (p.down.first[y] + first * p.down.passes) * row
    for _i in range(rows):
        if p.across.passes == 1:
            p.set.gather(out, next_row, result, p.pitch * p.item, count, p.across.count[0], 1, <int>p.item)
        else:
            weave(p, result, out, next_row, count)
        result += p.length * p.item
        out += p.OH * row
