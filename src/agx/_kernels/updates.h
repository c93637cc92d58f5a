/* Updates of parameters by their gradients: one pass over memory for a whole optimiser step of one array, with
   arrays ``kept`` from step to step. Included for each type, and for sets of instructions, with NUMBER, ROOT,
   AGX_NAME and AGX_TARGET defined.

   The options of every rule begin with the learning rate, the weight decay, and whether to go up. */

#ifndef AGX_UPDATES_H
#define AGX_UPDATES_H
/* What a step of Adam and its relatives multiplies the parameter, the parameter in the gradient, the mean, the
   gradient and the root by, and what is added to the root. Their own options: the decays of mean and square,
   epsilon, and whether the weight decay is decoupled. */
static void agx_adam_factors(const double *options, ptrdiff_t step, double *f) {
    double lr = options[0], weight_decay = options[1];
    int decoupled = options[6] != 0;
    f[0] = decoupled ? 1 - lr * weight_decay : 1;
    f[1] = decoupled ? 0 : weight_decay;
    f[2] = lr / (1 - pow(options[3], (double)step));
    f[3] = 0;
    f[4] = 1 / sqrt(1 - pow(options[4], (double)step));
    f[5] = options[5];
}

/* The momentum of NAdam, which grows from step to step. */
static double agx_nadam_momentum(const double *options, ptrdiff_t step) {
    return options[3] * (1 - 0.5 * pow(0.96, (double)step * options[7]));
}

static void agx_nadam_factors(const double *options, ptrdiff_t step, double *f) {
    double product = 1, now = agx_nadam_momentum(options, step);
    double next = agx_nadam_momentum(options, step + 1);
    agx_adam_factors(options, step, f);
    for (ptrdiff_t k = 1; k <= step && product > 1e-18; k++) /* less would change 1 - product no more */
        product *= agx_nadam_momentum(options, k);
    f[2] = options[0] * next / (1 - product * next);
    f[3] = options[0] * (1 - now) / (1 - product);
}

/* Few steps say too little of the square: until then the root is left out. */
static void agx_radam_factors(const double *options, ptrdiff_t step, double *f) {
    double decayed = pow(options[4], (double)step), end = 2 / (1 - options[4]) - 1;
    double length = end - 2 * (double)step * decayed / (1 - decayed);
    agx_adam_factors(options, step, f);
    if (length > 5) {
        f[2] *= sqrt((length - 4) * (length - 2) * end / ((end - 4) * (end - 2) * length)) / f[4];
        f[4] = 1;
    } else {
        f[4] = 0;
        f[5] = 1;
    }
}
#endif

#define UPDATE(name)                                                                                  \
    AGX_TARGET static void AGX_NAME(name)(                                                            \
        void *parameter, const void *gradient, void *const *kept, ptrdiff_t n, const double *options, \
        ptrdiff_t step)
#define ARRAYS                                                                                        \
    NUMBER *AGX_RESTRICT p = parameter;                                                               \
    const NUMBER *AGX_RESTRICT g = gradient;                                                          \
    NUMBER sign = options[2] != 0 ? -1 : 1
#define RATES NUMBER rate = (NUMBER)options[0], decay = (NUMBER)options[1]
#define SLOPE (sign * g[i] + decay * p[i])

UPDATE(sgd) {
    ARRAYS;
    RATES;
    NUMBER *AGX_RESTRICT velocity = kept[0];
    int nesterov = options[5] != 0;
    NUMBER mu = (NUMBER)options[3], keep = step == 1 ? 0 : mu, take = step == 1 ? 1 : (NUMBER)(1 - options[4]);
    if (options[3] == 0)
        for (ptrdiff_t i = 0; i < n; i++) p[i] -= rate * SLOPE;
    else
        for (ptrdiff_t i = 0; i < n; i++) {
            NUMBER d = SLOPE, v = keep * velocity[i] + take * d, ahead = d + mu * v;
            velocity[i] = v;
            p[i] -= rate * (nesterov ? ahead : v);
        }
}

/* A step of Adam or a relative by its factors, and with the largest squares so far if they are kept. */
AGX_TARGET static void AGX_NAME(adaptive)(
    void *parameter, const void *gradient, void *const *kept, ptrdiff_t n, const double *options,
    const double *f, NUMBER *AGX_RESTRICT largest) {
    ARRAYS;
    NUMBER *AGX_RESTRICT mean = kept[0], *AGX_RESTRICT square = kept[1];
    NUMBER b1 = (NUMBER)options[3], b2 = (NUMBER)options[4], c1 = (NUMBER)(1 - options[3]);
    NUMBER c2 = (NUMBER)(1 - options[4]), shrink = (NUMBER)f[0], decay = (NUMBER)f[1], rate = (NUMBER)f[2];
    NUMBER ahead = (NUMBER)f[3], scale = (NUMBER)f[4], e = (NUMBER)f[5];
#define STEPS(divide_by)                                                                              \
    for (ptrdiff_t i = 0; i < n; i++) {                                                               \
        NUMBER d = SLOPE, m = b1 * mean[i] + c1 * d, v = b2 * square[i] + c2 * d * d;                 \
        mean[i] = m;                                                                                  \
        square[i] = v;                                                                                \
        divide_by;                                                                                    \
        p[i] = shrink * p[i] - (rate * m + ahead * d) / (ROOT(v) * scale + e);                        \
    }
    if (largest)
        STEPS(largest[i] = v = v < largest[i] ? largest[i] : v)
    else
        STEPS()
#undef STEPS
}

#define ADAPTIVE(name, largest)                                                                       \
    UPDATE(name) {                                                                                    \
        double f[6];                                                                                  \
        agx_##name##_factors(options, step, f);                                                       \
        AGX_NAME(adaptive)(parameter, gradient, kept, n, options, f, largest);                        \
    }
ADAPTIVE(adam, options[7] != 0 ? kept[2] : NULL)
ADAPTIVE(nadam, NULL)
ADAPTIVE(radam, NULL)
#undef ADAPTIVE

UPDATE(adamax) {
    ARRAYS;
    NUMBER *AGX_RESTRICT mean = kept[0], *AGX_RESTRICT largest = kept[1];
    NUMBER b1 = (NUMBER)options[3], b2 = (NUMBER)options[4], c1 = (NUMBER)(1 - options[3]);
    NUMBER e = (NUMBER)options[5], decay = (NUMBER)options[1];
    NUMBER rate = (NUMBER)(options[0] / (1 - pow(options[3], (double)step)));
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER d = SLOPE, m = b1 * mean[i] + c1 * d, size = (d < 0 ? -d : d) + e, before = b2 * largest[i];
        mean[i] = m;
        largest[i] = size = size < before ? before : size;
        p[i] -= rate * m / size;
    }
}

UPDATE(rmsprop) {
    ARRAYS;
    RATES;
    NUMBER *AGX_RESTRICT square = kept[0], *AGX_RESTRICT velocity = kept[1];
    NUMBER *AGX_RESTRICT mean = options[6] != 0 ? kept[2] : NULL;
    NUMBER a = (NUMBER)options[3], rest = 1 - a, e = (NUMBER)options[4], mu = (NUMBER)options[5];
    (void)step;
#define STEPS(center)                                                                                 \
    for (ptrdiff_t i = 0; i < n; i++) {                                                               \
        NUMBER d = SLOPE, s = a * square[i] + rest * d * d, m = 0;                                    \
        square[i] = s;                                                                                \
        center;                                                                                       \
        NUMBER past = velocity[i], plain = d / (ROOT(s < m * m ? 0 : s - m * m) + e);                 \
        NUMBER v = plain + mu * past;                                                                 \
        velocity[i] = mu > 0 ? v : past;                                                              \
        p[i] -= rate * (mu > 0 ? v : plain);                                                          \
    }
    if (mean)
        STEPS(m = mean[i] = a * mean[i] + rest * d)
    else
        STEPS()
#undef STEPS
}

UPDATE(adagrad) {
    ARRAYS;
    NUMBER *AGX_RESTRICT sum = kept[0];
    NUMBER rate = (NUMBER)(options[0] / (1 + (double)(step - 1) * options[3])), decay = (NUMBER)options[1];
    NUMBER start = step == 1 ? (NUMBER)options[4] : 0, e = (NUMBER)options[5];
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER d = SLOPE, s = sum[i] + start + d * d;
        sum[i] = s;
        p[i] -= rate * d / (ROOT(s) + e);
    }
}

UPDATE(adadelta) {
    ARRAYS;
    RATES;
    NUMBER *AGX_RESTRICT square = kept[0], *AGX_RESTRICT change = kept[1];
    NUMBER a = (NUMBER)options[3], rest = (NUMBER)(1 - options[3]), e = (NUMBER)options[4];
    (void)step;
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER d = SLOPE, s = a * square[i] + rest * d * d, c = change[i], by = ROOT((c + e) / (s + e)) * d;
        square[i] = s;
        change[i] = a * c + rest * by * by;
        p[i] -= rate * by;
    }
}

/* Of the gradient only the sign counts; where that has turned, the parameter waits for the next one. */
UPDATE(rprop) {
    ARRAYS;
    NUMBER *AGX_RESTRICT before = kept[0], *AGX_RESTRICT size = kept[1];
    NUMBER less = (NUMBER)options[3], more = (NUMBER)options[4], least = (NUMBER)options[5];
    NUMBER most = (NUMBER)options[6], start = step == 1 ? (NUMBER)options[0] : 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER d = sign * g[i], same = d * before[i], s = size[i] + start;
        s *= same > 0 ? more : same < 0 ? less : 1;
        s = s < least ? least : s > most ? most : s;
        d = same < 0 ? 0 : d;
        size[i] = s;
        before[i] = d;
        p[i] -= d > 0 ? s : d < 0 ? -s : 0;
    }
}

static const agx_update AGX_NAME(updates)[] = {
    AGX_NAME(sgd), AGX_NAME(adam), AGX_NAME(rmsprop), AGX_NAME(adagrad), AGX_NAME(adadelta),
    AGX_NAME(adamax), AGX_NAME(nadam), AGX_NAME(radam), AGX_NAME(rprop)};

#undef SLOPE
#undef RATES
#undef ARRAYS
#undef UPDATE
#undef NUMBER
#undef AGX_NAME
#undef ROOT
