from libc.stdint cimport int32_t, int64_t

cdef extern from "simd.h" nogil:
    ctypedef struct loops_t "agx_loops":
        void (*relu)(const void *x, void *out, Py_ssize_t n) noexcept nogil
        void (*relu_back)(const void *g, const void *x, void *out, Py_ssize_t n) noexcept nogil
        void (*mask)(const void *x, void *g, Py_ssize_t n) noexcept nogil
        void (*pool)(const void *upper, const void *lower, void *out, Py_ssize_t n) noexcept nogil
        void (*unpool)(const void *upper, const void *lower, const void *g, void *d_upper, void *d_lower,
                       Py_ssize_t n) noexcept nogil
        double (*sum)(const void *x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t n) noexcept nogil
        int (*nan)(const void *x, Py_ssize_t n) noexcept nogil
        int (*endless)(const void *x, Py_ssize_t n) noexcept nogil
        double (*largest)(const void *x, Py_ssize_t n) noexcept nogil
        double (*exp_sum)(const void *x, void *out, Py_ssize_t n, double m) noexcept nogil
        void (*scale)(void *x, Py_ssize_t n, double s) noexcept nogil
        double (*dot)(const void *x, const void *y, Py_ssize_t n) noexcept nogil
        double (*total_of_line)(const void *x, Py_ssize_t n) noexcept nogil
        void (*centre)(const void *g, const void *y, void *out, Py_ssize_t n, double d) noexcept nogil
        void (*spread)(const void *g, const void *y, void *out, Py_ssize_t n, double s) noexcept nogil
        void (*shift)(const void *x, void *out, Py_ssize_t n, double m, double s) noexcept nogil
        double (*deviation)(const void *x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t n,
                            double m) noexcept nogil
        double (*product)(const void *g, const void *x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t n,
                          double m) noexcept nogil
        void (*affine)(const void *x, void *out, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t n,
                       double m, double a, double b) noexcept nogil
        void (*blend)(const void *g, const void *x, void *out, Py_ssize_t rows, Py_ssize_t stride,
                      Py_ssize_t n, double m, double a, double p, double q) noexcept nogil
        void (*row_moments)(const void *x, Py_ssize_t n, double *moments) noexcept nogil
        void (*row_affine)(const void *x, const void *w, const void *b, void *out, Py_ssize_t n, double m,
                           double r) noexcept nogil
        void (*row_products)(const void *g, const void *w, const void *x, Py_ssize_t n, double m,
                             double *sums) noexcept nogil
        void (*row_blend)(const void *g, const void *w, const void *x, void *out, void *dw, void *db,
                          Py_ssize_t n, double m, double r, double p, double q) noexcept nogil
    ctypedef struct activation_t "agx_activation":
        void (*value)(const float *x, float *out, Py_ssize_t n, float a) noexcept nogil
        void (*back)(const float *x, const float *v, const float *g, float *out, Py_ssize_t n,
                     float a) noexcept nogil
    ctypedef void (*update_t "agx_update")(
        void *p, const void *g, void **kept, Py_ssize_t n, const double *options,
        Py_ssize_t step) noexcept nogil
    ctypedef struct tile_t "agx_tile":
        int rows, vectors, width
        void (*product)(int vectors, Py_ssize_t K, const void *a, Py_ssize_t lda, Py_ssize_t next,
                        const void *b, const Py_ssize_t *offset, const void *start, void *c,
                        Py_ssize_t ldc) noexcept nogil
        void (*inner)(Py_ssize_t N, Py_ssize_t length, const void *g, Py_ssize_t ldg, Py_ssize_t next_g,
                      const void *x, Py_ssize_t next_x, const Py_ssize_t *offset, int stored, void *c,
                      Py_ssize_t ldc) noexcept nogil
        void (*nine)(const void *x, Py_ssize_t ldx, const void *a, int turned, const void *start, void *c,
                     Py_ssize_t rows, Py_ssize_t columns) noexcept nogil
    ctypedef struct winograd_t "agx_winograd":
        void (*image)(const float *x, Py_ssize_t row, Py_ssize_t channels, Py_ssize_t tiles, float *v,
                      Py_ssize_t next) noexcept nogil
        void (*gradient)(const float *y, Py_ssize_t row, Py_ssize_t channels, Py_ssize_t tiles, float *v,
                         Py_ssize_t next) noexcept nogil
        void (*result)(const float *m, Py_ssize_t next, Py_ssize_t ld, Py_ssize_t channels,
                       Py_ssize_t tiles, const float *bias, float *y, Py_ssize_t row,
                       float *endless) noexcept nogil
        void (*filter)(const float *w, Py_ssize_t next_filter, int turned, float *u,
                       Py_ssize_t next) noexcept nogil
        void (*filter_gradient)(const float *u, Py_ssize_t next, float *w) noexcept nogil
    enum: AGX_ABREAST
    ctypedef struct windows_t "agx_windows":
        Py_ssize_t count, H, W, OH, OW, down, across
        const int64_t *rows
        const int64_t *columns
        Py_ssize_t left, step, taps, pitch, pad
        bint pairs
        double empty
    ctypedef struct instructions_t "agx_instructions":
        const char *name
        int (*present)() noexcept nogil
        const loops_t *floats
        const loops_t *doubles
        const activation_t *activations
        const update_t *float_updates
        const update_t *double_updates
        const tile_t *tiles
        const tile_t *double_tiles
        void (*turn)(const float *source, Py_ssize_t ld, float *to, Py_ssize_t ldto) noexcept nogil
        void (*gather)(char *to, Py_ssize_t ldto, const char *source, Py_ssize_t ld, Py_ssize_t rows,
                       Py_ssize_t n, Py_ssize_t step, int item) noexcept nogil
        const winograd_t *winograd
        void (*find_largest)(const windows_t *s, Py_ssize_t i, const float *planes, const int32_t *offset,
                             float *best, int32_t *at) noexcept nogil
        void (*sum_rows)(const float *x, Py_ssize_t rows, Py_ssize_t n, float *out) noexcept nogil
        int (*exp)(const double *x, double *out, Py_ssize_t n) noexcept nogil
    const tile_t *tile_for "agx_tile_for"(const tile_t *tiles, Py_ssize_t rows) noexcept
    const tile_t *inner_tile_for "agx_inner_tile_for"(const tile_t *tiles, Py_ssize_t rows) noexcept
    int vectors_for "agx_vectors_for"(const tile_t *t, Py_ssize_t needed) noexcept
    void copy "agx_copy"(float *to, const float *source, Py_ssize_t n) noexcept

ctypedef void (*task_t)(void *context, int part) noexcept nogil

cdef enum:
    # Work that pays for calling another thread, in multiply-adds of float32: some microseconds of one core,
    # while a worker that is awake takes about one to answer.
    WORK_PER_THREAD = 1 << 17
    # An element that a loop reads and writes takes as long as this many of them.
    PER_ELEMENT = 8
