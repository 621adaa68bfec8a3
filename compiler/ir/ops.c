/* ops.c -- the operator table as data, and the elementwise operators on numbers (for folding and the interpreter), both expanded from
 * ops.def. The scalar functions here say what the runtime's mean (include/mfl/vmath.h); they are computed in double.
 *
 * Randomness is counter-based: draw number i of stream s of seed k is
 *   u(k, s, i)      = (mix(mix(mix(k) ^ s) ^ i) >> 11) * 2^-53       in [0, 1), mix = splitmix64
 *   uniform(k, s, i) = u(k, s, i)
 *   normal(k, s, i)  = sqrt(-2 log(1 - u(k, s, 2i))) cos(2 pi u(k, s, 2i + 1))       (Box-Muller)
 * A float build draws in double and rounds. */
#include "ir.h"
#include <math.h>

static double op_sigmoid(double x)
{
    double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static double op_softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static double op_mulz(double a, double b)
{
    return a == 0 || b == 0 ? 0 : a * b;
}

/* Stirling's series after shifting x to 10 or more; x > 0. */
static double op_lgamma(double x)
{
    if (!(x > 0))
        return x <= 0 ? INFINITY : x;
    if (x > 1e17)
        return x * (log(x) - 1);
    double shift = 1;
    for (; x < 10; x += 1)
        shift *= x;
    double y = 1 / (x * x);
    double series = (1. / 12 - y * (1. / 360 - y * (1. / 1260 - y * (1. / 1680 - y * (1. / 1188 - y * (691. / 360360 - y / 156)))))) / x;
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 + series - log(shift);
}

/* Bernoulli numbers B_2, B_4 ... B_16. */
static const double bernoulli[] = { 1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6, -3617. / 510 };

static double digamma(double x)
{
    double sum = 0, y;
    for (; x < 10; x += 1)
        sum -= 1 / x;
    y = 1 / (x * x);
    double power = y, series = 0;
    for (int k = 0; k < 8; k++, power *= y)
        series += bernoulli[k] / (2 * (k + 1)) * power;
    return sum + log(x) - 0.5 / x - series;
}

/* psi_n(x) = (-1)^(n+1) n! zeta(n+1, x), the Hurwitz zeta function by Euler and Maclaurin; x > 0, n whole. */
static double op_polygamma(double order, double x)
{
    if (!(x > 0))
        return NAN;
    if (order == 0)
        return digamma(x);
    double s = order + 1, sum = 0, factorial = 1, far = 10 + order;
    for (int k = 2; k <= order; k++)
        factorial *= k;
    for (; x < far; x += 1)
        sum += pow(x, -s);
    double power = pow(x, -s), term = s * power / x;
    sum += power * x / (s - 1) + power / 2;
    double scale = 2;
    for (int k = 0; k < 8; k++) {
        sum += bernoulli[k] / scale * term;
        term *= (s + 2 * k + 1) * (s + 2 * k + 2) / (x * x);
        scale *= (2 * k + 3) * (2 * k + 4);
    }
    return (fmod(order, 2) != 0 ? 1 : -1) * factorial * sum;
}

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static double draw(double seed, double stream, uint64_t index)
{
    uint64_t h = mix(mix(mix((uint64_t)(int64_t)seed) ^ (uint64_t)(int64_t)stream) ^ index);
    return (double)(h >> 11) * 0x1p-53;
}

static double op_uniform(double seed, double stream, double index)
{
    return draw(seed, stream, (uint64_t)(int64_t)index);
}

static double op_normal(double seed, double stream, double index)
{
    uint64_t i = (uint64_t)(int64_t)index;
    double u = 1 - draw(seed, stream, 2 * i), v = draw(seed, stream, 2 * i + 1);
    return sqrt(-2 * log(u)) * cos(6.28318530717958647692 * v);
}

#define R T_REAL
#define B T_BOOL
#define I T_INT
#define S T_NONE
const OpInfo op_info[OP_COUNT] = {
#define OP(name, kind, arity, doc) { #name, kind, arity, T_NONE, NULL, 0, 0, 0, 0, doc },
#define MAP1(name, result, c, d0, flops, lo, hi, flags, doc) { #name, K_MAP, 1, result, #c, flops, lo, hi, flags, doc },
#define MAP2(name, result, c, d0, d1, flops, lo, hi, flags, doc) { #name, K_MAP, 2, result, #c, flops, lo, hi, flags, doc },
#define MAP3(name, result, c, d0, d1, d2, flops, lo, hi, flags, doc) { #name, K_MAP, 3, result, #c, flops, lo, hi, flags, doc },
#include "ops.def"
};

static double missing(const char *name)
{
    ice("op_eval: %s is not elementwise", name);
}

double op_eval(Op op, const double *x)
{
    double x0 = x[0], x1, x2;
    switch (op) {
#define OP(name, ...) case OP_##name: return missing(#name);
#define MAP1(name, result, c, ...) case OP_##name: return (c);
#define MAP2(name, result, c, ...) case OP_##name: x1 = x[1]; return (c);
#define MAP3(name, result, c, ...) case OP_##name: x1 = x[1]; x2 = x[2]; return (c);
#include "ops.def"
    default: return missing("?");
    }
}

Op op_by_name(const char *name)
{
    for (int op = 0; op < OP_COUNT; op++)
        if (!strcmp(op_info[op].name, name))
            return (Op)op;
    return OP_COUNT;
}
