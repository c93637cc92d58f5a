/* Updates of parameters by their gradients: one pass over memory for a whole optimiser step of one array, of
   which ``first`` and ``second`` are kept from step to step. Included for each type, and for sets of
   instructions, with NUMBER, ROOT, AGX_NAME and AGX_TARGET defined. */

#ifndef AGX_UPDATES_H
#define AGX_UPDATES_H
/* What a step of Adam multiplies the parameter, the parameter in the gradient, the mean and the root by. */
static void agx_adam_factors(const double *options, ptrdiff_t step, double *factors) {
    double lr = options[0], weight_decay = options[4];
    int decoupled = options[5] != 0;
    factors[0] = decoupled ? 1 - lr * weight_decay : 1;
    factors[1] = decoupled ? 0 : weight_decay;
    factors[2] = lr / (1 - pow(options[1], (double)step));
    factors[3] = 1 / sqrt(1 - pow(options[2], (double)step));
}
#endif

#define UPDATE(name)                                                                                  \
    AGX_TARGET static void AGX_NAME(name)(                                                            \
        void *parameter, const void *gradient, void *first, void *second, ptrdiff_t n,                \
        const double *options, ptrdiff_t step)

UPDATE(sgd) {
    NUMBER *AGX_RESTRICT p = parameter, *AGX_RESTRICT velocity = first;
    const NUMBER *AGX_RESTRICT g = gradient;
    double momentum = options[1];
    int nesterov = options[3] != 0;
    NUMBER rate = (NUMBER)options[0], mu = (NUMBER)momentum, decay = (NUMBER)options[2];
    NUMBER keep = step == 1 ? 0 : mu;
    (void)second;
    if (momentum == 0)
        for (ptrdiff_t i = 0; i < n; i++) p[i] -= rate * (g[i] + decay * p[i]);
    else
        for (ptrdiff_t i = 0; i < n; i++) {
            NUMBER d = g[i] + decay * p[i], v = keep * velocity[i] + d, ahead = d + mu * v;
            velocity[i] = v;
            p[i] -= rate * (nesterov ? ahead : v);
        }
}

UPDATE(adam) {
    NUMBER *AGX_RESTRICT p = parameter, *AGX_RESTRICT mean = first, *AGX_RESTRICT square = second;
    const NUMBER *AGX_RESTRICT g = gradient;
    double f[4];
    agx_adam_factors(options, step, f);
    NUMBER b1 = (NUMBER)options[1], b2 = (NUMBER)options[2], c1 = (NUMBER)(1 - options[1]);
    NUMBER c2 = (NUMBER)(1 - options[2]), e = (NUMBER)options[3], shrink = (NUMBER)f[0];
    NUMBER decay = (NUMBER)f[1], rate = (NUMBER)f[2], scale = (NUMBER)f[3];
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER d = g[i] + decay * p[i], m = b1 * mean[i] + c1 * d, v = b2 * square[i] + c2 * d * d;
        mean[i] = m;
        square[i] = v;
        p[i] = shrink * p[i] - rate * m / (ROOT(v) * scale + e);
    }
}

UPDATE(rmsprop) {
    NUMBER *AGX_RESTRICT p = parameter, *AGX_RESTRICT square = first, *AGX_RESTRICT velocity = second;
    const NUMBER *AGX_RESTRICT g = gradient;
    NUMBER a = (NUMBER)options[1], rest = 1 - (NUMBER)options[1], e = (NUMBER)options[2];
    NUMBER rate = (NUMBER)options[0], decay = (NUMBER)options[3], mu = (NUMBER)options[4];
    (void)step;
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER d = g[i] + decay * p[i], s = a * square[i] + rest * d * d;
        square[i] = s;
        NUMBER kept = velocity[i], plain = d / (ROOT(s) + e), v = plain + mu * kept;
        velocity[i] = mu > 0 ? v : kept;
        p[i] -= rate * (mu > 0 ? v : plain);
    }
}

static const agx_update AGX_NAME(updates)[] = {AGX_NAME(sgd), AGX_NAME(adam), AGX_NAME(rmsprop)};

#undef UPDATE
#undef NUMBER
#undef AGX_NAME
#undef ROOT
