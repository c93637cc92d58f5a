/* Loops of rows.pxi for one type, with NUMBER and AGX_NAME defined. */

/* Share g among the elements of x that are ``best``. */
AGX_FAST static void AGX_NAME(share_line)(
    const NUMBER *AGX_RESTRICT x, NUMBER best, NUMBER g, NUMBER *AGX_RESTRICT out, Py_ssize_t n) {
    int count = 0;
    for (Py_ssize_t i = 0; i < n; i++) count += x[i] == best;
    g /= count > 1 ? count : 1;
    for (Py_ssize_t i = 0; i < n; i++) out[i] = x[i] == best ? g : 0;
}

/* The same down n rows, in some of their columns; the first row holds the counts, and then the shares, until
   it is written last. */
AGX_FAST static void AGX_NAME(share_columns)(
    const NUMBER *AGX_RESTRICT x, const NUMBER *AGX_RESTRICT best, const NUMBER *AGX_RESTRICT g, NUMBER *out,
    Py_ssize_t n, Py_ssize_t width, Py_ssize_t first, Py_ssize_t stop) {
    for (Py_ssize_t j = first; j < stop; j++) out[j] = x[j] == best[j] ? (NUMBER)1 : 0;
    for (Py_ssize_t i = 1; i < n; i++)
        for (Py_ssize_t j = first; j < stop; j++) out[j] += x[i * width + j] == best[j] ? (NUMBER)1 : 0;
    for (Py_ssize_t j = first; j < stop; j++) out[j] = g[j] / (out[j] > 1 ? out[j] : (NUMBER)1);
    for (Py_ssize_t i = n - 1; i >= 0; i--)
        ALONE for (Py_ssize_t j = first; j < stop; j++) {
            NUMBER share = out[j];
            out[i * width + j] = x[i * width + j] == best[j] ? share : 0;
        }
}

/* out += g */
AGX_FAST static void AGX_NAME(add)(NUMBER *AGX_RESTRICT out, const NUMBER *AGX_RESTRICT g, Py_ssize_t n) {
    for (Py_ssize_t j = 0; j < n; j++) out[j] += g[j];
}

/* out += rows of x that lie ``next`` numbers apart, one after the other. */
AGX_FAST static void AGX_NAME(add_rows)(
    NUMBER *AGX_RESTRICT out, const NUMBER *AGX_RESTRICT x, Py_ssize_t rows, Py_ssize_t next, Py_ssize_t n) {
    for (; rows >= 4; rows -= 4, x += 4 * next)
        for (Py_ssize_t j = 0; j < n; j++)
            out[j] = out[j] + x[j] + x[next + j] + x[2 * next + j] + x[3 * next + j];
    for (; rows; rows--, x += next) AGX_NAME(add)(out, x, n);
}

#undef NUMBER
#undef AGX_NAME
