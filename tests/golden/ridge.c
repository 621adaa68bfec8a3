/* Workspace of ridge_hypergradient: 8384 bytes. Arrays that are not alive at the same time share bytes; statements are counted as they stand,
 * ridge_hypergradient_step is 2 to 8,
 * ridge_hypergradient_step_adjoint is 20 to 26. */
#define HYPERGRADIENT_exp_log_l2                AT(8000)   /* float [D], alive 1 to 26   ridge.mfl:12 */
#define HYPERGRADIENT_g_w_squared               AT(8064)   /* float [D], alive 1 to 26   ridge.mfl:12 */
#define HYPERGRADIENT_w                         AT(8128)   /* float [D], alive 1 to 16 */
#define HYPERGRADIENT_w_at                         AT(0)   /* float [STEPS][D], alive 2 to 26 */
#define HYPERGRADIENT_g_w                       AT(8192)   /* float [D], alive 2 to 8   ridge.mfl:12 */
#define HYPERGRADIENT_b_w                       AT(8192)   /* float [D], alive 9 to 26 */
#define HYPERGRADIENT_outer_value               AT(8128)   /* float, alive 18 to 27   ridge.mfl:14 */
#define HYPERGRADIENT_b_log_l2                  AT(8256)   /* float [D], alive 19 to 28 */
#define HYPERGRADIENT_d_g_w_row                 AT(8320)   /* float [D], alive 20 to 26   ridge.mfl:12 */

/* One step of the inner loop, in place. */
static void ridge_hypergradient_step(const ridge_data *data, void *work, int t)
{
    const float (*x)[D] = (const float (*)[D])data->x;                  /* [N][D] */
    const float *y = data->y;                                           /* [N] */
    const float *g_w_squared = HYPERGRADIENT_g_w_squared;               /* [D] */
    float *w = HYPERGRADIENT_w;                                         /* [D] */
    float (*w_at)[D] = HYPERGRADIENT_w_at;                              /* [STEPS][D] */
    float *g_w = HYPERGRADIENT_g_w;                                     /* [D] */

    memset(g_w, 0, sizeof(float) * D);
    for (int n = 0; n < N; n++) {
        MFL_SUM(float, x_w, d, D, 8, x[n][d] * w[d]);                   /* x @ w   ridge.mfl:12 */
        float x_w_minus_y = x_w - y[n];                                 /* x @ w - y   ridge.mfl:12 */
        MFL_SIMD for (int d = 0; d < D; d++)
            g_w[d] += 2.0f / (float)N * (x[n][d] * x_w_minus_y);        /* adjoint of x @ w   ridge.mfl:12 */
    }

    MFL_SIMD for (int d = 0; d < D; d++) {
        w_at[t][d] = w[d];
        w[d] -= (w[d] * g_w_squared[d] + g_w[d]) * 0.05f;               /* p = p - rate * g   std/optimizers.mfl:5 */
    }
}

/* Backward through one step of the inner loop: adjoints of what it made become those of what it began
 * with, in place; those of meta variables add up. */
static void ridge_hypergradient_step_adjoint(const ridge_data *data, void *work, int t)
{
    const float (*x)[D] = (const float (*)[D])data->x;                  /* [N][D] */
    const float *exp_log_l2 = HYPERGRADIENT_exp_log_l2;                 /* [D] */
    const float *g_w_squared = HYPERGRADIENT_g_w_squared;               /* [D] */
    const float (*w_at)[D] = HYPERGRADIENT_w_at;                        /* [STEPS][D] */
    float *b_w = HYPERGRADIENT_b_w;                                     /* [D] */
    float *b_log_l2 = HYPERGRADIENT_b_log_l2;                           /* [D] */
    float *d_g_w_row = HYPERGRADIENT_d_g_w_row;                         /* [D] */

    memset(d_g_w_row, 0, sizeof(float) * D);
    for (int n = 0; n < N; n++) {
        MFL_SUM(float, d_x_w_sum, d, D, 8, x[n][d] * b_w[d]);
        float d_x_w = (-0.05f) * d_x_w_sum;                             /* tangent of x @ w   ridge.mfl:12 */
        MFL_SIMD for (int d = 0; d < D; d++)
            d_g_w_row[d] += 2.0f / (float)N * (x[n][d] * d_x_w);        /* tangent of the adjoint of x @ w   ridge.mfl:12 */
    }

    MFL_SIMD for (int d = 0; d < D; d++) {
        float b_g_w = b_w[d] * (-0.05f);                                /* adjoint of rate * g   std/optimizers.mfl:5 */
        b_w[d] += g_w_squared[d] * b_g_w;
        b_w[d] += d_g_w_row[d];                                         /* tangent of the adjoint of x @ w   ridge.mfl:12 */
        b_log_l2[d] += exp_log_l2[d] * (2.0f * (b_g_w * w_at[t][d]));
    }
}

/* The outer value and its gradient, computed in the workspace. */
static int ridge_run_hypergradient(const ridge_data *data, const ridge_meta *meta, void *work, mfl_status *status)
{
    const float (*xv)[D] = (const float (*)[D])data->xv;                /* [V][D] */
    const float *yv = data->yv;                                         /* [V] */
    const float *log_l2 = meta->log_l2;                                 /* [D] */
    float *exp_log_l2 = HYPERGRADIENT_exp_log_l2;                       /* [D] */
    float *g_w_squared = HYPERGRADIENT_g_w_squared;                     /* [D] */
    float *w = HYPERGRADIENT_w;                                         /* [D] */
    float *b_w = HYPERGRADIENT_b_w;                                     /* [D] */
    float *b_log_l2 = HYPERGRADIENT_b_log_l2;                           /* [D] */
    float *outer_value = HYPERGRADIENT_outer_value;

    MFL_SIMD for (int d = 0; d < D; d++) {
        exp_log_l2[d] = mfl_expf(log_l2[d]);                            /* exp(log_l2)   ridge.mfl:12 */
        g_w_squared[d] = exp_log_l2[d] * 2.0f;                          /* adjoint of w^2   ridge.mfl:12 */
        w[d] = 0.0f;
    }

    /* The inner loop. */
    for (int t = 0; t < STEPS; t++)
        ridge_hypergradient_step(data, work, t);

    memset(b_w, 0, sizeof(float) * D);
    float outer_sum_part[16] = { 0 };                                   /* outer = mean((xv @ w - yv)^2)   ridge.mfl:14 */
    for (int v = 0; v < V; v++) {
        MFL_SUM(float, xv_w, d, D, 8, xv[v][d] * w[d]);                 /* xv @ w   ridge.mfl:14 */
        float xv_w_minus_yv = xv_w - yv[v];                             /* xv @ w - yv   ridge.mfl:14 */
        outer_sum_part[v % 16] += xv_w_minus_yv * xv_w_minus_yv;
        MFL_SIMD for (int d = 0; d < D; d++)
            b_w[d] += 2.0f / (float)V * (xv[v][d] * xv_w_minus_yv);     /* adjoint of xv @ w   ridge.mfl:14 */
    }
    float outer_sum = mfl_fold_addf(outer_sum_part, 16);                /* outer = mean((xv @ w - yv)^2)   ridge.mfl:14 */
    *outer_value = outer_sum * (1.0f / (float)V);
    for (int d = 0; d < D; d++)
        b_log_l2[d] = 0.0f;

    /* Back through the steps of the inner loop. */
    for (int t = STEPS - 1; t >= 0; t--)
        ridge_hypergradient_step_adjoint(data, work, t);
    return mfl_ok(status);
}

