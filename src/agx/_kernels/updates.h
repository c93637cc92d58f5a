/* Updates of parameters by their gradients: one pass over memory for a whole optimiser step of one array, of
   which ``first`` and ``second`` are kept from step to step. Included for each type, and for sets of
   instructions, with NUMBER, ROOT, AGX_NAME and AGX_TARGET defined. */

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
    double lr = options[0], beta1 = options[1], beta2 = options[2], weight_decay = options[4];
    double decoupled = options[5];
    NUMBER b1 = (NUMBER)beta1, b2 = (NUMBER)beta2, c1 = (NUMBER)(1 - beta1), c2 = (NUMBER)(1 - beta2);
    NUMBER e = (NUMBER)options[3], shrink = decoupled ? (NUMBER)(1 - lr * weight_decay) : 1;
    NUMBER decay = decoupled ? 0 : (NUMBER)weight_decay, rate = (NUMBER)(lr / (1 - pow(beta1, (double)step)));
    NUMBER scale = (NUMBER)(1 / sqrt(1 - pow(beta2, (double)step)));
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
        NUMBER v = d / (ROOT(s) + e);
        if (mu > 0) velocity[i] = v = v + mu * velocity[i];
        p[i] -= rate * v;
    }
}

static const agx_update AGX_NAME(updates)[] = {AGX_NAME(sgd), AGX_NAME(adam), AGX_NAME(rmsprop)};

#undef UPDATE
#undef NUMBER
#undef AGX_NAME
#undef ROOT
