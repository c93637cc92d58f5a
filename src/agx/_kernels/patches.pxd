from cython cimport floating

cdef void gather_image(const floating *x, floating *cols, Py_ssize_t channels, Py_ssize_t H, Py_ssize_t W,
                       Py_ssize_t OH, Py_ssize_t OW, const Py_ssize_t *geo) noexcept nogil
cdef void scatter_image(const floating *cols, floating *x, Py_ssize_t channels, Py_ssize_t H, Py_ssize_t W,
                        Py_ssize_t OH, Py_ssize_t OW, const Py_ssize_t *geo) noexcept nogil
