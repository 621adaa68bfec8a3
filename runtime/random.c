/* random.c -- counter-based draws: a number is a function of (seed, stream, index) alone, so recomputation replays it.
 *   h = mix(mix(mix(seed) ^ stream) ^ index), mix: splitmix64 (Steele, Lea, Flood 2014);  uniform = (h >> 11) * 2^-53 in [0, 1)
 *   normal: Box-Muller from draws 2 index and 2 index + 1, u1 = 1 - uniform so that its logarithm is finite */
#include "mfl/runtime.h"

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static double draw(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (double)(mix(mix(mix(seed) ^ stream) ^ index) >> 11) * 0x1p-53;
}

double mfl_random_uniform(int32_t seed, int32_t stream, int32_t index)
{
    return draw((uint64_t)(int64_t)seed, (uint64_t)(int64_t)stream, (uint64_t)(int64_t)index);
}

double mfl_random_normal(int32_t seed, int32_t stream, int32_t index)
{
    uint64_t s = (uint64_t)(int64_t)seed, t = (uint64_t)(int64_t)stream, k = 2 * (uint64_t)(int64_t)index;
    double u = 1.0 - draw(s, t, k), v = draw(s, t, k + 1);
    return sqrt(-2.0 * mfl_log(u)) * mfl_cos(6.283185307179586 * v);
}
