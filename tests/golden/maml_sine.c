/* Workspace of maml_sine_hypergradient: 84928 bytes. Arrays that are not alive at the same time share bytes; statements are counted as they stand,
 * maml_sine_hypergradient_step is 7 to 32,
 * maml_sine_hypergradient_step_adjoint is 55 to 84. */
#define HYPERGRADIENT_p_l3_b                   AT(80384)   /* float, alive 1 to 45 */
#define HYPERGRADIENT_p_l1_w                   AT(78400)   /* float [H], alive 2 to 33 */
#define HYPERGRADIENT_p_l1_b                   AT(78592)   /* float [H], alive 2 to 33 */
#define HYPERGRADIENT_p_l2_w                   AT(64000)   /* float [H][H], alive 2 to 51 */
#define HYPERGRADIENT_p_l2_b                   AT(80000)   /* float [H], alive 2 to 45 */
#define HYPERGRADIENT_p_l3_w                   AT(80192)   /* float [H], alive 2 to 45 */
#define HYPERGRADIENT_p_l2_w_at                    AT(0)   /* float [STEPS][H][H], alive 7 to 84 */
#define HYPERGRADIENT_p_l3_w_at                AT(81600)   /* float [STEPS][H], alive 7 to 84 */
#define HYPERGRADIENT_tanh_dense_at            AT(32000)   /* float [STEPS][K][H], alive 7 to 84   maml_sine.mfl:10 */
#define HYPERGRADIENT_tanh_dense_at_2          AT(40000)   /* float [STEPS][K][H], alive 7 to 84   maml_sine.mfl:10 */
#define HYPERGRADIENT_dense_minus_ys_at        AT(82432)   /* float [STEPS][K], alive 7 to 84   maml_sine.mfl:18 */
#define HYPERGRADIENT_g_tanh_dense_at          AT(48000)   /* float [STEPS][K][H], alive 7 to 84   maml_sine.mfl:9 */
#define HYPERGRADIENT_g_tanh_dense_at_2        AT(56000)   /* float [STEPS][K][H], alive 7 to 84   maml_sine.mfl:9 */
#define HYPERGRADIENT_tanh_dense_p_l2_w        AT(70400)   /* float [K][H], alive 8 to 20   maml_sine.mfl:9 */
#define HYPERGRADIENT_g_p_l1_w                 AT(78784)   /* float [H], alive 9 to 32   maml_sine.mfl:9 */
#define HYPERGRADIENT_g_p_l1_b                 AT(78976)   /* float [H], alive 10 to 32   maml_sine.mfl:9 */
#define HYPERGRADIENT_g_p_l2_b                 AT(79168)   /* float [H], alive 11 to 32   maml_sine.mfl:9 */
#define HYPERGRADIENT_g_p_l3_w                 AT(79360)   /* float [H], alive 12 to 32   maml_sine.mfl:9 */
#define HYPERGRADIENT_g_dense                  AT(76800)   /* float [K][H], alive 14 to 24   maml_sine.mfl:10 */
#define HYPERGRADIENT_g_p_l2_w                 AT(70400)   /* float [H][H], alive 24 to 32   maml_sine.mfl:9 */
#define HYPERGRADIENT_tanh_dense               AT(76800)   /* float [K][H], alive 33 to 54   maml_sine.mfl:10 */
#define HYPERGRADIENT_tanh_dense_p_l2_w_2      AT(70400)   /* float [K][H], alive 34 to 45   maml_sine.mfl:9 */
#define HYPERGRADIENT_b_p_l3_w                 AT(82688)   /* float [H], alive 35 to 90 */
#define HYPERGRADIENT_b_p_l2_b_2               AT(82880)   /* float [H], alive 36 to 89 */
#define HYPERGRADIENT_b_dense                  AT(78400)   /* float [K][H], alive 39 to 51   maml_sine.mfl:10 */
#define HYPERGRADIENT_tanh_dense_2             AT(72000)   /* float [H], alive 40 to 45   maml_sine.mfl:10 */
#define HYPERGRADIENT_b_p_l3_b                 AT(84800)   /* float, alive 48 to 91 */
#define HYPERGRADIENT_outer_value              AT(84864)   /* float, alive 49 to 85   maml_sine.mfl:20 */
#define HYPERGRADIENT_b_p_l2_w                 AT(70400)   /* float [H][H], alive 50 to 88 */
#define HYPERGRADIENT_b_tanh_dense             AT(80000)   /* float [K][H], alive 51 to 54   maml_sine.mfl:9 */
#define HYPERGRADIENT_b_p_l1_b                 AT(83072)   /* float [H], alive 52 to 87 */
#define HYPERGRADIENT_b_p_l1_w                 AT(83264)   /* float [H], alive 53 to 86 */
#define HYPERGRADIENT_slope_tanh_dense         AT(64000)   /* float [K][H], alive 55 to 77   maml_sine.mfl:10 */
#define HYPERGRADIENT_d_tanh_dense             AT(65600)   /* float [K][H], alive 55 to 79   maml_sine.mfl:10 */
#define HYPERGRADIENT_slope_tanh_dense_2       AT(67200)   /* float [K][H], alive 55 to 73   maml_sine.mfl:10 */
#define HYPERGRADIENT_g_dense_2                AT(68800)   /* float [K][H], alive 55 to 79   maml_sine.mfl:10 */
#define HYPERGRADIENT_d_tanh_dense_p_l2_w      AT(76800)   /* float [K][H], alive 56 to 73   maml_sine.mfl:9 */
#define HYPERGRADIENT_d_tanh_dense_p_l2_w_2    AT(78400)   /* float [K][H], alive 57 to 73   maml_sine.mfl:9 */
#define HYPERGRADIENT_b_p_l1_w_row             AT(83456)   /* float [H], alive 58 to 78   maml_sine.mfl:9 */
#define HYPERGRADIENT_b_p_l1_b_2               AT(83648)   /* float [H], alive 59 to 84   maml_sine.mfl:9 */
#define HYPERGRADIENT_b_p_l2_b                 AT(83840)   /* float [H], alive 60 to 84   maml_sine.mfl:9 */
#define HYPERGRADIENT_d_g_p_l3_w_row           AT(84032)   /* float [H], alive 61 to 81   maml_sine.mfl:9 */
#define HYPERGRADIENT_d_g_p_l3_w_row_2         AT(84224)   /* float [H], alive 62 to 81   maml_sine.mfl:9 */
#define HYPERGRADIENT_d_g_dense                AT(80000)   /* float [K][H], alive 64 to 80   maml_sine.mfl:10 */
#define HYPERGRADIENT_d_tanh_dense_2           AT(84416)   /* float [H], alive 66 to 72   maml_sine.mfl:10 */
#define HYPERGRADIENT_d_g_tanh_dense           AT(84608)   /* float [H], alive 66 to 72   maml_sine.mfl:9 */
#define HYPERGRADIENT_d_g_tanh_dense_2         AT(67200)   /* float [K][H], alive 75 to 77   maml_sine.mfl:9 */
#define HYPERGRADIENT_d_g_tanh_dense_3         AT(76800)   /* float [K][H], alive 76 to 77   maml_sine.mfl:9 */

/* One step of the inner loop, in place. */
static void maml_sine_hypergradient_step(const maml_sine_data *data, void *work, int t)
{
    const float (*xs)[1] = (const float (*)[1])data->xs;                /* [K][1] */
    const float (*ys)[1] = (const float (*)[1])data->ys;                /* [K][1] */
    float *p_l1_w = HYPERGRADIENT_p_l1_w;                               /* [H] */
    float *p_l1_b = HYPERGRADIENT_p_l1_b;                               /* [H] */
    float (*p_l2_w)[H] = HYPERGRADIENT_p_l2_w;                          /* [H][H] */
    float *p_l2_b = HYPERGRADIENT_p_l2_b;                               /* [H] */
    float *p_l3_w = HYPERGRADIENT_p_l3_w;                               /* [H] */
    float *p_l3_b = HYPERGRADIENT_p_l3_b;
    float (*p_l2_w_at)[H][H] = HYPERGRADIENT_p_l2_w_at;                 /* [STEPS][H][H] */
    float (*p_l3_w_at)[H] = HYPERGRADIENT_p_l3_w_at;                    /* [STEPS][H] */
    float (*tanh_dense_at)[K][H] = HYPERGRADIENT_tanh_dense_at;         /* [STEPS][K][H] */
    float (*tanh_dense_at_2)[K][H] = HYPERGRADIENT_tanh_dense_at_2;     /* [STEPS][K][H] */
    float (*dense_minus_ys_at)[K] = HYPERGRADIENT_dense_minus_ys_at;    /* [STEPS][K] */
    float (*g_tanh_dense_at)[K][H] = HYPERGRADIENT_g_tanh_dense_at;     /* [STEPS][K][H] */
    float (*g_tanh_dense_at_2)[K][H] = HYPERGRADIENT_g_tanh_dense_at_2; /* [STEPS][K][H] */
    float (*tanh_dense_p_l2_w)[H] = HYPERGRADIENT_tanh_dense_p_l2_w;    /* [K][H] */
    float (*g_dense)[H] = HYPERGRADIENT_g_dense;                        /* [K][H] */
    float *g_p_l1_w = HYPERGRADIENT_g_p_l1_w;                           /* [H] */
    float *g_p_l1_b = HYPERGRADIENT_g_p_l1_b;                           /* [H] */
    float (*g_p_l2_w)[H] = HYPERGRADIENT_g_p_l2_w;                      /* [H][H] */
    float *g_p_l2_b = HYPERGRADIENT_g_p_l2_b;                           /* [H] */
    float *g_p_l3_w = HYPERGRADIENT_g_p_l3_w;                           /* [H] */

    for (int k = 0; k < K; k++)
        MFL_SIMD for (int h = 0; h < H; h++) {
            float xs_times_p_l1_w = xs[k][0] * p_l1_w[h];               /* x @ p.w   maml_sine.mfl:9 */
            /* tanh(dense(p.l1, x))   maml_sine.mfl:10 */
            tanh_dense_at[t][k][h] = mfl_tanhf(xs_times_p_l1_w + p_l1_b[h]);
        }
    /* tanh_dense_p_l2_w = tanh_dense_at p_l2_w: x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, 1.0f, &tanh_dense_at[t][0][0], H, 0, &p_l2_w[0][0], H, 0,
            0, &tanh_dense_p_l2_w[0][0], H);
    memset(g_p_l1_w, 0, sizeof(float) * H);
    memset(g_p_l1_b, 0, sizeof(float) * H);
    memset(g_p_l2_b, 0, sizeof(float) * H);
    memset(g_p_l3_w, 0, sizeof(float) * H);
    float g_p_l3_b_sum_part[8] = { 0 };
    for (int k = 0; k < K; k++) {
        float tanh_dense_p_l3_w_part[16] = { 0 };                       /* x @ p.w   maml_sine.mfl:9 */
        MFL_LANES(h, H, 16, lane, {
            /* tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            tanh_dense_at_2[t][k][h] = mfl_tanhf(tanh_dense_p_l2_w[k][h] + p_l2_b[h]);
            tanh_dense_p_l3_w_part[lane] += tanh_dense_at_2[t][k][h] * p_l3_w[h];
        })
        /* x @ p.w   maml_sine.mfl:9 */
        float tanh_dense_p_l3_w = mfl_fold_addf(tanh_dense_p_l3_w_part, 16);
        /* net(p, xs) - ys   maml_sine.mfl:18 */
        dense_minus_ys_at[t][k] = tanh_dense_p_l3_w + *p_l3_b - ys[k][0];
        float this_dense_minus_ys_at = dense_minus_ys_at[t][k];
        MFL_SIMD for (int h = 0; h < H; h++) {
            /* adjoint of x @ p.w   maml_sine.mfl:9 */
            g_tanh_dense_at[t][k][h] = 2.0f / (float)K * (this_dense_minus_ys_at * p_l3_w[h]);
            /* adjoint of tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            g_dense[k][h] = (1.0f - tanh_dense_at_2[t][k][h] * tanh_dense_at_2[t][k][h])
                    * g_tanh_dense_at[t][k][h];
            g_p_l2_b[h] += g_dense[k][h];                               /* adjoint of x @ p.w + p.b   maml_sine.mfl:9 */
            /* adjoint of x @ p.w   maml_sine.mfl:9 */
            g_p_l3_w[h] += 2.0f / (float)K * (tanh_dense_at_2[t][k][h] * this_dense_minus_ys_at);
        }
        g_p_l3_b_sum_part[k % 8] += dense_minus_ys_at[t][k];
    }

    float g_p_l3_b_sum = mfl_fold_addf(g_p_l3_b_sum_part, 8);
    /* g_tanh_dense_at_2 = g_dense p_l2_w': adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, 1.0f, &g_dense[0][0], H, 0, &p_l2_w[0][0], H, 1, 0,
            &g_tanh_dense_at_2[t][0][0], H);

    for (int k = 0; k < K; k++)
        MFL_SIMD for (int h = 0; h < H; h++) {
            /* adjoint of tanh(dense(p.l1, x))   maml_sine.mfl:10 */
            float g_dense_3 = (1.0f - tanh_dense_at[t][k][h] * tanh_dense_at[t][k][h])
                    * g_tanh_dense_at_2[t][k][h];
            g_p_l1_w[h] += xs[k][0] * g_dense_3;                        /* adjoint of x @ p.w   maml_sine.mfl:9 */
            g_p_l1_b[h] += g_dense_3;                                   /* adjoint of x @ p.w + p.b   maml_sine.mfl:9 */
        }

    /* g_p_l2_w = tanh_dense_at' g_dense: adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(H, H, K, 1.0f, &tanh_dense_at[t][0][0], H, 1, &g_dense[0][0], H, 0,
            0, &g_p_l2_w[0][0], H);
    float g_p_l3_b = 2.0f / (float)K * g_p_l3_b_sum;                    /* adjoint of x @ p.w + p.b   maml_sine.mfl:9 */

    *p_l3_b -= g_p_l3_b * 0.01f;                                        /* p = p - rate * g   std/optimizers.mfl:5 */
    for (int h = 0; h < H; h++) {
        p_l1_w[h] -= g_p_l1_w[h] * 0.01f;
        p_l1_b[h] -= g_p_l1_b[h] * 0.01f;
        p_l3_w_at[t][h] = p_l3_w[h];
        p_l2_b[h] -= 0.01f * g_p_l2_b[h];
        p_l3_w[h] -= g_p_l3_w[h] * 0.01f;
        MFL_SIMD for (int i = 0; i < H; i++) {
            p_l2_w_at[t][h][i] = p_l2_w[h][i];
            p_l2_w[h][i] -= g_p_l2_w[h][i] * 0.01f;
        }
    }
}

/* Backward through one step of the inner loop: adjoints of what it made become those of what it began
 * with, in place; those of meta variables add up. */
static void maml_sine_hypergradient_step_adjoint(const maml_sine_data *data, void *work, int t)
{
    const float (*xs)[1] = (const float (*)[1])data->xs;                /* [K][1] */
    const float (*p_l2_w_at)[H][H] = HYPERGRADIENT_p_l2_w_at;           /* [STEPS][H][H] */
    const float (*p_l3_w_at)[H] = HYPERGRADIENT_p_l3_w_at;              /* [STEPS][H] */
    const float (*tanh_dense_at)[K][H] = HYPERGRADIENT_tanh_dense_at;   /* [STEPS][K][H] */
    const float (*tanh_dense_at_2)[K][H] = HYPERGRADIENT_tanh_dense_at_2;  /* [STEPS][K][H] */
    const float (*dense_minus_ys_at)[K] = HYPERGRADIENT_dense_minus_ys_at;  /* [STEPS][K] */
    const float (*g_tanh_dense_at)[K][H] = HYPERGRADIENT_g_tanh_dense_at;  /* [STEPS][K][H] */
    const float (*g_tanh_dense_at_2)[K][H] = HYPERGRADIENT_g_tanh_dense_at_2;  /* [STEPS][K][H] */
    float *b_p_l1_w = HYPERGRADIENT_b_p_l1_w;                           /* [H] */
    float *b_p_l1_b = HYPERGRADIENT_b_p_l1_b;                           /* [H] */
    float (*b_p_l2_w)[H] = HYPERGRADIENT_b_p_l2_w;                      /* [H][H] */
    float *b_p_l2_b_2 = HYPERGRADIENT_b_p_l2_b_2;                       /* [H] */
    float *b_p_l3_w = HYPERGRADIENT_b_p_l3_w;                           /* [H] */
    float *b_p_l3_b = HYPERGRADIENT_b_p_l3_b;
    float (*slope_tanh_dense)[H] = HYPERGRADIENT_slope_tanh_dense;      /* [K][H] */
    float (*d_tanh_dense)[H] = HYPERGRADIENT_d_tanh_dense;              /* [K][H] */
    float (*slope_tanh_dense_2)[H] = HYPERGRADIENT_slope_tanh_dense_2;  /* [K][H] */
    float (*d_tanh_dense_p_l2_w)[H] = HYPERGRADIENT_d_tanh_dense_p_l2_w;  /* [K][H] */
    float (*d_tanh_dense_p_l2_w_2)[H] = HYPERGRADIENT_d_tanh_dense_p_l2_w_2;  /* [K][H] */
    float *d_tanh_dense_2 = HYPERGRADIENT_d_tanh_dense_2;               /* [H] */
    float *d_g_tanh_dense = HYPERGRADIENT_d_g_tanh_dense;               /* [H] */
    float (*d_g_dense)[H] = HYPERGRADIENT_d_g_dense;                    /* [K][H] */
    float (*d_g_tanh_dense_2)[H] = HYPERGRADIENT_d_g_tanh_dense_2;      /* [K][H] */
    float (*g_dense_2)[H] = HYPERGRADIENT_g_dense_2;                    /* [K][H] */
    float (*d_g_tanh_dense_3)[H] = HYPERGRADIENT_d_g_tanh_dense_3;      /* [K][H] */
    float *b_p_l1_w_row = HYPERGRADIENT_b_p_l1_w_row;                   /* [H] */
    float *b_p_l1_b_2 = HYPERGRADIENT_b_p_l1_b_2;                       /* [H] */
    float *b_p_l2_b = HYPERGRADIENT_b_p_l2_b;                           /* [H] */
    float *d_g_p_l3_w_row = HYPERGRADIENT_d_g_p_l3_w_row;               /* [H] */
    float *d_g_p_l3_w_row_2 = HYPERGRADIENT_d_g_p_l3_w_row_2;           /* [H] */

    for (int k = 0; k < K; k++)
        MFL_SIMD for (int h = 0; h < H; h++) {
            /* tangent of tanh(dense(p.l1, x))   maml_sine.mfl:10 */
            slope_tanh_dense[k][h] = 1.0f - tanh_dense_at[t][k][h] * tanh_dense_at[t][k][h];
            /* tangent of x @ p.w   maml_sine.mfl:9 */
            float d_xs_times_p_l1_w = (-0.01f) * (xs[k][0] * b_p_l1_w[h]);
            /* tangent of tanh(dense(p.l1, x))   maml_sine.mfl:10 */
            d_tanh_dense[k][h] = slope_tanh_dense[k][h] * (d_xs_times_p_l1_w + (-0.01f) * b_p_l1_b[h]);
            /* tangent of tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            slope_tanh_dense_2[k][h] = 1.0f - tanh_dense_at_2[t][k][h] * tanh_dense_at_2[t][k][h];
            /* adjoint of tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            g_dense_2[k][h] = g_tanh_dense_at[t][k][h] * slope_tanh_dense_2[k][h];
        }

    /* d_tanh_dense_p_l2_w = d_tanh_dense p_l2_w_at: tangent of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, 1.0f, &d_tanh_dense[0][0], H, 0, &p_l2_w_at[t][0][0], H, 0,
            0, &d_tanh_dense_p_l2_w[0][0], H);
    /* d_tanh_dense_p_l2_w_2 = (-0.01f) tanh_dense_at b_p_l2_w: tangent of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, -0.01f, &tanh_dense_at[t][0][0], H, 0, &b_p_l2_w[0][0], H, 0,
            0, &d_tanh_dense_p_l2_w_2[0][0], H);

    memset(b_p_l1_w_row, 0, sizeof(float) * H);
    memset(b_p_l1_b_2, 0, sizeof(float) * H);
    memset(b_p_l2_b, 0, sizeof(float) * H);
    memset(d_g_p_l3_w_row, 0, sizeof(float) * H);
    memset(d_g_p_l3_w_row_2, 0, sizeof(float) * H);
    float b_p_l3_b_sum_part[8] = { 0 };
    for (int k = 0; k < K; k++) {
        float d_tanh_dense_p_l3_w_sum_part[16] = { 0 };
        float d_tanh_dense_p_l3_w_sum_part_2[16] = { 0 };
        MFL_LANES(h, H, 16, lane, {
            /* tangent of tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            d_tanh_dense_2[h] = slope_tanh_dense_2[k][h]
                    * (d_tanh_dense_p_l2_w[k][h] + d_tanh_dense_p_l2_w_2[k][h] + (-0.01f) * b_p_l2_b_2[h]);
            /* tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
            d_g_p_l3_w_row[h] += 2.0f / (float)K * (d_tanh_dense_2[h] * dense_minus_ys_at[t][k]);
            d_g_tanh_dense[h] = (-0.002f) * (dense_minus_ys_at[t][k] * b_p_l3_w[h]);
            d_tanh_dense_p_l3_w_sum_part[lane] += d_tanh_dense_2[h] * p_l3_w_at[t][h];
            d_tanh_dense_p_l3_w_sum_part_2[lane] += tanh_dense_at_2[t][k][h] * b_p_l3_w[h];
        })
        float d_tanh_dense_p_l3_w_sum = mfl_fold_addf(d_tanh_dense_p_l3_w_sum_part, 16);
        float d_tanh_dense_p_l3_w_sum_2 = mfl_fold_addf(d_tanh_dense_p_l3_w_sum_part_2, 16);
        float d_dense = d_tanh_dense_p_l3_w_sum;                        /* tangent of x @ p.w   maml_sine.mfl:9 */
        d_dense += (-0.01f) * d_tanh_dense_p_l3_w_sum_2;
        d_dense += (-0.01f) * *b_p_l3_b;                                /* tangent of x @ p.w + p.b   maml_sine.mfl:9 */
        MFL_SIMD for (int h = 0; h < H; h++) {
            float d_g_tanh_dense_4 = 2.0f / (float)K * (d_dense * p_l3_w_at[t][h]);  /* tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
            /* tangent of the adjoint of tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            d_g_dense[k][h] = g_tanh_dense_at[t][k][h]
                    * ((-2.0f) * (tanh_dense_at_2[t][k][h] * d_tanh_dense_2[h])) + slope_tanh_dense_2[k][h]
                    * (d_g_tanh_dense_4 + d_g_tanh_dense[h]);
            b_p_l2_b[h] += d_g_dense[k][h];                             /* tangent of the adjoint of x @ p.w + p.b   maml_sine.mfl:9 */
            /* tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
            d_g_p_l3_w_row_2[h] += 2.0f / (float)K * (tanh_dense_at_2[t][k][h] * d_dense);
        }
        b_p_l3_b_sum_part[k % 8] += d_dense;
    }

    float b_p_l3_b_sum = mfl_fold_addf(b_p_l3_b_sum_part, 8);
    /* d_g_tanh_dense_2 = d_g_dense p_l2_w_at': tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, 1.0f, &d_g_dense[0][0], H, 0, &p_l2_w_at[t][0][0], H, 1,
            0, &d_g_tanh_dense_2[0][0], H);
    /* d_g_tanh_dense_3 = (-0.01f) g_dense_2 b_p_l2_w': tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, -0.01f, &g_dense_2[0][0], H, 0, &b_p_l2_w[0][0], H, 1, 0,
            &d_g_tanh_dense_3[0][0], H);

    for (int k = 0; k < K; k++)
        MFL_SIMD for (int h = 0; h < H; h++) {
            /* tangent of the adjoint of tanh(dense(p.l1, x))   maml_sine.mfl:10 */
            float d_g_dense_2 = g_tanh_dense_at_2[t][k][h]
                    * (tanh_dense_at[t][k][h] * d_tanh_dense[k][h] * (-2.0f)) + slope_tanh_dense[k][h]
                    * (d_g_tanh_dense_2[k][h] + d_g_tanh_dense_3[k][h]);
            b_p_l1_w_row[h] += xs[k][0] * d_g_dense_2;                  /* tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
            b_p_l1_b_2[h] += d_g_dense_2;                               /* tangent of the adjoint of x @ p.w + p.b   maml_sine.mfl:9 */
        }

    MFL_SIMD for (int h = 0; h < H; h++)
        b_p_l1_w[h] += b_p_l1_w_row[h];                                 /* tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
    /* b_p_l2_w += d_tanh_dense' g_dense_2: tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(H, H, K, 1.0f, &d_tanh_dense[0][0], H, 1, &g_dense_2[0][0], H, 0,
            1, &b_p_l2_w[0][0], H);
    /* b_p_l2_w += tanh_dense_at' d_g_dense: tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(H, H, K, 1.0f, &tanh_dense_at[t][0][0], H, 1, &d_g_dense[0][0], H, 0,
            1, &b_p_l2_w[0][0], H);
    MFL_SIMD for (int h = 0; h < H; h++) {
        b_p_l3_w[h] += d_g_p_l3_w_row[h];                               /* tangent of the adjoint of x @ p.w   maml_sine.mfl:9 */
        b_p_l3_w[h] += d_g_p_l3_w_row_2[h];
    }
    float b_p_l3_b_2 = 2.0f / (float)K * b_p_l3_b_sum;                  /* tangent of the adjoint of x @ p.w + p.b   maml_sine.mfl:9 */
    *b_p_l3_b += b_p_l3_b_2;
    MFL_SIMD for (int h = 0; h < H; h++) {
        b_p_l1_b[h] += b_p_l1_b_2[h];
        b_p_l2_b_2[h] += b_p_l2_b[h];
    }
}

/* The outer value and its gradient, computed in the workspace. */
static int maml_sine_run_hypergradient(const maml_sine_data *data, const maml_sine_meta *meta, void *work, mfl_status *status)
{
    const float (*xq)[1] = (const float (*)[1])data->xq;                /* [K][1] */
    const float (*yq)[1] = (const float (*)[1])data->yq;                /* [K][1] */
    const float (*start_l1_w)[H] = (const float (*)[H])meta->start.l1.w;  /* [1][H] */
    const float *start_l1_b = meta->start.l1.b;                         /* [H] */
    const float (*start_l2_w)[H] = (const float (*)[H])meta->start.l2.w;  /* [H][H] */
    const float *start_l2_b = meta->start.l2.b;                         /* [H] */
    const float (*start_l3_w)[1] = (const float (*)[1])meta->start.l3.w;  /* [H][1] */
    const float *start_l3_b = meta->start.l3.b;                         /* [1] */
    float *p_l1_w = HYPERGRADIENT_p_l1_w;                               /* [H] */
    float *p_l1_b = HYPERGRADIENT_p_l1_b;                               /* [H] */
    float (*p_l2_w)[H] = HYPERGRADIENT_p_l2_w;                          /* [H][H] */
    float *p_l2_b = HYPERGRADIENT_p_l2_b;                               /* [H] */
    float *p_l3_w = HYPERGRADIENT_p_l3_w;                               /* [H] */
    float *p_l3_b = HYPERGRADIENT_p_l3_b;
    float (*tanh_dense)[H] = HYPERGRADIENT_tanh_dense;                  /* [K][H] */
    float (*tanh_dense_p_l2_w_2)[H] = HYPERGRADIENT_tanh_dense_p_l2_w_2;  /* [K][H] */
    float *tanh_dense_2 = HYPERGRADIENT_tanh_dense_2;                   /* [H] */
    float (*b_dense)[H] = HYPERGRADIENT_b_dense;                        /* [K][H] */
    float (*b_tanh_dense)[H] = HYPERGRADIENT_b_tanh_dense;              /* [K][H] */
    float *b_p_l1_w = HYPERGRADIENT_b_p_l1_w;                           /* [H] */
    float *b_p_l1_b = HYPERGRADIENT_b_p_l1_b;                           /* [H] */
    float (*b_p_l2_w)[H] = HYPERGRADIENT_b_p_l2_w;                      /* [H][H] */
    float *b_p_l2_b_2 = HYPERGRADIENT_b_p_l2_b_2;                       /* [H] */
    float *b_p_l3_w = HYPERGRADIENT_b_p_l3_w;                           /* [H] */
    float *b_p_l3_b = HYPERGRADIENT_b_p_l3_b;
    float *outer_value = HYPERGRADIENT_outer_value;

    *p_l3_b = start_l3_b[0];
    for (int h = 0; h < H; h++) {
        p_l1_w[h] = start_l1_w[0][h];
        p_l1_b[h] = start_l1_b[h];
        p_l2_b[h] = start_l2_b[h];
        p_l3_w[h] = start_l3_w[h][0];
        MFL_SIMD for (int i = 0; i < H; i++)
            p_l2_w[h][i] = start_l2_w[h][i];
    }

    /* The inner loop. */
    for (int t = 0; t < STEPS; t++)
        maml_sine_hypergradient_step(data, work, t);
    for (int k = 0; k < K; k++)
        MFL_SIMD for (int h = 0; h < H; h++) {
            float xq_times_p_l1_w = xq[k][0] * p_l1_w[h];               /* x @ p.w   maml_sine.mfl:9 */
            tanh_dense[k][h] = mfl_tanhf(xq_times_p_l1_w + p_l1_b[h]);  /* tanh(dense(p.l1, x))   maml_sine.mfl:10 */
        }
    /* tanh_dense_p_l2_w_2 = tanh_dense p_l2_w: x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, 1.0f, &tanh_dense[0][0], H, 0, &p_l2_w[0][0], H, 0, 0,
            &tanh_dense_p_l2_w_2[0][0], H);

    memset(b_p_l3_w, 0, sizeof(float) * H);
    memset(b_p_l2_b_2, 0, sizeof(float) * H);
    float outer_sum_part[8] = { 0 };                                    /* outer = mean((net(p, xq) - yq)^2)   maml_sine.mfl:20 */

    float b_p_l3_b_sum_part[8] = { 0 };
    for (int k = 0; k < K; k++) {
        float tanh_dense_p_l3_w_part[16] = { 0 };                       /* x @ p.w   maml_sine.mfl:9 */
        MFL_LANES(h, H, 16, lane, {
            /* tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            tanh_dense_2[h] = mfl_tanhf(tanh_dense_p_l2_w_2[k][h] + p_l2_b[h]);
            tanh_dense_p_l3_w_part[lane] += tanh_dense_2[h] * p_l3_w[h];
        })
        /* x @ p.w   maml_sine.mfl:9 */
        float tanh_dense_p_l3_w = mfl_fold_addf(tanh_dense_p_l3_w_part, 16);
        /* net(p, xq) - yq   maml_sine.mfl:20 */
        float dense_minus_yq = tanh_dense_p_l3_w + *p_l3_b - yq[k][0];
        outer_sum_part[k % 8] += dense_minus_yq * dense_minus_yq;
        b_p_l3_b_sum_part[k % 8] += dense_minus_yq;
        MFL_SIMD for (int h = 0; h < H; h++) {
            b_p_l3_w[h] += 2.0f / (float)K * (tanh_dense_2[h] * dense_minus_yq);  /* adjoint of x @ p.w   maml_sine.mfl:9 */
            float b_tanh_dense_2 = 2.0f / (float)K * (dense_minus_yq * p_l3_w[h]);
            /* adjoint of tanh(dense(p.l2, tanh(dense(p.l1, x))))   maml_sine.mfl:10 */
            b_dense[k][h] = (1.0f - tanh_dense_2[h] * tanh_dense_2[h]) * b_tanh_dense_2;
            b_p_l2_b_2[h] += b_dense[k][h];                             /* adjoint of x @ p.w + p.b   maml_sine.mfl:9 */
        }
    }

    float outer_sum = mfl_fold_addf(outer_sum_part, 8);                 /* outer = mean((net(p, xq) - yq)^2)   maml_sine.mfl:20 */

    float b_p_l3_b_sum = mfl_fold_addf(b_p_l3_b_sum_part, 8);
    *b_p_l3_b = 2.0f / (float)K * b_p_l3_b_sum;                         /* adjoint of x @ p.w + p.b   maml_sine.mfl:9 */

    *outer_value = outer_sum * (1.0f / (float)K);                       /* outer = mean((net(p, xq) - yq)^2)   maml_sine.mfl:20 */

    /* b_p_l2_w = tanh_dense' b_dense: adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(H, H, K, 1.0f, &tanh_dense[0][0], H, 1, &b_dense[0][0], H, 0, 0,
            &b_p_l2_w[0][0], H);
    /* b_tanh_dense = b_dense p_l2_w': adjoint of x @ p.w   maml_sine.mfl:9 */
    mfl_gemm_f32(K, H, H, 1.0f, &b_dense[0][0], H, 0, &p_l2_w[0][0], H, 1, 0,
            &b_tanh_dense[0][0], H);

    memset(b_p_l1_b, 0, sizeof(float) * H);
    memset(b_p_l1_w, 0, sizeof(float) * H);
    for (int k = 0; k < K; k++)
        MFL_SIMD for (int h = 0; h < H; h++) {
            /* adjoint of tanh(dense(p.l1, x))   maml_sine.mfl:10 */
            float b_dense_2 = (1.0f - tanh_dense[k][h] * tanh_dense[k][h]) * b_tanh_dense[k][h];
            b_p_l1_b[h] += b_dense_2;                                   /* adjoint of x @ p.w + p.b   maml_sine.mfl:9 */
            b_p_l1_w[h] += xq[k][0] * b_dense_2;                        /* adjoint of x @ p.w   maml_sine.mfl:9 */
        }

    /* Back through the steps of the inner loop. */
    for (int t = STEPS - 1; t >= 0; t--)
        maml_sine_hypergradient_step_adjoint(data, work, t);
    return mfl_ok(status);
}

