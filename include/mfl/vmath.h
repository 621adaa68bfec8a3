/* mfl/vmath.h -- scalar mathematics that vectorises: what generated C and the JIT use for every elementwise operator.
 *
 * Naming: operator NAME of compiler/ir/ops.def is mfl_NAME for double and mfl_NAMEf for float; the LLVM emitter calls the external twins
 * mflx_NAME and mflx_NAMEf of runtime/vmath_bc.src (the same text compiled to bitcode), so both emitters give the same bits.
 *
 * Branch-free bodies, no libm call in exp log log1p expm1 sin cos tan tanh sigmoid softplus: plain loops over them vectorise under gcc and clang without
 * -ffast-math. With -ffp-contract=off the bits are the same for every compiler and vector width; fused multiply-adds are written out, and on a
 * machine without them they are library calls with the same bits, or plain arithmetic if MFL_NO_FMA is defined (microcontrollers).
 * Errors are a few units in the last place. sin, cos and tan are for |x| < 2^50 (float: 2^20) and give NaN beyond. */
#ifndef MFL_VMATH_H
#define MFL_VMATH_H
#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MFL_INLINE static inline __attribute__((always_inline, unused))
#else
#define MFL_INLINE static inline
#endif
#if defined(MFL_NO_FMA)
#define MFL_FMA(a, b, c) ((a) * (b) + (c))
#define MFL_FMAF(a, b, c) ((a) * (b) + (c))
#elif defined(__GNUC__)
#define MFL_FMA(a, b, c) __builtin_fma(a, b, c)
#define MFL_FMAF(a, b, c) __builtin_fmaf(a, b, c)
#else
#define MFL_FMA(a, b, c) fma(a, b, c)
#define MFL_FMAF(a, b, c) fmaf(a, b, c)
#endif

MFL_INLINE uint32_t mfl_bits32(float x) { uint32_t u; memcpy(&u, &x, 4); return u; }
MFL_INLINE float mfl_float32(uint32_t u) { float x; memcpy(&x, &u, 4); return x; }
MFL_INLINE uint64_t mfl_bits64(double x) { uint64_t u; memcpy(&u, &x, 8); return u; }
MFL_INLINE double mfl_float64(uint64_t u) { double x; memcpy(&x, &u, 8); return x; }

/* ---- sign, absolute value, choice: as compiler/ir/ops.def writes them ---- */
MFL_INLINE double mfl_abs(double x) { return fabs(x); }
MFL_INLINE float mfl_absf(float x) { return fabsf(x); }
MFL_INLINE double mfl_sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }
MFL_INLINE float mfl_signf(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f; }
/* A NaN stays one, whichever operand it is: the comparison chooses y where either is a NaN, then x is asked. So written it is vectorised. */
MFL_INLINE double mfl_min(double x, double y) { const double least = x < y ? x : y; return x == x ? least : x; }
MFL_INLINE float mfl_minf(float x, float y) { const float least = x < y ? x : y; return x == x ? least : x; }
MFL_INLINE double mfl_max(double x, double y) { const double most = x > y ? x : y; return x == x ? most : x; }
MFL_INLINE float mfl_maxf(float x, float y) { const float most = x > y ? x : y; return x == x ? most : x; }
MFL_INLINE double mfl_mulz(double x, double y) { return x == 0.0 || y == 0.0 ? 0.0 : x * y; }
MFL_INLINE float mfl_mulzf(float x, float y) { return x == 0.0f || y == 0.0f ? 0.0f : x * y; }
/* The lanes of a sum or an extreme become one: lane k with lane k + n/2, and so on; n is a power of two up to 64. Whole vectors first, where the compiler has them. */
#if defined(__GNUC__)
typedef float mfl_v4 __attribute__((vector_size(16)));
typedef double mfl_v2 __attribute__((vector_size(16)));
typedef int32_t mfl_v4i __attribute__((vector_size(16)));
typedef int64_t mfl_v2i __attribute__((vector_size(16)));
#define MFL_FOLD_STEP(T, V, M, half, vjoin, join) \
    if (n >= 2 * half) { \
        if (half * sizeof(T) >= 16) \
            for (int k = 0; k < half; k += (int)(16 / sizeof(T))) { V a, b; memcpy(&a, lane + k, 16); memcpy(&b, lane + k + half, 16); a = vjoin; memcpy(lane + k, &a, 16); } \
        else \
            for (int k = 0; k < half; k++) { T a = lane[k], b = lane[k + half]; lane[k] = join; } \
    }
#else
#define MFL_FOLD_STEP(T, V, M, half, vjoin, join) for (int k = 0; n >= 2 * half && k < half; k++) { T a = lane[k], b = lane[k + half]; lane[k] = join; }
#endif
#define MFL_FOLD(name, T, V, M, vjoin, join) \
    MFL_INLINE T name(T *lane, int n) { \
        MFL_FOLD_STEP(T, V, M, 32, vjoin, join) MFL_FOLD_STEP(T, V, M, 16, vjoin, join) MFL_FOLD_STEP(T, V, M, 8, vjoin, join) \
        MFL_FOLD_STEP(T, V, M, 4, vjoin, join) MFL_FOLD_STEP(T, V, M, 2, vjoin, join) MFL_FOLD_STEP(T, V, M, 1, vjoin, join) return lane[0]; }
#define MFL_PICK(V, M, test) (V)(((M)b & (M)(test)) | ((M)a & ~(M)(test)))
MFL_FOLD(mfl_fold_add, double, mfl_v2, mfl_v2i, a + b, a + b)
MFL_FOLD(mfl_fold_addf, float, mfl_v4, mfl_v4i, a + b, a + b)
MFL_FOLD(mfl_fold_max, double, mfl_v2, mfl_v2i, MFL_PICK(mfl_v2, mfl_v2i, (b > a) | (b != b)), mfl_max(b, a))
MFL_FOLD(mfl_fold_maxf, float, mfl_v4, mfl_v4i, MFL_PICK(mfl_v4, mfl_v4i, (b > a) | (b != b)), mfl_maxf(b, a))
MFL_FOLD(mfl_fold_min, double, mfl_v2, mfl_v2i, MFL_PICK(mfl_v2, mfl_v2i, (b < a) | (b != b)), mfl_min(b, a))
MFL_FOLD(mfl_fold_minf, float, mfl_v4, mfl_v4i, MFL_PICK(mfl_v4, mfl_v4i, (b < a) | (b != b)), mfl_minf(b, a))
#undef MFL_FOLD
#undef MFL_FOLD_STEP
#undef MFL_PICK
MFL_INLINE double mfl_sqrt(double x) { return sqrt(x); }
MFL_INLINE float mfl_sqrtf(float x) { return sqrtf(x); }
MFL_INLINE double mfl_floor(double x) { return floor(x); }
MFL_INLINE float mfl_floorf(float x) { return floorf(x); }

/* ---- exp and its kin: x = k ln 2 + r, |r| <= ln 2 / 2; exp(r) - 1 = r + r^2 Q(r) ---- */
MFL_INLINE float mfl_expm1_core_f(float r)
{
    float p = 0x1.6d113cp-10f;
    p = MFL_FMAF(p, r, 0x1.120ba2p-7f);
    p = MFL_FMAF(p, r, 0x1.555518p-5f);
    p = MFL_FMAF(p, r, 0x1.5554dcp-3f);
    p = MFL_FMAF(p, r, 0.5f);
    return MFL_FMAF(r * r, p, r);
}
MFL_INLINE double mfl_expm1_core(double r)
{
    double r2 = r * r, r4 = r2 * r2;
    double a = MFL_FMA(0x1.5555555555556p-3, r, 0.5), b = MFL_FMA(0x1.11111111109adp-7, r, 0x1.5555555553d4fp-5);
    double c = MFL_FMA(0x1.a01a01a7c8d47p-13, r, 0x1.6c16c17893833p-10), d = MFL_FMA(0x1.71de0d9c145d0p-19, r, 0x1.a019b8ef67c6cp-16);
    double e = MFL_FMA(0x1.af38d53857513p-26, r, 0x1.2891a8c1d838dp-22);
    double p = MFL_FMA(MFL_FMA(e, r4, MFL_FMA(d, r2, c)), r4, MFL_FMA(b, r2, a));
    return MFL_FMA(r2, p, r);
}
/* 2^k as two factors s1 * s2, so that subnormal results and overflow come out right. */
typedef struct mfl_split64 { double r, s1, s2; } mfl_split64;
typedef struct mfl_split32 { float r, s1, s2; } mfl_split32;
MFL_INLINE mfl_split64 mfl_split(double z)
{
    mfl_split64 s;
    double kd = MFL_FMA(z, 0x1.71547652b82fep0, 0x1.8p52);
    int64_t k = (int64_t)(mfl_bits64(kd) - 0x4338000000000000u), k1 = (int64_t)((uint64_t)(k + 0x100000) >> 1) - 0x80000, k2 = k - k1;
    kd -= 0x1.8p52;
    s.r = MFL_FMA(kd, -0x1.62e42fefa3800p-1, z);
    s.r = MFL_FMA(kd, -0x1.ef35793c76730p-45, s.r);
    s.s1 = mfl_float64((uint64_t)(k1 + 1023) << 52);
    s.s2 = mfl_float64((uint64_t)(k2 + 1023) << 52);
    return s;
}
MFL_INLINE mfl_split32 mfl_splitf(float z)
{
    mfl_split32 s;
    float kf = MFL_FMAF(z, 0x1.715476p0f, 0x1.8p23f);
    int32_t k = (int32_t)(mfl_bits32(kf) - 0x4b400000u), k1 = k >> 1, k2 = k - k1;
    kf -= 0x1.8p23f;
    s.r = MFL_FMAF(kf, -0x1.62e4p-1f, z);
    s.r = MFL_FMAF(kf, -0x1.7f7d1cp-20f, s.r);
    s.s1 = mfl_float32((uint32_t)(k1 + 127) << 23);
    s.s2 = mfl_float32((uint32_t)(k2 + 127) << 23);
    return s;
}
MFL_INLINE double mfl_exp(double x)
{
    double z = x < -746.0 ? -746.0 : x;
    z = z > 710.0 ? 710.0 : z;                                           /* NaN passes both */
    mfl_split64 s = mfl_split(z);
    return (1.0 + mfl_expm1_core(s.r)) * s.s1 * s.s2;
}
MFL_INLINE float mfl_expf(float x)
{
    float z = x < -104.0f ? -104.0f : x;
    z = z > 89.0f ? 89.0f : z;
    mfl_split32 s = mfl_splitf(z);
    return (1.0f + mfl_expm1_core_f(s.r)) * s.s1 * s.s2;
}
MFL_INLINE double mfl_expm1(double x)
{
    double z = x < -50.0 ? -50.0 : x;
    z = z > 710.0 ? 710.0 : z;
    mfl_split64 s = mfl_split(z);
    return MFL_FMA(s.s1, mfl_expm1_core(s.r), s.s1 - 1.0 / s.s2) * s.s2;
}
MFL_INLINE float mfl_expm1f(float x)
{
    float z = x < -25.0f ? -25.0f : x;
    z = z > 89.0f ? 89.0f : z;
    mfl_split32 s = mfl_splitf(z);
    return MFL_FMAF(s.s1, mfl_expm1_core_f(s.r), s.s1 - 1.0f / s.s2) * s.s2;
}
MFL_INLINE double mfl_tanh(double x)                                      /* t / (t + 2), t = expm1(2 |x|) */
{
    double a = fabs(x), z = a > 20.0 ? 40.0 : 2.0 * a;
    mfl_split64 s = mfl_split(z);
    double sc = s.s1 * s.s2, t = MFL_FMA(sc, mfl_expm1_core(s.r), sc - 1.0);
    return copysign(t / (t + 2.0), x);
}
MFL_INLINE float mfl_tanhf(float x)
{
    float a = fabsf(x), z = a > 10.0f ? 20.0f : 2.0f * a;
    mfl_split32 s = mfl_splitf(z);
    float sc = s.s1 * s.s2, t = MFL_FMAF(sc, mfl_expm1_core_f(s.r), sc - 1.0f);
    return copysignf(t / (t + 2.0f), x);
}

/* ---- logarithms: x = 2^k m, m in [sqrt(1/2), sqrt(2)); the series of fdlibm in s = f / (2 + f), f = m - 1 ---- */
MFL_INLINE double mfl_log(double x)
{
    int64_t sub = x < 0x1p-1022;
    double xs = sub ? x * 0x1p52 : x;
    uint64_t ix = mfl_bits64(xs) - 0x3fe6a09e667f3bcdu, kb = (ix >> 52) ^ 0x800;
    double kf = mfl_float64(0x4330000000000000u | kb) - (0x1p52 + 2048.0) - (sub ? 52.0 : 0.0), m = mfl_float64((ix & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu);
    double f = m - 1.0, s = f / (2.0 + f), z = s * s, w = z * z;
    double t1 = w * MFL_FMA(w, MFL_FMA(w, 1.531383769920937332e-01, 2.222219843214978396e-01), 3.999999999940941908e-01);
    double t2 = z * MFL_FMA(w, MFL_FMA(w, MFL_FMA(w, 1.479819860510658591e-01, 1.818357216161805012e-01), 2.857142874366239149e-01), 6.666666666666735130e-01);
    double h = 0.5 * f * f, y = kf * 6.93147180369123816490e-01 - ((h - (s * (h + (t1 + t2)) + kf * 1.90821492927058770002e-10)) - f);
    y = x == (double)INFINITY ? x : y;
    y = x == 0.0 ? -(double)INFINITY : y;
    return x >= 0.0 ? y : (double)NAN;
}
MFL_INLINE float mfl_logf(float x)
{
    int sub = x < 0x1p-126f;
    float xs = sub ? x * 0x1p23f : x;
    uint32_t ix = mfl_bits32(xs) - 0x3f3504f3u;
    int32_t k = (int32_t)ix >> 23;
    float m = mfl_float32((ix & 0x7fffffu) + 0x3f3504f3u), kf = (float)(k - (sub ? 23 : 0)), f = m - 1.0f, s = f / (2.0f + f), z = s * s, w = z * z;
    float r = z * MFL_FMAF(w, 0x1.23d3dcp-2f, 0x1.555554p-1f) + w * MFL_FMAF(w, 0x1.f13c4cp-3f, 0x1.999c26p-2f), h = 0.5f * f * f;
    float y = kf * 0x1.62e3p-1f + (f - (h - (s * (h + r) + kf * 0x1.2fefa2p-17f)));
    y = x == (float)INFINITY ? x : y;
    y = x == 0.0f ? -(float)INFINITY : y;
    return x >= 0.0f ? y : (float)NAN;
}
MFL_INLINE double mfl_log1p(double x)                                     /* log(u) + what 1 + x lost to rounding */
{
    double u = 1.0 + x, c = (x - (u - 1.0)) / u, y = mfl_log(u);
    return u > 0.0 && u < (double)INFINITY ? y + c : y;
}
MFL_INLINE float mfl_log1pf(float x)
{
    float u = 1.0f + x, c = (x - (u - 1.0f)) / u, y = mfl_logf(u);
    return u > 0.0f && u < (float)INFINITY ? y + c : y;
}
MFL_INLINE double mfl_sigmoid(double x)
{
    double e = mfl_exp(-fabs(x)), y = 1.0 / (1.0 + e);
    return x < 0.0 ? e * y : y;
}
MFL_INLINE float mfl_sigmoidf(float x)
{
    float e = mfl_expf(-fabsf(x)), y = 1.0f / (1.0f + e);
    return x < 0.0f ? e * y : y;
}
MFL_INLINE double mfl_softplus(double x) { return (x > 0.0 ? x : 0.0) + mfl_log1p(mfl_exp(-fabs(x))) + (x != x ? x : 0.0); }
MFL_INLINE float mfl_softplusf(float x) { return (x > 0.0f ? x : 0.0f) + mfl_log1pf(mfl_expf(-fabsf(x))) + (x != x ? x : 0.0f); }

/* ---- sine and cosine: x = k pi/2 + r, pi/2 in three parts ---- */
MFL_INLINE double mfl_quarter(double x, uint64_t *k)
{
    double kd = MFL_FMA(x, 0x1.45f306dc9c883p-1, 0x1.8p52);
    *k = mfl_bits64(kd);
    kd -= 0x1.8p52;
    double r = MFL_FMA(kd, -0x1.921fb54442d18p0, x);
    r = MFL_FMA(kd, -0x1.1a62633145c07p-54, r);
    r = MFL_FMA(kd, 0x1.f1976b7ed8fbcp-110, r);
    return fabs(x) < 0x1p50 ? r : (double)NAN;
}
MFL_INLINE double mfl_sin_core(double r)
{
    double z = r * r, p = MFL_FMA(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08);
    p = MFL_FMA(z, p, 2.75573137070700676789e-06);
    p = MFL_FMA(z, p, -1.98412698298579493134e-04);
    p = MFL_FMA(z, p, 8.33333333332248946124e-03);
    p = MFL_FMA(z, p, -1.66666666666666324348e-01);
    return MFL_FMA(z * r, p, r);
}
MFL_INLINE double mfl_cos_core(double r)
{
    double z = r * r, p = MFL_FMA(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09);
    p = MFL_FMA(z, p, -2.75573143513906633035e-07);
    p = MFL_FMA(z, p, 2.48015872894767294178e-05);
    p = MFL_FMA(z, p, -1.38888888888741095749e-03);
    p = MFL_FMA(z, p, 4.16666666666666019037e-02);
    double h = 0.5 * z, w = 1.0 - h;
    return w + (((1.0 - w) - h) + z * z * p);
}
MFL_INLINE double mfl_turn(double x, uint64_t by)
{
    uint64_t k;
    double r = mfl_quarter(x, &k), s = mfl_sin_core(r), c = mfl_cos_core(r);
    k += by;
    double y = (k & 1) ? c : s;
    return (k & 2) ? -y : y;
}
MFL_INLINE double mfl_sin(double x) { return mfl_turn(x, 0); }
MFL_INLINE double mfl_cos(double x) { return mfl_turn(x, 1); }
MFL_INLINE double mfl_tan(double x) { return mfl_turn(x, 0) / mfl_turn(x, 1); }
MFL_INLINE float mfl_turnf(float x, uint32_t by)
{
    float kf = MFL_FMAF(x, 0x1.45f306p-1f, 0x1.8p23f);
    uint32_t k = mfl_bits32(kf) + by;
    kf -= 0x1.8p23f;
    float r = MFL_FMAF(kf, -0x1.921fb6p0f, x);
    r = MFL_FMAF(kf, 0x1.777a5cp-25f, r);
    r = MFL_FMAF(kf, 0x1.ee59dap-50f, r);
    float z = r * r;
    float s = MFL_FMAF(MFL_FMAF(MFL_FMAF(-1.9515295891e-4f, z, 8.3321608736e-3f), z, -1.6666654611e-1f), z * r, r);
    float c = MFL_FMAF(MFL_FMAF(MFL_FMAF(2.443315711809948e-5f, z, -1.388731625493765e-3f), z, 4.166664568298827e-2f), z * z, 1.0f - 0.5f * z);
    float y = (k & 1) ? c : s;
    y = (k & 2) ? -y : y;
    return fabsf(x) < 0x1p20f ? y : (float)NAN;
}
MFL_INLINE float mfl_sinf(float x) { return mfl_turnf(x, 0); }
MFL_INLINE float mfl_cosf(float x) { return mfl_turnf(x, 1); }
MFL_INLINE float mfl_tanf(float x) { return mfl_turnf(x, 0) / mfl_turnf(x, 1); }

/* ---- by the C library or by functions of the runtime ---- */
double mfl_special_lgamma(double x);
double mfl_special_polygamma(double n, double x);                         /* n = 0: digamma; x > 0, else NaN */
double mfl_random_uniform(int32_t seed, int32_t stream, int32_t index);
double mfl_random_normal(int32_t seed, int32_t stream, int32_t index);
MFL_INLINE double mfl_pow(double x, double y) { return pow(x, y); }
MFL_INLINE float mfl_powf(float x, float y) { return powf(x, y); }
MFL_INLINE double mfl_erf(double x) { return erf(x); }
MFL_INLINE float mfl_erff(float x) { return erff(x); }
MFL_INLINE double mfl_lgamma(double x) { return mfl_special_lgamma(x); }
MFL_INLINE float mfl_lgammaf(float x) { return (float)mfl_special_lgamma((double)x); }
MFL_INLINE double mfl_polygamma(double n, double x) { return mfl_special_polygamma(n, x); }
MFL_INLINE float mfl_polygammaf(float n, float x) { return (float)mfl_special_polygamma((double)n, (double)x); }
MFL_INLINE double mfl_uniform(int32_t seed, int32_t stream, int32_t index) { return mfl_random_uniform(seed, stream, index); }
MFL_INLINE float mfl_uniformf(int32_t seed, int32_t stream, int32_t index) { return (float)mfl_random_uniform(seed, stream, index); }
MFL_INLINE double mfl_normal(int32_t seed, int32_t stream, int32_t index) { return mfl_random_normal(seed, stream, index); }
MFL_INLINE float mfl_normalf(int32_t seed, int32_t stream, int32_t index) { return (float)mfl_random_normal(seed, stream, index); }
#ifdef __cplusplus
}
#endif
#endif
