/* check.c -- guarded programs: the first value that is not finite, where it appeared. Only the first counts: what follows from it is no news. */
#include "mfl/runtime.h"

void mfl_check_begin(mfl_status *s) { mfl_ok(s); }

void mfl_check_step(mfl_status *s, int64_t step)
{
    if (s->code == MFL_OK)
        s->step = step;
}

static void found(mfl_status *s, double x, int32_t line, const char *text)
{
    if (s->code != MFL_OK)
        return;
    s->code = MFL_NONFINITE;
    s->line = line;
    s->name = text;
    s->value = x;
}

void mfl_check_f32(mfl_status *s, float x, int32_t line, const char *text)
{
    if (!(x - x == 0.0f))
        found(s, (double)x, line, text);
}

void mfl_check_f64(mfl_status *s, double x, int32_t line, const char *text)
{
    if (!(x - x == 0.0))
        found(s, x, line, text);
}

void mfl_check_rows_f32(mfl_status *s, const float *at, int64_t rows, int64_t columns, int64_t apart, int32_t line, const char *text)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < columns; k++)
            mfl_check_f32(s, at[i * apart + k], line, text);
}

void mfl_check_rows_f64(mfl_status *s, const double *at, int64_t rows, int64_t columns, int64_t apart, int32_t line, const char *text)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < columns; k++)
            mfl_check_f64(s, at[i * apart + k], line, text);
}
