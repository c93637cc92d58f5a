/* Loops over windows of images for one type, with NUMBER, AGX_NAME and QUICK (what is to be fast) defined.

   They go from image ``n`` to ``stop``; ``work`` is memory of their own. What they write is (OH, OW) for each
   image, or (H, W) if they go ``back``. */

/* Where window (i, j) has its first largest element, NaN before all others; -1 if empty. */
static ptrdiff_t AGX_NAME(first_largest)(const agx_windows *s, const NUMBER *x, ptrdiff_t i, ptrdiff_t j) {
    const ptrdiff_t start = s->columns[2 * j], stop = s->columns[2 * j + 1];
    ptrdiff_t h = s->rows[2 * i], w, best = h < s->rows[2 * i + 1] && start < stop ? h * s->W + start : -1;
    for (; h < s->rows[2 * i + 1]; h += s->down)
        for (w = start; w < stop; w += s->across) {
            NUMBER value = x[h * s->W + w];
            if (value > x[best] || (value != value && x[best] == x[best])) best = h * s->W + w;
        }
    return best;
}

/* Read ``others`` where windows of ``images`` have their first largest elements, or add them there. */
static void AGX_NAME(largest)(
    const agx_windows *s, const agx_instructions *set, ptrdiff_t n, ptrdiff_t stop, const void *images,
    const void *others, void *to, void *work, int back) {
    const ptrdiff_t size = s->H * s->W, plane = s->H * s->pitch, room = s->OW + AGX_ABREAST;
    const int together = sizeof(NUMBER) == 4 && s->pitch;
    float *best = work, *planes = best + 2 * room;
    int32_t *at = (int32_t *)(best + room), *offset = (int32_t *)(planes + s->step * plane);
    ptrdiff_t i, j;
    for (j = 0; together && j < s->taps; j++) {
        ptrdiff_t w = s->left + j * s->across + s->pad * s->step; /* counted from where planes begin */
        offset[j] = (int32_t)(w % s->step * plane + w / s->step);
    }
    for (j = 0; together && j < s->step * plane; j++) planes[j] = -INFINITY;
    for (; n < stop; n++) {
        const NUMBER *x = (const NUMBER *)images + n * size, *u = (const NUMBER *)others + n * size;
        const NUMBER *g = (const NUMBER *)others + n * s->OH * s->OW;
        NUMBER *out = (NUMBER *)to + n * s->OH * s->OW, *dx = (NUMBER *)to + n * size;
        if (back) memset(dx, 0, size * sizeof *dx);
        for (j = 0; together && j < s->step; j++)
            set->gather(
                (char *)(planes + j * plane + s->pad), s->pitch * 4, (const char *)(x + j), s->W * 4, s->H,
                (s->W - j + s->step - 1) / s->step, s->step, 4);
        for (i = 0; i < s->OH; i++) {
            if (together) set->find_largest(s, i, planes, offset, best, at);
            for (j = 0; j < s->OW; j++, g++, out++) {
                ptrdiff_t found;
                if (together && best[j] != -INFINITY) found = at[j] + j * s->step;
                else found = AGX_NAME(first_largest)(s, x, i, j);
                if (!back) *out = found < 0 ? (NUMBER)s->empty : u[found];
                else if (found >= 0) dx[found] += *g;
            }
        }
    }
}

QUICK static void AGX_NAME(add_row)(const NUMBER *AGX_RESTRICT x, NUMBER *AGX_RESTRICT out, ptrdiff_t n) {
    ptrdiff_t j = 0, k;
    for (; j + 4 <= n; j += 4)
        for (k = 0; k < 4; k++) out[j + k] += x[j + k];
    for (; j < n; j++) out[j] += x[j];
}

static void AGX_NAME(sum_rows)(
    const agx_instructions *set, const NUMBER *x, ptrdiff_t rows, ptrdiff_t n, NUMBER *out) {
    if (sizeof(NUMBER) == 4 && set->sum_rows) {
        set->sum_rows((const float *)x, rows, n, (float *)out);
        return;
    }
    for (ptrdiff_t j = 0; j < n; j++) out[j] = 0;
    for (; rows > 0; rows--, x += n) AGX_NAME(add_row)(x, out, n);
}

static void AGX_NAME(repeat_row)(
    const agx_instructions *set, const NUMBER *x, ptrdiff_t rows, ptrdiff_t n, NUMBER *out) {
    const int item = sizeof *x;
    if (set->gather) set->gather((char *)out, n * item, (const char *)x, 0, rows, n, 1, item);
    else for (; rows > 0; rows--, out += n) memcpy(out, x, n * item);
}

/* The sums of a row's windows. */
QUICK static void AGX_NAME(sum_columns)(const agx_windows *s, const NUMBER *x, NUMBER *out) {
    const int64_t *side = s->columns;
    ptrdiff_t j = 0;
    if (s->pairs) for (; j < s->OW; j++) out[j] = x[2 * j] + x[2 * j + 1];
    for (; j < s->OW; j++, side += 2) {
        NUMBER sum[4] = {0};
        ptrdiff_t w = side[0];
        for (; w + 4 <= side[1]; w += 4)
            for (int k = 0; k < 4; k++) sum[k] += x[w + k];
        for (; w < side[1]; w++) sum[0] += x[w];
        out[j] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
}

/* Add each g to its columns of x, where windows have a geometry. */
QUICK static void AGX_NAME(add_taps)(const agx_windows *s, const NUMBER *g, NUMBER *x) {
    for (ptrdiff_t t = 0; t < s->taps; t++) {
        ptrdiff_t w = s->left + t, j;
        for (j = 0; j < s->OW && w < 0; j++) w += s->step;
        if (s->step > 1) for (; j < s->OW && w < s->W; j++, w += s->step) x[w] += g[j];
        else AGX_NAME(add_row)(g + j, x + w, s->OW - j < s->W - w ? s->OW - j : s->W - w);
    }
}

/* The transpose of ``sum_columns``. Before ``done``, columns of x have been written. */
QUICK static void AGX_NAME(add_columns)(const agx_windows *s, const NUMBER *g, NUMBER *x) {
    const int64_t *side = s->columns;
    ptrdiff_t j = 0, done = 0;
    if (s->taps > s->step) {
        for (; done < s->W; done++) x[done] = 0;
        AGX_NAME(add_taps)(s, g, x);
        return;
    }
    if (s->pairs) for (; j < s->OW; j++, done += 2) x[2 * j] = x[2 * j + 1] = g[j] + 0;
    for (; j < s->OW; j++, side += 2) {
        const ptrdiff_t stop = side[1];
        const NUMBER value = g[j] + 0; /* no -0 */
        ptrdiff_t w = side[0];
        if (w < done) {
            for (; done < stop; done++) x[done] = 0;
            for (; w < stop; w++) x[w] += value;
        } else {
            for (; done < w; done++) x[done] = 0;
            for (; w + 4 <= stop; w += 4) x[w] = x[w + 1] = x[w + 2] = x[w + 3] = value;
            for (; w < stop; w++) x[w] = value;
            done = stop;
        }
    }
    for (; done < s->W; done++) x[done] = 0;
}

/* Add up the windows of ``images``, or ``others`` over their windows. */
static void AGX_NAME(sums)(
    const agx_windows *s, const agx_instructions *set, ptrdiff_t n, ptrdiff_t stop, const void *images,
    const void *others, void *to, void *work, int back) {
    const ptrdiff_t W = s->W, size = s->H * W;
    NUMBER *total = work;
    ptrdiff_t i, h;
    for (; n < stop; n++) {
        const NUMBER *x = (const NUMBER *)images + n * size, *g = (const NUMBER *)others + n * s->OH * s->OW;
        NUMBER *out = (NUMBER *)to + n * s->OH * s->OW, *dx = (NUMBER *)to + n * size;
        ptrdiff_t done = 0; /* rows of dx that have been written */
        for (i = 0; i < s->OH; i++, g += s->OW, out += s->OW) {
            const ptrdiff_t first = s->rows[2 * i], last = s->rows[2 * i + 1];
            if (!back) {
                AGX_NAME(sum_rows)(set, x + first * W, last - first, W, total);
                AGX_NAME(sum_columns)(s, total, out);
                continue;
            }
            AGX_NAME(add_columns)(s, g, total);
            for (h = first; h < last && h < done; h++) AGX_NAME(add_row)(total, dx + h * W, W);
            for (; done < first; done++) memset(dx + done * W, 0, W * sizeof *dx);
            if (done < last) AGX_NAME(repeat_row)(set, total, last - done, W, dx + done * W);
            if (done < last) done = last;
        }
        for (; back && done < s->H; done++) memset(dx + done * W, 0, W * sizeof *dx);
    }
}

#undef QUICK
#undef NUMBER
#undef AGX_NAME
