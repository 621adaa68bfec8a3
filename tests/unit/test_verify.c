/* test_verify.c -- differences as a judge of slopes: right ones agree, also where the problem bends within 1e-5 of the point or the derivative is 0; ones that
 * are wrong in the fifth digit do not; kinks and cut derivatives are said to be what they are. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include "driver.h"

/* A problem with one meta array m, compiled; slope along all ones and what the hypergradient says it is. */
typedef struct Judged { Slope slope; double exact, size; const char *cut; } Judged;

static Judged judge(const char *text, const char *real)
{
    char path[] = "/tmp/test_verify_XXXXXX.mfl";
    int fd = mkstemps(path, 4);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    Options o = { .command = "check", .file = path, .real = real, .arena = arena_new("options") };
    Session s;
    mfl_status st = { 0 };
    double outer, v[64];
    cr_assert(session_open(&s, &o, WANT_JIT | WANT_DATA | WANT_VALUE) < 0, "%s", text);
    unlink(path);
    cr_assert(session_init_meta(&s) < 0);
    void **grad = leaf_buffers(s.arena, s.real_bytes, s.problem->meta.at, s.problem->meta.n);
    cr_assert(!session_gradient(&s, s.bound.meta, &outer, grad, &st));
    Judged j = { .slope = { .s = &s, .moved = leaf_buffers(s.arena, s.real_bytes, s.problem->meta.at, s.problem->meta.n), .v = v, .natural = natural_size(&s, outer, grad) } };
    for (int64_t i = 0, n = type_count(&s.problem->meta.at[0].type); i < n; i++) {
        v[i] = 1;
        j.exact += real_at(grad[0], s.real_bytes, i);
        j.size += fabs(real_at(grad[0], s.real_bytes, i));
    }
    j.cut = cuts_derivatives(s.problem, 0) ? "cut" : NULL;
    j.slope.enough = slope_tolerance(&s) * j.size / 10;
    slope_by_differences(&j.slope);
    const SlopeVerdict here = slope_compare(&j.slope, j.exact, j.size);
    cr_assert(here == SLOPE_AGREES || here == SLOPE_OPEN || here == SLOPE_DIFFERS);
    static Session stays;                         /* slope_compare asks only for the precision */
    stays = (Session){ .real_bytes = s.real_bytes };
    session_close(&s);
    arena_free(o.arena);
    j.slope.s = &stays;
    return j;
}

static SlopeVerdict verdict(const Judged *j, double exact) { return slope_compare(&j->slope, exact, j->size); }

static void agrees(const char *text)
{
    Judged j = judge(text, "double");
    cr_expect(verdict(&j, j.exact) == SLOPE_AGREES, "%s: %.12g by the hypergradient, %.12g by differences, error %g", text, j.exact, j.slope.found, j.slope.error);
    if (j.size > 1e-12)
        cr_expect(verdict(&j, j.exact + 3e-5 * j.size) == SLOPE_DIFFERS, "%s: a slope wrong by 3e-5 is let through; %g, error %g, size %g", text, j.slope.found, j.slope.error, j.size);
}

#define LOSS(init, inner, steps, outer) "problem p\nmeta m[3] = " init "\nparam w[3] = m\ninner = " inner "\nstep w by " steps "\nouter = " outer "\n"

Test(verify, smooth)
{
    agrees(LOSS("0.3", "sum(exp(w) - m * w)", "sgd(rate = 0.1) for 5", "sum(sin(w))"));
    agrees(LOSS("normal(1)", "sum(log_softmax(w) * m)", "adam(rate = 0.1, eps_root = 1e-2) for 4", "logsumexp(w)"));
}

/* Adam with a small eps_root turns within 1e-4 of a gradient of 0; the gradient here is 3e-5. */
Test(verify, bends_close_by)
{
    agrees(LOSS("1.00003", "sum((w - 1)^2) / 2", "adam(rate = 0.01, eps_root = 1e-8) for 3", "sum(w^2)"));
    agrees(LOSS("1.000001", "sum((w - 1)^2) / 2", "adam(rate = 0.01, eps_root = 1e-10) for 3", "sum(w^2)"));
    agrees(LOSS("0.00004", "sum(w^2)", "sgd(rate = 0.01) for 1", "sum(relu(m - 1e-5) * 3)"));
}

Test(verify, nothing_there)
{
    agrees(LOSS("0.2", "sum(w^2)", "sgd(rate = 0.1) for 3", "sum(softmax(w)) + 3"));
    agrees(LOSS("0.2", "sum(w^2)", "sgd(rate = 0.1) for 3", "3"));
}

Test(verify, kink)
{
    Judged j = judge(LOSS("0", "sum(w^2)", "sgd(rate = 0.1) for 1", "sum(relu(m - 0)) + sum(m)"), "double");
    cr_expect(j.slope.kink && verdict(&j, j.exact) == SLOPE_OPEN);
}

Test(verify, wrong)
{
    Judged j = judge(LOSS("0.3", "sum(w^2)", "sgd(rate = 0.1) for 1", "sum(floor(1e9 * m)) / 1e9"), "double");
    cr_expect(verdict(&j, j.exact) == SLOPE_DIFFERS);
    j = judge(LOSS("0.3", "sum(w^2)", "sgd(rate = 0.1) for 1", "sum(m^2 + detach(m^2))"), "double");
    cr_expect(j.cut, "the user's detach cuts");
    cr_expect(verdict(&j, j.exact) == SLOPE_DIFFERS);
    j = judge(LOSS("0.3", "sum(w^2)", "sgd(rate = 0.1) for 1", "logsumexp(m) + sum(log_softmax(m)[0:1])"), "double");
    cr_expect(!j.cut, "the library's own detach cuts nothing");
}

Test(verify, single)
{
    Judged j = judge(LOSS("0.3", "sum(exp(w) - m * w)", "sgd(rate = 0.1) for 5", "sum(sin(w))"), "float");
    cr_expect(verdict(&j, j.exact) == SLOPE_AGREES && verdict(&j, 1.2 * j.exact) == SLOPE_DIFFERS);
}
