/* Loops beside those of NumPy's ufuncs, with the same arguments: copies, conversions, and choices. */

#ifndef AGX_STEPS_H
#define AGX_STEPS_H

#include <stdint.h>
#include <string.h>

#define AGX_LOOP(name) static void name(char **p, const Py_ssize_t *n, const Py_ssize_t *s, void *data)

/* ``data`` is the size of an element. */
AGX_LOOP(agx_copy_any) {
    Py_ssize_t size = (Py_ssize_t)data;
    if (s[0] == size && s[1] == size) {
        memmove(p[1], p[0], *n * size);
        return;
    }
    for (Py_ssize_t i = 0; i < *n; i++) memcpy(p[1] + i * s[1], p[0] + i * s[0], size);
}

AGX_LOOP(agx_copy_words) {
    if (s[0] == 8 && s[1] == 8) {
        memmove(p[1], p[0], *n * 8);
        return;
    }
    for (Py_ssize_t i = 0; i < *n; i++) memcpy(p[1] + i * s[1], p[0] + i * s[0], 8);
}

/* mask, a, b, out */
AGX_LOOP(agx_choose_any) {
    Py_ssize_t size = (Py_ssize_t)data;
    for (Py_ssize_t i = 0; i < *n; i++)
        memcpy(p[3] + i * s[3], p[0][i * s[0]] ? p[1] + i * s[1] : p[2] + i * s[2], size);
}

AGX_LOOP(agx_choose_words) {
    const char *mask = p[0], *a = p[1], *b = p[2];
    char *out = p[3];
    for (Py_ssize_t i = 0; i < *n; i++) {
        int64_t x = *(const int64_t *)(a + i * s[1]), y = *(const int64_t *)(b + i * s[2]);
        *(int64_t *)(out + i * s[3]) = mask[i * s[0]] ? x : y;
    }
}

#define AGX_CONVERT(name, from, to)                                                                   \
    AGX_LOOP(name) {                                                                                  \
        for (Py_ssize_t i = 0; i < *n; i++) *(to *)(p[1] + i * s[1]) = (to)*(const from *)(p[0] + i * s[0]); \
    }
AGX_CONVERT(agx_bool_to_double, unsigned char, double)
AGX_CONVERT(agx_bool_to_float, unsigned char, float)
AGX_CONVERT(agx_bool_to_long, unsigned char, int64_t)
AGX_CONVERT(agx_long_to_double, int64_t, double)
AGX_CONVERT(agx_float_to_double, float, double)
AGX_CONVERT(agx_double_to_float, double, float)

#endif
