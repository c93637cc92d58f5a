cdef extern from "tiles.h" nogil:
    ctypedef struct tile_t "agx_tile":
        int rows, vectors, width
        void (*product)(int vectors, Py_ssize_t K, const float *a, const float *b,
                        const Py_ssize_t *offset, const float *start, float *c,
                        Py_ssize_t ldc) noexcept nogil
        void (*inner)(Py_ssize_t N, Py_ssize_t length, const float *g, Py_ssize_t ldg, Py_ssize_t next_g,
                      const float *x, Py_ssize_t next_x, const Py_ssize_t *offset, int stored, float *c,
                      Py_ssize_t ldc) noexcept nogil
    const tile_t *tile_for "agx_tile_for"(int level, Py_ssize_t rows) noexcept
    const tile_t *inner_tile_for "agx_inner_tile_for"(int level, Py_ssize_t rows) noexcept
    void copy "agx_copy"(float *to, const float *source, Py_ssize_t n) noexcept
    void turn8 "agx_turn8"(const float *source, Py_ssize_t ld, float *to, Py_ssize_t ldto) noexcept
