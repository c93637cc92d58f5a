"""Images (N, C, H, W) that are changed one by one, each by integers of its own: ``how`` is int64 (N, k).

Numbers move, or are weighed by integers, so that bytes come out the same on every machine and from however
many threads. Beyond an image there are zeros.
"""

cdef extern from *:
    """
    #include "simd.h"
    #define NUMBER float
    #define SUM float
    #define ROUNDED(sum) ((sum) / 65536)
    #define AGX_NAME(x) agx_##x##_of_floats
    #include "augment.h"
    #define NUMBER uint8_t
    #define SUM int
    #define ROUNDED(sum) ((sum) + 32768 >> 16)
    #define AGX_NAME(x) agx_##x##_of_bytes
    #include "augment.h"
    /* The last of n items first; bytes by eights. */
    static void agx_mirror(char *to, const char *from, Py_ssize_t n, Py_ssize_t item) {
        const char *end = from + n * item;
        if (item == 1) {
            for (; n >= 8; n -= 8, to += 8) {
                unsigned long long v;
                end -= 8;
                memcpy(&v, end, 8);
                v = (v & 0x00FF00FF00FF00FFULL) << 8 | (v >> 8 & 0x00FF00FF00FF00FFULL);
                v = (v & 0x0000FFFF0000FFFFULL) << 16 | (v >> 16 & 0x0000FFFF0000FFFFULL);
                v = v << 32 | v >> 32;
                memcpy(to, &v, 8);
            }
        }
        if (item == 4) {
            for (; n > 0; n--, to += 4) {
                end -= 4;
                memcpy(to, end, 4);
            }
        }
        for (; n > 0; n--, to += item) {
            end -= item;
            memcpy(to, end, item);
        }
    }
    """
    void mirror "agx_mirror"(char *to, const char *source, Py_ssize_t n, Py_ssize_t item) noexcept nogil
    void warp_of_floats "agx_warp_of_floats"(const float *plane, Py_ssize_t H, Py_ssize_t W,
                                             const int64_t *how, bint smooth, float *out) noexcept nogil
    void warp_of_bytes "agx_warp_of_bytes"(const uint8_t *plane, Py_ssize_t H, Py_ssize_t W,
                                           const int64_t *how, bint smooth, uint8_t *out) noexcept nogil
    void mix_of_floats "agx_mix_of_floats"(const float *x, const float *y, int weight, float *out,
                                           Py_ssize_t n) noexcept nogil
    void mix_of_bytes "agx_mix_of_bytes"(const uint8_t *x, const uint8_t *y, int weight, uint8_t *out,
                                         Py_ssize_t n) noexcept nogil

cdef enum:
    # What a pixel from another place costs, in multiply-adds, and what weights add up to.
    PER_PIXEL = 32
    ENTIRE = 1 << 16

cdef struct Images:
    # Images and their channels; height and width before and after.
    Py_ssize_t count, channels, H, W, height, width
    # Bytes of a number that is read, and of one that is written.
    Py_ssize_t item, written
    int parts
    bint single, smooth
    const char *x
    char *out
    const int64_t *how
    # Tables of 256 numbers, and the bytes from one image's to the next one's and from channel to channel.
    const char *tables
    Py_ssize_t next_image, next_channel


cdef bint read_images(Images *job, object x, object how, Py_ssize_t numbers) except -1:
    """Take the sizes of images, which lie in order, and what is to be done with each."""
    if not cnp.PyArray_CheckExact(x) or not cnp.PyArray_ISCARRAY_RO(x) or cnp.PyArray_NDIM(x) != 4:
        raise TypeError("images: expected a C-contiguous array (N, C, H, W)")
    if how is not None:
        job.how = integers(how)
        has_sizes(how, (len(x), numbers))
    job.count, job.channels = cnp.PyArray_DIM(x, 0), cnp.PyArray_DIM(x, 1)
    job.H, job.W = cnp.PyArray_DIM(x, 2), cnp.PyArray_DIM(x, 3)
    job.height, job.width = job.H, job.W
    job.item, job.x = cnp.PyArray_ITEMSIZE(x), cnp.PyArray_BYTES(x)
    job.single = cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32
    return True


cdef bint of_pixels(const Images *job, object x) except -1:
    """Whether numbers are uint8 or float32, or else TypeError."""
    if not job.single and cnp.PyArray_TYPE(x) != cnp.NPY_UINT8:
        raise TypeError(f"images: expected uint8 or float32, got {x.dtype}")
    return True


cdef object changed(Images *job, int kind, task_t task, Py_ssize_t cost, object team):
    """New images of a kind of numbers, which ``task`` writes."""
    cdef cnp.npy_intp[4] shape = [job.count, job.channels, job.height, job.width]
    out = empty(4, shape, kind) if kind == cnp.NPY_FLOAT32 else cnp.PyArray_EMPTY(4, shape, kind, 0)
    job.out = cnp.PyArray_BYTES(out)
    job.parts = threads_for(cost * cnp.PyArray_SIZE(out), job.count, team)
    share(task, job, job.parts)
    return out


# --- windows -----------------------------------------------------------------------------------------

cdef void look_up(const Images *job, const char *table, const char *source, char *to, Py_ssize_t n,
                  Py_ssize_t step) noexcept nogil:
    """Write the table's numbers for ``n`` bytes, ``step`` apart."""
    cdef const uint8_t *x = <const uint8_t *>source
    cdef const float *numbers = <const float *>table
    cdef float *out = <float *>to
    cdef Py_ssize_t i
    if job.single:
        for i in range(n):
            out[i] = numbers[x[i * step]]
    else:
        for i in range(n):
            to[i] = table[x[i * step]]


cdef void cut_row(const Images *job, const char *row, const char *table, Py_ssize_t left, bint turned,
                  char *out) noexcept nogil:
    """Write a row from what columns from ``left`` on of an image's row have, which may be NULL."""
    cdef Py_ssize_t start = 0, stop = 0, to = 0, item = job.item
    cdef char *written
    cdef char black = 0
    if row != NULL:
        # The columns of the window that the image has.
        start, stop = min(job.width, max(0, -left)), max(0, min(job.width, job.W - left))
        stop = max(start, stop)
        row += (left + start) * item
    to = job.width - stop if turned else start
    written = out + to * job.written
    if table != NULL:
        look_up(job, table, &black, out, to, 0)
        if turned and stop > start:
            look_up(job, table, row + stop - start - 1, written, stop - start, -1)
        else:
            look_up(job, table, row, written, stop - start, 1)
        to += stop - start
        look_up(job, table, &black, out + to * job.written, job.width - to, 0)
        return
    memset(out, 0, to * item)
    if turned:
        mirror(written, row, stop - start, item)
    elif stop > start:
        memcpy(written, row, (stop - start) * item)
    to += stop - start
    memset(out + to * item, 0, (job.width - to) * item)


cdef void cut_part(void *context, int part) noexcept nogil:
    cdef const Images *job = <const Images *>context
    cdef Py_ssize_t n, c, i, row, flips, written = job.width * job.written
    cdef const char *plane
    cdef const char *table = NULL
    cdef char *out
    for n in range(part * job.count // job.parts, (part + 1) * job.count // job.parts):
        flips = job.how[3 * n + 2]
        for c in range(job.channels):
            plane = job.x + (n * job.channels + c) * job.H * job.W * job.item
            out = job.out + (n * job.channels + c) * job.height * written
            if job.tables:
                table = job.tables + n * job.next_image + c * job.next_channel
            for i in range(job.height):
                row = job.how[3 * n] + (job.height - 1 - i if flips & 2 else i)
                cut_row(job, plane + row * job.W * job.item if 0 <= row < job.H else NULL, table,
                        job.how[3 * n + 1], flips & 1, out)
                out += written


cdef bint read_tables(Images *job, object x, object tables) except -1:
    cdef Images table
    if cnp.PyArray_TYPE(x) != cnp.NPY_UINT8:
        raise TypeError(f"images: expected uint8, got {x.dtype}")
    read_images(&table, tables[:, :, None], None, 0)
    of_pixels(&table, tables)
    if (table.count not in (1, job.count) or table.channels not in (1, job.channels) or table.W != 256):
        raise ValueError(f"images: tables of shape {tables.shape} do not go with images of {x.shape}")
    job.tables, job.single, job.written = table.x, table.single, table.item
    job.next_image = table.channels * 256 * table.item if table.count > 1 else 0
    job.next_channel = 256 * table.item if table.channels > 1 else 0
    return True


def cut(x, how, Py_ssize_t height, Py_ssize_t width, team, tables=None):
    # Cut a window of every image, and look its pixels up.
    #
    # ``how`` is where it begins, top and left, which may lie outside, and 1 if it is turned left to right,
    # plus 2 if upside down. ``tables`` (N or 1, C or 1, 256) have a float32 or uint8 for each byte.
    cdef Images job
    read_images(&job, x, how, 3)
    job.height, job.width, job.written = height, width, job.item
    job.tables = NULL
    if tables is not None:
        read_tables(&job, x, tables)
    return changed(&job, cnp.PyArray_TYPE(x if tables is None else tables), cut_part, PER_ELEMENT, team)


# --- other places ------------------------------------------------------------------------------------

cdef void warp_part(void *context, int part) noexcept nogil:
    cdef const Images *job = <const Images *>context
    cdef Py_ssize_t n, c, at
    for n in range(part * job.count // job.parts, (part + 1) * job.count // job.parts):
        for c in range(job.channels):
            at = (n * job.channels + c) * job.H * job.W
            if job.single:
                warp_of_floats(<const float *>job.x + at, job.H, job.W, job.how + 6 * n, job.smooth,
                               <float *>job.out + at)
            else:
                warp_of_bytes(<const uint8_t *>job.x + at, job.H, job.W, job.how + 6 * n, job.smooth,
                              <uint8_t *>job.out + at)


def warp(x, how, bint smooth, team):
    # Fetch pixel (i, j) of an image from row a i + b j + c and column d i + e j + f, in 65536ths.
    #
    # ``x`` is uint8 or float32, ``how`` are a to f. Between pixels the nearest is taken, or with ``smooth``
    # all four are weighed.
    cdef Images job
    read_images(&job, x, how, 6)
    of_pixels(&job, x)
    job.smooth = smooth
    return changed(&job, cnp.PyArray_TYPE(x), warp_part, PER_PIXEL, team)


# --- mixtures ------------------------------------------------------------------------------

cdef void mix_part(void *context, int part) noexcept nogil:
    cdef const Images *job = <const Images *>context
    cdef Py_ssize_t n, other, size = job.channels * job.H * job.W
    cdef int weight
    for n in range(part * job.count // job.parts, (part + 1) * job.count // job.parts):
        other, weight = job.how[2 * n] * size, <int>job.how[2 * n + 1]
        if job.single:
            mix_of_floats(<const float *>job.x + n * size, <const float *>job.x + other, weight,
                          <float *>job.out + n * size, size)
        else:
            mix_of_bytes(<const uint8_t *>job.x + n * size, <const uint8_t *>job.x + other, weight,
                         <uint8_t *>job.out + n * size, size)


def mix_images(x, how, team):
    # Mix every image with another one: ``how`` is its number, and the image's own weight in 65536ths.
    cdef Images job
    cdef Py_ssize_t n
    read_images(&job, x, how, 2)
    of_pixels(&job, x)
    for n in range(job.count):
        if not 0 <= job.how[2 * n] < job.count or not 0 <= job.how[2 * n + 1] <= ENTIRE:
            raise ValueError(f"images: expected a number below {job.count} and a weight, got {how[n]}")
    return changed(&job, cnp.PyArray_TYPE(x), mix_part, PER_ELEMENT, team)
