/* svg.c -- the loss curve as a small self-contained SVG: axes with round ticks, one line, the first and last value written out. */
#include "driver.h"
#include <math.h>

enum { WIDTH = 640, HEIGHT = 360, LEFT = 78, RIGHT = 20, TOP = 40, BOTTOM = 46 };

/* A step of 1, 2 or 5 times a power of ten that cuts span into about n parts. */
static double round_step(double span, int n)
{
    double raw = span / n, power = pow(10, floor(log10(raw))), lead = raw / power;
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

static void range_of(const double *y, int64_t n, double *lo, double *hi)
{
    *lo = INFINITY;
    *hi = -INFINITY;
    for (int64_t k = 0; k < n; k++)
        if (isfinite(y[k])) {
            *lo = fmin(*lo, y[k]);
            *hi = fmax(*hi, y[k]);
        }
    if (!(*lo <= *hi))
        *lo = 0, *hi = 1;
    if (*hi - *lo < 1e-12 * fmax(fabs(*hi), 1e-300)) {
        double pad = fabs(*hi) > 0 ? 0.05 * fabs(*hi) : 1;
        *lo -= pad;
        *hi += pad;
    }
}

bool svg_curve(const char *path, const char *title, const double *y, int64_t n)
{
    double lo, hi, w = WIDTH - LEFT - RIGHT, h = HEIGHT - TOP - BOTTOM, last = n > 1 ? (double)(n - 1) : 1;
    Buf b = { 0 };
    range_of(y, n, &lo, &hi);
    buf_printf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n", WIDTH, HEIGHT);
    buf_printf(&b, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"24\" font-size=\"15\">%s: outer loss</text>\n", WIDTH, HEIGHT, LEFT, title);
    double step = round_step(hi - lo, 5);
    for (double v = ceil(lo / step) * step; v <= hi + 1e-9 * step; v += step) {
        double at = TOP + h * (hi - v) / (hi - lo);
        buf_printf(&b, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.6g</text>\n", LEFT, at, WIDTH - RIGHT, LEFT - 8, at + 4, fabs(v) < 1e-9 * step ? 0 : v);
    }
    step = fmax(1, round_step(last, 6));
    for (double t = 0; t <= last + 1e-9; t += step)
        buf_printf(&b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n", LEFT + w * t / last, HEIGHT - BOTTOM + 18, t);
    buf_printf(&b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">outer step</text>\n", LEFT + w / 2, HEIGHT - 8);
    buf_printf(&b, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#444\"/>\n<path fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\" d=\"", LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
    bool down = false;
    for (int64_t k = 0; k < n; k++) {
        if (isfinite(y[k]))
            buf_printf(&b, "%c%.1f %.1f", down ? 'L' : 'M', LEFT + w * (double)k / last, TOP + h * (hi - y[k]) / (hi - lo));
        down = isfinite(y[k]);
    }
    buf_puts(&b, "\"/>\n");
    if (n)
        buf_printf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.6g to %.6g</text>\n", WIDTH - RIGHT, 24, y[0], y[n - 1]);
    buf_puts(&b, "</svg>\n");
    bool ok = write_atomically(path, b.at, b.n);
    buf_free(&b);
    return ok;
}
