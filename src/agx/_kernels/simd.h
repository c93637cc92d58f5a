/* Which vector instructions this processor has: 0 for the compiler's baseline, 1 for AVX2 with FMA,
   2 for AVX-512. Functions for levels 1 and 2 exist where AGX_SIMD is defined. */

#ifndef AGX_SIMD_H
#define AGX_SIMD_H

#if defined(_MSC_VER)
    #define AGX_RESTRICT __restrict
    #define AGX_INLINE static __forceinline
#else
    #define AGX_RESTRICT restrict
    #define AGX_INLINE static inline __attribute__((always_inline))
#endif

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define AGX_SIMD 1
#define AGX_AVX2 __attribute__((target("avx2,fma")))
#if defined(__clang__)
#define AGX_AVX512 __attribute__((target("avx512f")))
#else /* GCC would take vectors of half the width. */
#define AGX_AVX512 __attribute__((target("avx512f,prefer-vector-width=512")))
#endif

static inline int agx_simd_best(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    return __builtin_cpu_supports("avx512f") ? 2 : 1;
}

#else

static inline int agx_simd_best(void) { return 0; }

#endif
#endif
