/* A team of threads that share out the parts of one task at a time.

   Whoever is free takes the next part, so that a task does not wait for a worker that the system keeps
   from running. Parts are numbered, and their number alone says what they do. A worker spins for a while
   after its last part, so that the next task finds it awake, and then sleeps on a lock. Everything here
   runs without the GIL.

   With AGX_THREADS defined as 0, for systems that have none, whoever calls does all parts. */

#ifndef AGX_POOL_H
#define AGX_POOL_H

#include <Python.h>

typedef void (*agx_task)(void *context, int part);

#ifndef AGX_THREADS
    #define AGX_THREADS 1
#endif
#if !AGX_THREADS

static void agx_pool_work(int i) { (void)i; }
static int agx_pool_reserve(void) { return -1; }
static void agx_pool_admit(void) {}
static int agx_pool_workers(void) { return 0; }
static void agx_pool_forget(void) {}
static void agx_pool_run(agx_task task, void *context, int parts) {
    for (int i = 0; i < parts; i++) task(context, i);
}

#else

#if defined(_MSC_VER)
    #include <intrin.h>
    #include <windows.h>
    typedef volatile long agx_atomic;
    #define agx_load(p) _InterlockedOr(p, 0)
    #define agx_add(p, n) _InterlockedExchangeAdd(p, n)
    #define agx_swap(p, n) _InterlockedExchange(p, n)
    #define agx_replace(p, old, n) (_InterlockedCompareExchange(p, n, old) == (old))
    #define agx_yield() SwitchToThread()
    #define agx_pause() YieldProcessor()
#else
    #include <sched.h>
    typedef int agx_atomic;
    #define agx_load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
    #define agx_add(p, n) __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST)
    #define agx_swap(p, n) __atomic_exchange_n(p, n, __ATOMIC_SEQ_CST)
    #define agx_yield() sched_yield()
    static inline int agx_replace(int *p, int old, int n) {
        return __atomic_compare_exchange_n(p, &old, n, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    #if defined(__x86_64__) || defined(__i386__)
        #define agx_pause() __builtin_ia32_pause()
    #elif defined(__aarch64__)
        #define agx_pause() __asm__ volatile("yield")
    #else
        #define agx_pause() ((void)0)
    #endif
#endif

enum { AGX_MOST_WORKERS = 255, AGX_MOST_PARTS = 0x7fff, AGX_SPINS = 8000 };

typedef struct {
    PyThread_type_lock bell;
    agx_atomic asleep;
    agx_atomic calls;
} agx_worker;

static struct {
    /* ``open`` is the number of parts, shifted by 16, plus the next part that nobody has taken. */
    agx_atomic busy, open, pending, workers;
    agx_task task;
    void *context;
    agx_worker worker[AGX_MOST_WORKERS];
} agx_pool;

/* Wait until a worker has been called more than ``seen`` times. */
static void agx_wait_for_call(agx_worker *w, int seen) {
    for (int i = 0; i < AGX_SPINS; i++) {
        if (agx_load(&w->calls) != seen) return;
        agx_pause();
    }
    agx_swap(&w->asleep, 1);
    /* Called in the meantime: unless the caller saw the flag and rings, there is nothing to wait for. */
    if (agx_load(&w->calls) != seen && agx_swap(&w->asleep, 0)) return;
    PyThread_acquire_lock(w->bell, WAIT_LOCK);
}

/* Do parts until none is left. Task and context are read after a part is taken: they stay what they are
   until all parts that were taken are done. */
static void agx_take_parts(void) {
    for (;;) {
        int open = agx_load(&agx_pool.open), next = open & 0xffff;
        if (next >= open >> 16) return;
        if (!agx_replace(&agx_pool.open, open, open + 1)) continue;
        agx_pool.task(agx_pool.context, next);
        agx_add(&agx_pool.pending, -1);
    }
}

/* What worker ``i`` does for ever. */
static void agx_pool_work(int i) {
    agx_worker *w = &agx_pool.worker[i];
    for (int seen = 0;;) {
        agx_wait_for_call(w, seen);
        seen = agx_load(&w->calls);
        agx_take_parts();
    }
}

/* Prepare the next worker and return its number, or -1. The caller holds a lock. */
static int agx_pool_reserve(void) {
    int i = agx_load(&agx_pool.workers);
    if (i == AGX_MOST_WORKERS) return -1;
    agx_worker *w = &agx_pool.worker[i];
    if (!w->bell) {  /* else its thread could not be started before */
        w->bell = PyThread_allocate_lock();
        if (!w->bell) return -1;
        PyThread_acquire_lock(w->bell, WAIT_LOCK);
    }
    w->asleep = w->calls = 0;
    return i;
}

/* Count the reserved worker in, now that its thread runs. */
static void agx_pool_admit(void) { agx_add(&agx_pool.workers, 1); }

static int agx_pool_workers(void) { return agx_load(&agx_pool.workers); }

/* Start afresh in a forked child, which has none of its parent's threads. */
static void agx_pool_forget(void) {
    agx_pool.busy = agx_pool.open = agx_pool.pending = agx_pool.workers = 0;
    memset(agx_pool.worker, 0, sizeof agx_pool.worker);
}

static void agx_call_workers(int count) {
    for (int i = 0; i < count; i++) {
        agx_worker *w = &agx_pool.worker[i];
        agx_add(&w->calls, 1);
        if (agx_swap(&w->asleep, 0)) PyThread_release_lock(w->bell);
    }
}

/* Call task(context, part) for every part, and return when all are done. If the team is busy, because
   this is a nested call or another thread of the user's is at work, all parts are done here. */
static void agx_pool_run(agx_task task, void *context, int parts) {
    int i, helpers = agx_load(&agx_pool.workers);
    if (helpers > parts - 1) helpers = parts - 1;
    if (helpers < 1 || parts > AGX_MOST_PARTS || agx_swap(&agx_pool.busy, 1)) {
        for (i = 0; i < parts; i++) task(context, i);
        return;
    }
    agx_pool.task = task;
    agx_pool.context = context;
    agx_swap(&agx_pool.pending, parts);
    agx_swap(&agx_pool.open, parts << 16);
    agx_call_workers(helpers);
    agx_take_parts();
    for (i = 0; agx_load(&agx_pool.pending); i++) {
        if (i < AGX_SPINS) agx_pause();
        else agx_yield();
    }
    agx_swap(&agx_pool.busy, 0);
}

#endif
#endif
