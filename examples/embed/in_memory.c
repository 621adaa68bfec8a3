/* Learns the penalties of a ridge regression without generated files: the compiler is a library here (mfl/mfl.h), the problem becomes machine code in memory.
 * `make in_memory` builds it. */
#include <mfl/mfl.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 6, V = 4, D = 2 };
static const double x[N][D] = { { 1, 0.5 }, { -0.3, 2 }, { 0.7, -1.2 }, { -1.5, 0.4 }, { 0.2, 0.9 }, { 1.1, -0.6 } }, y[N] = { 1, -1, 0.5, -0.8, 0.1, 1.2 };
static const double xv[V][D] = { { 0.9, 0.1 }, { -0.8, 1.1 }, { 0.2, -0.7 }, { -1.1, -0.2 } }, yv[V] = { 0.8, -1, 0.3, -0.9 };

/* The caller's memory: two workspaces as the descriptor says, and the arrays of the one meta variable and its gradient. */
static int learn(const mfl_problem *p)
{
    const void *const data[] = { x, y, xv, yv };
    double log_l2[D], gradient[D], outer = 0;
    void *const meta[] = { log_l2 }, *const out[] = { gradient };
    void *work = aligned_alloc(64, p->work_bytes), *state = aligned_alloc(64, p->state_bytes);
    mfl_status status = { 0 };
    int code = !work || !state ? MFL_BAD_WORK : p->init(NULL, meta, NULL, NULL, NULL, NULL, 0, work, &status);
    if (!code)
        code = p->learn_init(NULL, meta, NULL, NULL, NULL, state, 0, work, &status);
    for (int k = 0; !code && k < p->learn_steps; k++) {
        code = p->hypergradient(data, meta, out, &outer, NULL, NULL, 0, work, &status);
        if (!code)
            code = p->learn(NULL, meta, out, NULL, NULL, state, k, work, &status);
    }
    if (code)
        fprintf(stderr, "%s: %s\n", status.name ? status.name : p->name, mfl_strerror(code));
    else
        printf("outer %.6f, log_l2 %.4f %.4f\n", outer, log_l2[0], log_l2[1]);
    free(work);
    free(state);
    return code;
}

int main(void)
{
    static const char text[] = "problem ridge\n"
                               "dim   N, V, D\n"
                               "data  x[N, D], y[N], xv[V, D], yv[V]\n"
                               "meta  log_l2[D] = -2\n"
                               "param w[D] = 0\n"
                               "inner = mean((x @ w - y)^2) + sum(exp(log_l2) * w^2)\n"
                               "step  w by sgd(rate = 0.1) for 50\n"
                               "outer = mean((xv @ w - yv)^2)\n"
                               "learn log_l2 by adam(rate = 0.1) for 20\n";
    const char *const options[] = { "-D", "N=6", "-D", "V=4", "-D", "D=2", "--real", "double", NULL };
    char *messages;
    mfl_module *m = mfl_compile_text("ridge.mfl", text, options, &messages);      /* or mfl_compile_file("ridge.mfl", options, &messages) */
    if (messages)
        fputs(messages, stderr);
    mfl_free_messages(messages);
    int code = m ? learn(mfl_module_problem(m)) : 1;
    mfl_module_free(m);
    return code != 0;
}
