/* Updates of parameters: one pass over memory for a whole optimiser step of one array. Included by loops.pyx
   for each type, with NUMBER, AGX_NAME and AGX_ROOT defined. */

AGX_FAST static void AGX_NAME(sgd)(
    NUMBER *AGX_RESTRICT p, const NUMBER *AGX_RESTRICT g, NUMBER *AGX_RESTRICT velocity, Py_ssize_t n,
    double lr, double momentum, double weight_decay, int nesterov, int first) {
    NUMBER rate = (NUMBER)lr, mu = (NUMBER)momentum, decay = (NUMBER)weight_decay;
    NUMBER keep = first ? 0 : (NUMBER)momentum;
    if (momentum == 0)
        for (Py_ssize_t i = 0; i < n; i++) p[i] -= rate * (g[i] + decay * p[i]);
    else if (nesterov)
        for (Py_ssize_t i = 0; i < n; i++) {
            NUMBER d = g[i] + decay * p[i], v = keep * velocity[i] + d;
            velocity[i] = v;
            p[i] -= rate * (d + mu * v);
        }
    else
        for (Py_ssize_t i = 0; i < n; i++) {
            NUMBER v = keep * velocity[i] + (g[i] + decay * p[i]);
            velocity[i] = v;
            p[i] -= rate * v;
        }
}

AGX_FAST static void AGX_NAME(adam)(
    NUMBER *AGX_RESTRICT p, const NUMBER *AGX_RESTRICT g, NUMBER *AGX_RESTRICT mean,
    NUMBER *AGX_RESTRICT square, Py_ssize_t n, double lr, double beta1, double beta2, double eps,
    double weight_decay, int decoupled, long step) {
    NUMBER b1 = (NUMBER)beta1, b2 = (NUMBER)beta2, c1 = (NUMBER)(1 - beta1), c2 = (NUMBER)(1 - beta2);
    NUMBER e = (NUMBER)eps, shrink = decoupled ? (NUMBER)(1 - lr * weight_decay) : 1;
    NUMBER decay = decoupled ? 0 : (NUMBER)weight_decay, rate = (NUMBER)(lr / (1 - pow(beta1, (double)step)));
    NUMBER scale = (NUMBER)(1 / sqrt(1 - pow(beta2, (double)step)));
    for (Py_ssize_t i = 0; i < n; i++) {
        NUMBER d = g[i] + decay * p[i], m = b1 * mean[i] + c1 * d, v = b2 * square[i] + c2 * d * d;
        mean[i] = m;
        square[i] = v;
        p[i] = shrink * p[i] - rate * m / (AGX_ROOT(v) * scale + e);
    }
}

AGX_FAST static void AGX_NAME(rmsprop)(
    NUMBER *AGX_RESTRICT p, const NUMBER *AGX_RESTRICT g, NUMBER *AGX_RESTRICT square,
    NUMBER *AGX_RESTRICT velocity, Py_ssize_t n, double lr, double alpha, double eps, double weight_decay,
    double momentum) {
    NUMBER a = (NUMBER)alpha, rest = 1 - (NUMBER)alpha, e = (NUMBER)eps, rate = (NUMBER)lr;
    NUMBER mu = (NUMBER)momentum, decay = (NUMBER)weight_decay;
    for (Py_ssize_t i = 0; i < n; i++) {
        NUMBER d = g[i] + decay * p[i], s = a * square[i] + rest * d * d;
        square[i] = s;
        NUMBER v = d / (AGX_ROOT(s) + e);
        if (momentum > 0) velocity[i] = v = v + mu * velocity[i];
        p[i] -= rate * v;
    }
}

#undef NUMBER
#undef AGX_NAME
#undef AGX_ROOT
