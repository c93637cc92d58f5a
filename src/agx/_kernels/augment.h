/* Loops over the pixels of images, included for each type of NUMBER; SUM is that of products with weights. Bytes
   are weighed by integers, and rounded once. */

/* Pixels from places that go on by steps, all in 65536ths of a pixel; zeros beyond the image. */
AGX_FAST static void AGX_NAME(warp)(const NUMBER *AGX_RESTRICT plane, Py_ssize_t H, Py_ssize_t W,
                                    const int64_t *how, int smooth, NUMBER *AGX_RESTRICT out) {
    int64_t half = smooth ? 0 : 32768;
    for (Py_ssize_t row = 0; row < H; row++) {
        int64_t y = how[0] * row + how[2] + half, x = how[3] * row + how[5] + half;
        for (Py_ssize_t column = 0; column < W; column++, y += how[1], x += how[4]) {
            int64_t i = y >> 16, j = x >> 16, at = i * W + j;
            NUMBER found = 0;
            if (!smooth) {
                if (i >= 0 && i < H && j >= 0 && j < W) found = plane[at];
            } else if (i >= -1 && i < H && j >= -1 && j < W) {
                SUM down = (SUM)(y >> 8 & 255), right = (SUM)(x >> 8 & 255), above = 0, below = 0;
                if (i >= 0 && j >= 0) above = (256 - right) * plane[at];
                if (i >= 0 && j + 1 < W) above += right * plane[at + 1];
                if (i + 1 < H && j >= 0) below = (256 - right) * plane[at + W];
                if (i + 1 < H && j + 1 < W) below += right * plane[at + W + 1];
                found = (NUMBER)ROUNDED((256 - down) * above + down * below);
            }
            *out++ = found;
        }
    }
}

/* weight x + (1 - weight) y, the weight in 65536ths. */
AGX_FAST static void AGX_NAME(mix)(const NUMBER *AGX_RESTRICT x, const NUMBER *AGX_RESTRICT y, int weight,
                                   NUMBER *AGX_RESTRICT out, Py_ssize_t n) {
    SUM own = (SUM)weight, others = (SUM)(65536 - weight);
    for (Py_ssize_t i = 0; i < n; i++) out[i] = (NUMBER)ROUNDED(own * x[i] + others * y[i]);
}

#undef NUMBER
#undef SUM
#undef ROUNDED
#undef AGX_NAME
