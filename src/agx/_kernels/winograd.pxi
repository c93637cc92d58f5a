"""Convolution of 3 x 3 by tiles of 2 x 2 results (``winograd.h``): 16 products in place of 36.

Blocks of tiles are copied with their channels last, transformed, and then multiplied number by number: each
of the 16 numbers of all tiles, as a matrix, by that of all filters. It rounds no worse than a product of
matrices. What is not finite would spread over its tile: then there is no result, and the other way is gone.
"""

cdef enum:
    # Tiles that pay for transforming the filters, filters of a block, numbers by which planes are longer so
    # that they do not meet in the cache, and most filters of one channel each.
    FEWEST_TILES = 16
    FILTERS = 64
    APART = 16
    MOST_FILTERS = 1 << 18


cdef struct Blocks:
    # Rows and columns of tiles of an image; rows of tiles in a block, and images.
    Py_ssize_t rows, columns, band, together
    # Tiles of a block, and the numbers of a block of images with channels last.
    Py_ssize_t tiles, pixels
    # Where the first tile begins in the image.
    Py_ssize_t top, left


cdef struct Winograd:
    Sizes sizes
    Blocks blocks
    const winograd_t *transforms
    const tile_t *tile
    int parts
    bint turned
    Py_ssize_t next_filter, next_channel
    # Filters of a block; numbers from one row of filters to the next, and from one plane to the next of
    # images, filters and results.
    Py_ssize_t most, ld, next_image, next_filters, next_result
    const float *x
    const float *w
    const float *g
    const float *bias
    float *out
    # Transformed filters, or the sums of their gradients.
    float *filters
    const Py_ssize_t *offset
    # Every part's ``share`` of it: a vector that tells whether something is not finite, pixels, planes.
    float *memory
    Py_ssize_t share


cdef inline Py_ssize_t rounded(Py_ssize_t n, Py_ssize_t unit) noexcept nogil:
    return (n + unit - 1) // unit * unit


cdef inline bint is_plain_axis(const Axis *a) noexcept:
    return a.kernel == 3 and a.passes == a.step == a.dilation == 1


cdef bint choose_blocks(const Sizes *p, Blocks *b, Py_ssize_t workspace, bint inner) noexcept:
    """Choose blocks of tiles, for each of which there are 16 numbers of every channel and filter."""
    cdef Py_ssize_t filters = p.M if inner else min(p.M, <Py_ssize_t>FILTERS)
    cdef Py_ssize_t most = max(16, workspace // (128 * (p.C + filters))), bands
    if p.set.winograd == NULL or p.item != 4 or p.groups != 1:
        return False
    if not is_plain_axis(&p.down) or not is_plain_axis(&p.across) or p.C % 8 or p.M % 8 or \
            p.C > MOST_FILTERS // p.M:
        return False
    # The transforms would take longer than the products that they save.
    if min(p.C, p.M) < 16 or p.C + p.M < (2 if inner else 3) * p.tiles.width:
        return False
    b.rows, b.columns = (p.OH + 1) // 2, (p.OW + 1) // 2
    if p.images * b.rows * b.columns < FEWEST_TILES or b.columns > 4 * most:
        return False
    # Tiles that stick out are in vain.
    if 2.5 * b.rows * b.columns > 1.0 * p.OH * p.OW:
        return False
    b.top = shift_of(&p.down, 2 if p.down.turned else 0)
    b.left = shift_of(&p.across, 2 if p.across.turned else 0)
    bands = max(1, rounded(b.rows * b.columns, most) // most)
    b.band = (b.rows + bands - 1) // bands
    b.together = max(1, min(p.images, most // (b.rows * b.columns))) if b.band == b.rows else 1
    b.tiles = b.together * b.band * b.columns
    b.pixels = (2 * b.band + 2) * (2 * b.columns + 2)
    return True


cdef void channels_last(const Sizes *p, const float *x, Py_ssize_t C, Py_ssize_t H, Py_ssize_t W,
                        Py_ssize_t top, Py_ssize_t left, Py_ssize_t rows, Py_ssize_t columns,
                        float *to) noexcept nogil:
    """Copy a window of an image (C, H, W) to (rows, columns, C); beyond the image there are zeros."""
    cdef Py_ssize_t start = min(columns, max(0, -left)), stop = max(start, min(columns, W - left))
    cdef Py_ssize_t first = min(rows, max(0, -top)), last = max(first, min(rows, H - top))
    cdef Py_ssize_t row, c, j, k, n = stop - start, width = columns * C
    cdef const float *source
    cdef float *at
    memset(to, 0, first * width * sizeof(float))
    memset(to + last * width, 0, (rows - last) * width * sizeof(float))
    for row in range(first, last):
        memset(to + row * width, 0, start * C * sizeof(float))
        memset(to + row * width + stop * C, 0, (columns - stop) * C * sizeof(float))
    # Eight channels of all rows at a time are as many streams as processors follow.
    for c in range(0, C, 8):
        for row in range(first, last):
            source, at = x + (c * H + top + row) * W + left + start, to + row * width + start * C + c
            j = 0
            while j + 8 <= n or (j < n and n >= 8):
                j = min(j, n - 8)
                p.set.turn(source + j, H * W, at + j * C, C)
                j += 8
            while j < n:
                for k in range(8):
                    at[j * C + k] = source[k * H * W + j]
                j += 1


cdef void channels_first(const Sizes *p, const float *y, Py_ssize_t channels, Py_ssize_t rows,
                         Py_ssize_t columns, float *out) noexcept nogil:
    """Copy ``rows`` of pixels, (columns, channels) each, to where they belong in images."""
    cdef Py_ssize_t row, c, j, k, n = p.OW, plane = p.OH * p.OW
    cdef const float *source
    cdef float *to
    for c in range(0, channels, 8):
        for row in range(rows):
            source, to = y + row * columns * channels + c, out + c * plane + row * n
            j = 0
            while j + 8 <= n or (j < n and n >= 8):
                j = min(j, n - 8)
                p.set.turn(source + j * channels, channels, to + j, plane)
                j += 8
            while j < n:
                for k in range(8):
                    to[k * plane + j] = source[j * channels + k]
                j += 1


cdef void filters_part(void *context, int part) noexcept nogil:
    """Transform every channel's filters that are this part's turn."""
    cdef Winograd *job = <Winograd *>context
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t c = part, m
    while c < p.C:
        for m in range(0, p.M, 8):
            job.transforms.filter(job.w + m * job.next_filter + c * job.next_channel, job.next_filter,
                                  job.turned, job.filters + c * job.ld + m, job.next_filters)
        c += job.parts


cdef void images_of_block(const Winograd *job, Py_ssize_t n, Py_ssize_t count, Py_ssize_t first,
                          Py_ssize_t band, float *pixels, float *v) noexcept nogil:
    """Transform ``count`` images from ``n`` on, and of each ``band`` rows of tiles from ``first`` on."""
    cdef const Sizes *p = &job.sizes
    cdef const Blocks *b = &job.blocks
    cdef Py_ssize_t i, row, width = (2 * b.columns + 2) * p.C
    for i in range(count):
        channels_last(p, job.x + (n + i) * p.C * p.H * p.W, p.C, p.H, p.W, b.top + 2 * first, b.left,
                      2 * band + 2, 2 * b.columns + 2, pixels)
        for row in range(band):
            job.transforms.image(pixels + 2 * row * width, width, p.C, b.columns, v, job.next_image)
            v += b.columns * p.C


cdef void multiply_block(const Winograd *job, const float *v, Py_ssize_t tiles, Py_ssize_t m,
                         Py_ssize_t filters, float *result) noexcept nogil:
    """Multiply each number of all tiles by that of ``filters`` from ``m`` on."""
    cdef const Sizes *p = &job.sizes
    cdef const tile_t *t = job.tile
    cdef float[MOST_ROWS] zeros
    cdef Py_ssize_t f, i, j
    cdef int vectors
    memset(zeros, 0, sizeof(zeros))
    for f in range(16):
        j = 0
        while j < filters:
            vectors = vectors_of(t, filters - j)
            i = 0
            while i < tiles:
                t.product(vectors, p.C, v + f * job.next_image + i * p.C, p.C, 1,
                          job.filters + f * job.next_filters + m + j, job.offset, zeros,
                          result + f * job.next_result + i * job.most + j, job.most)
                i += t.rows
            j += vectors * t.width


cdef void results_of_block(const Winograd *job, const float *result, Py_ssize_t n, Py_ssize_t count,
                           Py_ssize_t first, Py_ssize_t band, Py_ssize_t m, Py_ssize_t filters, float *pixels,
                           float *endless) noexcept nogil:
    """Write what came out for ``filters`` from ``m`` on."""
    cdef const Sizes *p = &job.sizes
    cdef const Blocks *b = &job.blocks
    cdef Py_ssize_t i, row, width = 2 * b.columns * filters, rows = min(2 * band, p.OH - 2 * first)
    cdef const float *bias = job.bias + m if job.bias else NULL
    for i in range(n, n + count):
        for row in range(band):
            job.transforms.result(result, job.next_result, job.most, filters, b.columns, bias,
                                  pixels + 2 * row * width, width, endless)
            result += b.columns * job.most
        channels_first(p, pixels, filters, rows, 2 * b.columns,
                       job.out + ((i * p.M + m) * p.OH + 2 * first) * p.OW)


cdef void winograd_part(void *context, int part) noexcept nogil:
    cdef Winograd *job = <Winograd *>context
    cdef const Sizes *p = &job.sizes
    cdef const Blocks *b = &job.blocks
    cdef float *endless = job.memory + part * job.share
    cdef float *pixels = endless + APART
    cdef float *v = pixels + b.pixels * max(p.C, job.most)
    cdef float *result = v + 16 * job.next_image
    cdef Py_ssize_t n = part * p.images // job.parts, stop = (part + 1) * p.images // job.parts
    cdef Py_ssize_t count, first, band, m, filters, tiles
    memset(endless, 0, APART * sizeof(float))
    while n < stop:
        count = min(b.together, stop - n)
        first = 0
        while first < b.rows:
            band = min(b.band, b.rows - first)
            images_of_block(job, n, count, first, band, pixels, v)
            tiles = rounded(count * band * b.columns, job.tile.rows)
            m = 0
            while m < p.M:
                filters = min(job.most, p.M - m)
                multiply_block(job, v, tiles, m, filters, result)
                results_of_block(job, result, n, count, first, band, m, filters, pixels, endless)
                m += job.most
            first += band
        n += count


cdef object winograd_convolve(const Product *direct, const Blocks *b, bint turned, object x, object w,
                              object bias, int parts):
    """Return every image's convolution, or None if something in it is not finite."""
    cdef Winograd job
    cdef const Sizes *p = &direct.sizes
    cdef cnp.npy_intp[4] shape = [p.images, p.M, p.OH, p.OW]
    cdef Py_ssize_t i, tiles = rounded(b.tiles, p.tiles.rows)
    out = empty(4, shape, cnp.NPY_FLOAT32)
    job.sizes, job.blocks, job.parts, job.turned = p[0], b[0], parts, turned
    job.transforms, job.tile = p.set.winograd, p.tiles
    job.next_filter, job.next_channel = direct.next_filter, direct.next_channel
    job.x, job.w = <float *>cnp.PyArray_DATA(x), <float *>cnp.PyArray_DATA(w)
    job.out, job.bias = <float *>cnp.PyArray_DATA(out), NULL
    if bias is not None:
        job.bias = <float *>cnp.PyArray_DATA(bias)
    job.ld = rounded(p.M, 16) + APART
    job.next_filters = p.C * job.ld + APART
    job.most = rounded(min(p.M, <Py_ssize_t>FILTERS), APART)
    job.next_image, job.next_result = tiles * p.C + APART, tiles * job.most + APART
    job.share = APART + b.pixels * max(p.C, job.most) + 16 * (job.next_image + job.next_result)
    job.offset = take_memory(&job, p.C, 16 * job.next_filters)
    with nogil:
        parallel(filters_part, &job, parts)
        parallel(winograd_part, &job, parts)
    for i in range(parts):
        if p.set.floats.endless(job.memory + i * job.share, 8):
            return None
    return out


cdef const Py_ssize_t *take_memory(Winograd *job, Py_ssize_t rows, Py_ssize_t filters) except NULL:
    """Lay out scratch memory; returns where each of the ``rows`` of a product's second factor begins."""
    cdef Py_ssize_t i
    job.share = rounded(job.share, APART)
    cdef float *memory = scratch(2 * rounded(rows, 8) + filters + SLACK + job.parts * job.share + SLACK)
    cdef Py_ssize_t *offset = <Py_ssize_t *>memory
    for i in range(rows):
        offset[i] = i * job.ld
    job.filters = memory + 2 * rounded(rows, 8)
    job.memory = job.filters + rounded(filters, APART)
    return offset


# --- gradient of the weight --------------------------------------------------------------------------

cdef void gradients_of_block(const Winograd *job, Py_ssize_t n, Py_ssize_t count, Py_ssize_t first,
                             Py_ssize_t band, float *pixels, float *v) noexcept nogil:
    """Transform a block of the output's gradient."""
    cdef const Sizes *p = &job.sizes
    cdef const Blocks *b = &job.blocks
    cdef Py_ssize_t i, row, width = 2 * b.columns * p.M
    for i in range(count):
        channels_last(p, job.g + (n + i) * p.M * p.OH * p.OW, p.M, p.OH, p.OW, 2 * first, 0, 2 * band,
                      2 * b.columns, pixels)
        for row in range(band):
            job.transforms.gradient(pixels + 2 * row * width, width, p.M, b.columns, v, job.next_result)
            v += b.columns * p.M


cdef void add_block(const Winograd *job, const float *v, const float *g, Py_ssize_t tiles,
                    float *sums) noexcept nogil:
    """Add up products over tiles, number by number, for all filters and channels."""
    cdef const Sizes *p = &job.sizes
    cdef const tile_t *t = job.tile
    cdef Py_ssize_t f, c, m
    cdef int vectors
    for f in range(16):
        c = 0
        while c < p.C:
            vectors = vectors_of(t, p.C - c)
            m = 0
            while m < p.M:
                t.product(vectors, tiles, g + f * job.next_result + m, 1, p.M, v + f * job.next_image + c,
                          job.offset, NULL, sums + f * job.next_filters + m * (p.C + APART) + c, p.C + APART)
                m += t.rows
            c += vectors * t.width


cdef void winograd_weight_part(void *context, int part) noexcept nogil:
    cdef Winograd *job = <Winograd *>context
    cdef const Sizes *p = &job.sizes
    cdef const Blocks *b = &job.blocks
    cdef float *sums = job.filters + part * 16 * job.next_filters
    cdef float *pixels = job.memory + part * job.share
    cdef float *v = pixels + b.pixels * max(p.C, p.M)
    cdef float *g = v + 16 * job.next_image
    cdef Py_ssize_t n = part * p.images // job.parts, stop = (part + 1) * p.images // job.parts
    cdef Py_ssize_t count, first, band
    memset(sums, 0, 16 * job.next_filters * sizeof(float))
    while n < stop:
        count = min(b.together, stop - n)
        first = 0
        while first < b.rows:
            band = min(b.band, b.rows - first)
            images_of_block(job, n, count, first, band, pixels, v)
            gradients_of_block(job, n, count, first, band, pixels, g)
            add_block(job, v, g, count * band * b.columns, sums)
            first += band
        n += count


cdef void filter_gradients_part(void *context, int part) noexcept nogil:
    """Add up the parts' sums, and transform those of every filter that is this part's turn."""
    cdef Winograd *job = <Winograd *>context
    cdef const Sizes *p = &job.sizes
    cdef Py_ssize_t m = part, c, f, i, ld = p.C + APART
    cdef float *sums
    while m < p.M:
        sums = job.filters + m * ld
        for i in range(1, job.parts):
            for f in range(16):
                add(sums + f * job.next_filters, sums + (16 * i + f) * job.next_filters, p.C)
        for c in range(0, p.C, 8):
            job.transforms.filter_gradient(sums + c, job.next_filters, job.out + (m * p.C + c) * 9)
        m += job.parts


cdef object winograd_weight_gradient(const Sizes *p, const Blocks *b, object x, object g, int parts):
    """Return the gradient of the weight, or None if something in it is not finite."""
    cdef Winograd job
    cdef cnp.npy_intp[4] shape = [p.M, p.C, 3, 3]
    w = empty(4, shape, cnp.NPY_FLOAT32)
    job.sizes, job.blocks, job.parts, job.transforms = p[0], b[0], parts, p.set.winograd
    job.tile = tile_for(p.tiles, 8)
    while 8 % job.tile.rows:
        job.tile += 1
    job.x, job.g = <float *>cnp.PyArray_DATA(x), <float *>cnp.PyArray_DATA(g)
    job.out = <float *>cnp.PyArray_DATA(w)
    job.ld, job.next_filters = p.C, p.M * (p.C + APART) + APART
    job.next_image, job.next_result = b.tiles * p.C + APART, b.tiles * p.M + APART
    job.share = b.pixels * max(p.C, p.M) + 16 * (job.next_image + job.next_result)
    job.offset = take_memory(&job, b.tiles, parts * 16 * job.next_filters)
    with nogil:
        parallel(winograd_weight_part, &job, parts)
        parallel(filter_gradients_part, &job, parts)
    return None if p.set.floats.endless(job.out, p.M * p.C * 9) else w
