/* main.c -- calibrates a sensor with generated code and nothing else: no heap, no operating system, no stdio. The same file runs on a host (-DHOST, for comparison) and on
 * a Cortex-M; where characters go is all that differs. Every number is printed with its bits, so that two machines can be compared exactly. */
#include "sensor_static.h"
#include "console.h"

enum { N = SENSOR_N, V = SENSOR_V, D = SENSOR_D };

/* What the sensor read, scaled to -1 .. 1, and what the reference thermometer said. */
static const float reading[N] = { -1.0f, -0.8f, -0.65f, -0.45f, -0.3f, -0.1f, 0.1f, 0.25f, 0.45f, 0.6f, 0.8f, 1.0f };
static const float reference[N] = { -0.92f, -0.81f, -0.7f, -0.5f, -0.33f, -0.06f, 0.17f, 0.34f, 0.55f, 0.68f, 0.83f, 0.94f };
static const float reading_v[V] = { -0.9f, -0.55f, -0.2f, 0.15f, 0.5f, 0.9f };
static const float reference_v[V] = { -0.87f, -0.61f, -0.2f, 0.23f, 0.59f, 0.88f };

static float x[N * D], xv[V * D], log_l2[D], log_rate, d_log_l2[D], d_log_rate, w[D];

static void powers(float *out, const float *in, int n)
{
    for (int i = 0; i < n; i++)
        for (int d = 0; d < D; d++)
            out[i * D + d] = d ? out[i * D + d - 1] * in[i] : 1.0f;
}

/* Six decimals, and the bits. |v| < 2000 */
static void number(const char *name, float v)
{
    uint32_t bits, scaled = (uint32_t)((v < 0 ? -v : v) * 1000000.0f + 0.5f);
    char text[32], *p = text + sizeof text;
    memcpy(&bits, &v, sizeof bits);
    *--p = 0;
    *--p = '\n';
    for (int k = 0; k < 8; k++, bits >>= 4)
        *--p = "0123456789abcdef"[bits & 15];
    *--p = ' ';
    for (int k = 0; k < 6 || scaled; k++, scaled /= 10) {
        *--p = (char)('0' + scaled % 10);
        if (k == 5)
            *--p = '.';
    }
    if (*p == '.')
        *--p = '0';
    if (v < 0)
        *--p = '-';
    console_write(name);
    console_write(" ");
    console_write(p);
}

int main(void)
{
    const sensor_data data = { x, reference, xv, reference_v };
    sensor_meta meta = { log_l2, &log_rate };
    const sensor_meta grad = { d_log_l2, &d_log_rate };
    const sensor_params params = { w };
    mfl_status status;
    float outer = 0, first = 0;
    powers(x, reading, N);
    powers(xv, reading_v, V);
    if (sensor_static_init(&meta, 0, &status) || sensor_static_learn_init(&meta, &status))
        goto failed;
    for (int k = 0; k < 25; k++) {
        if (sensor_static_hypergradient(&data, &meta, &outer, &grad, &status) || sensor_static_learn(&meta, &grad, k, &status))
            goto failed;
        if (k == 0)
            first = outer;
        number("outer", outer);
    }
    for (int d = 0; d < D; d++)
        number("d_log_l2", d_log_l2[d]);
    number("d_log_rate", d_log_rate);
    number("log_rate", log_rate);
    if (sensor_static_adapt(&data, &meta, &params, &status))
        goto failed;
    for (int d = 0; d < D; d++)
        number("w", w[d]);
    return outer < first ? 0 : 1;
failed:
    console_write(mfl_strerror(status.code));
    console_write("\n");
    return 1;
}
