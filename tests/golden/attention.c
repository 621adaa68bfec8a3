/* Workspace of attention_hypergradient: 151232 bytes. Arrays that are not alive at the same time share bytes; statements are counted as they stand,
 * attention_hypergradient_step is 3 to 57,
 * attention_hypergradient_step_adjoint is 119 to 238. */
#define HYPERGRADIENT_exp_log_rate            AT(151040)   /* float, alive 1 to 238   attention.mfl:24 */
#define HYPERGRADIENT_blocks_q                 AT(59136)   /* float [L][D][D], alive 2 to 118 */
#define HYPERGRADIENT_blocks_v                 AT(62208)   /* float [L][D][D], alive 2 to 118 */
#define HYPERGRADIENT_blocks_q_at                  AT(0)   /* float [STEPS][L][D][D], alive 3 to 238 */
#define HYPERGRADIENT_blocks_v_at              AT(12288)   /* float [STEPS][L][D][D], alive 3 to 238 */
#define HYPERGRADIENT_g_h_at                   AT(66048)   /* float [STEPS][S][D], alive 3 to 238   attention.mfl:23 */
#define HYPERGRADIENT_h                        AT(74496)   /* float [S][D], alive 3 to 35   attention.mfl:13 */
#define HYPERGRADIENT_h_at                     AT(45312)   /* float [L][S][D], alive 4 to 57   attention.mfl:13 */
#define HYPERGRADIENT_slope_sqrt_rms_norm_sum_at AT(65280)   /* float [L][S], alive 4 to 57   attention.mfl:9 */
#define HYPERGRADIENT_rsqrt_at                 AT(65600)   /* float [L][S], alive 4 to 57   attention.mfl:9 */
#define HYPERGRADIENT_slope_rsqrt_at           AT(82944)   /* float [L][S], alive 4 to 57   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_blocks_q_at     AT(49920)   /* float [L][S][D], alive 4 to 57   attention.mfl:10 */
#define HYPERGRADIENT_exp_block_difference_at  AT(24576)   /* float [L][S][S], alive 4 to 57   attention.mfl:10 */
#define HYPERGRADIENT_block_quotient_at        AT(31488)   /* float [L][S][S], alive 4 to 57   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_2 AT(38400)   /* float [L][S][S], alive 4 to 57   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_blocks_v_at     AT(54528)   /* float [L][S][D], alive 4 to 57   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at  AT(83264)   /* float [L][S], alive 4 to 57   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm                 AT(76032)   /* float [S][D], alive 5 to 24   attention.mfl:9 */
#define HYPERGRADIENT_block_product            AT(72192)   /* float [S][S], alive 15 to 23   attention.mfl:10 */
#define HYPERGRADIENT_block_choice             AT(65920)   /* float [S], alive 17 to 20   attention.mfl:10 */
#define HYPERGRADIENT_g_h                      AT(76800)   /* float [S][D], alive 27 to 57   attention.mfl:13 */
#define HYPERGRADIENT_logits                   AT(65920)   /* float [7], alive 29 to 32   attention.mfl:14 */
#define HYPERGRADIENT_inner_exp                AT(65984)   /* float [7], alive 32 to 35   attention.mfl:23 */
#define HYPERGRADIENT_g_rms_norm_blocks_v      AT(78336)   /* float [S][D], alive 36 to 56   attention.mfl:10 */
#define HYPERGRADIENT_g_block_quotient         AT(72192)   /* float [S][S], alive 37 to 44   attention.mfl:10 */
#define HYPERGRADIENT_g_scaled_block_product   AT(74496)   /* float [S][S], alive 38 to 47   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_2               AT(79872)   /* float [S][D], alive 38 to 56   attention.mfl:9 */
#define HYPERGRADIENT_g_rms_norm_blocks_q      AT(72192)   /* float [S][D], alive 45 to 55   attention.mfl:10 */
#define HYPERGRADIENT_g_rms_norm               AT(81408)   /* float [S][D], alive 46 to 54   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_q_at            AT(73728)   /* float [D][D], alive 55 to 57   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_v_at            AT(72192)   /* float [D][D], alive 56 to 57   attention.mfl:10 */
#define HYPERGRADIENT_h_3                      AT(74496)   /* float [S][D], alive 58 to 91   attention.mfl:13 */
#define HYPERGRADIENT_h_at_3                   AT(45312)   /* float [L][S][D], alive 59 to 118   attention.mfl:13 */
#define HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_3 AT(65280)   /* float [L][S], alive 59 to 118   attention.mfl:9 */
#define HYPERGRADIENT_rsqrt_at_3               AT(65600)   /* float [L][S], alive 59 to 118   attention.mfl:9 */
#define HYPERGRADIENT_slope_rsqrt_at_3         AT(82944)   /* float [L][S], alive 59 to 118   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_blocks_q_at_3   AT(49920)   /* float [L][S][D], alive 59 to 118   attention.mfl:10 */
#define HYPERGRADIENT_exp_block_difference_at_3 AT(24576)   /* float [L][S][S], alive 59 to 118   attention.mfl:10 */
#define HYPERGRADIENT_block_quotient_at_3      AT(31488)   /* float [L][S][S], alive 59 to 118   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_6 AT(38400)   /* float [L][S][S], alive 59 to 118   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_blocks_v_at_3   AT(54528)   /* float [L][S][D], alive 59 to 118   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_5 AT(83264)   /* float [L][S], alive 59 to 118   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_5               AT(76032)   /* float [S][D], alive 59 to 78   attention.mfl:9 */
#define HYPERGRADIENT_block_product_3          AT(72192)   /* float [S][S], alive 69 to 77   attention.mfl:10 */
#define HYPERGRADIENT_block_choice_3           AT(65920)   /* float [S], alive 71 to 74   attention.mfl:10 */
#define HYPERGRADIENT_max_logits               AT(65920)   /* float [S], alive 80 to 91   attention.mfl:25 */
#define HYPERGRADIENT_sum_outer_exp            AT(72192)   /* float [S], alive 80 to 91   attention.mfl:25 */
#define HYPERGRADIENT_b_h                      AT(76800)   /* float [S][D], alive 80 to 118   attention.mfl:13 */
#define HYPERGRADIENT_outer_exp                AT(72320)   /* float [7], alive 85 to 89   attention.mfl:25 */
#define HYPERGRADIENT_b_log_rate              AT(151104)   /* float, alive 93 to 240 */
#define HYPERGRADIENT_outer_value             AT(151168)   /* float, alive 94 to 239   attention.mfl:25 */
#define HYPERGRADIENT_b_h_2                    AT(72192)   /* float [S][D], alive 95 to 97   attention.mfl:25 */
#define HYPERGRADIENT_b_rms_norm_blocks_v      AT(78336)   /* float [S][D], alive 98 to 118   attention.mfl:10 */
#define HYPERGRADIENT_b_blocks_q               AT(99840)   /* float [L][D][D], alive 98 to 238 */
#define HYPERGRADIENT_b_blocks_v              AT(102912)   /* float [L][D][D], alive 98 to 238 */
#define HYPERGRADIENT_b_block_quotient         AT(72192)   /* float [S][S], alive 99 to 106   attention.mfl:10 */
#define HYPERGRADIENT_b_scaled_block_product   AT(74496)   /* float [S][S], alive 100 to 109   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_6               AT(79872)   /* float [S][D], alive 100 to 118   attention.mfl:9 */
#define HYPERGRADIENT_b_rms_norm_blocks_q      AT(72192)   /* float [S][D], alive 107 to 117   attention.mfl:10 */
#define HYPERGRADIENT_b_rms_norm               AT(81408)   /* float [S][D], alive 108 to 116   attention.mfl:10 */
#define HYPERGRADIENT_h_2                     AT(116736)   /* float [S][D], alive 120 to 182   attention.mfl:13 */
#define HYPERGRADIENT_d_h                     AT(118272)   /* float [S][D], alive 121 to 182   attention.mfl:13 */
#define HYPERGRADIENT_b_g_blocks_q            AT(105984)   /* float [L][D][D], alive 122 to 233   std/optimizers.mfl:5 */
#define HYPERGRADIENT_b_g_blocks_v            AT(109056)   /* float [L][D][D], alive 122 to 233   std/optimizers.mfl:5 */
#define HYPERGRADIENT_h_at_2                   AT(72192)   /* float [L][S][D], alive 122 to 233   attention.mfl:13 */
#define HYPERGRADIENT_d_h_at                   AT(76800)   /* float [L][S][D], alive 122 to 233   attention.mfl:13 */
#define HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_2 AT(148224)   /* float [L][S], alive 122 to 233   attention.mfl:9 */
#define HYPERGRADIENT_rsqrt_at_2              AT(148544)   /* float [L][S], alive 122 to 233   attention.mfl:9 */
#define HYPERGRADIENT_slope_rsqrt_at_2        AT(148864)   /* float [L][S], alive 122 to 233   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_blocks_q_at_2   AT(81408)   /* float [L][S][D], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_exp_block_difference_at_2 AT(24576)   /* float [L][S][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_block_quotient_at_2      AT(31488)   /* float [L][S][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_4 AT(38400)   /* float [L][S][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_blocks_v_at_2   AT(86016)   /* float [L][S][D], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_3 AT(149184)   /* float [L][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_d_rsqrt_at              AT(149504)   /* float [L][S], alive 122 to 233   attention.mfl:9 */
#define HYPERGRADIENT_d_rms_norm_blocks_q_at   AT(90624)   /* float [L][S][D], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_d_exp_block_difference_at AT(45312)   /* float [L][S][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_d_block_quotient_at      AT(52224)   /* float [L][S][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_d_slope_block_quotient_at_2 AT(59136)   /* float [L][S][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_d_rms_norm_blocks_v_at   AT(95232)   /* float [L][S][D], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_d_slope_block_quotient_at AT(149824)   /* float [L][S], alive 122 to 233   attention.mfl:10 */
#define HYPERGRADIENT_d_slope_rsqrt_at        AT(150144)   /* float [L][S], alive 122 to 233   attention.mfl:9 */
#define HYPERGRADIENT_d_slope_sqrt_rms_norm_sum_at AT(150464)   /* float [L][S], alive 122 to 233   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_3              AT(119808)   /* float [S][D], alive 123 to 165   attention.mfl:9 */
#define HYPERGRADIENT_block                   AT(121344)   /* float [S][D], alive 123 to 169   attention.mfl:10 */
#define HYPERGRADIENT_d_rms_norm              AT(122880)   /* float [S][D], alive 123 to 164   attention.mfl:9 */
#define HYPERGRADIENT_block_product_2         AT(112128)   /* float [S][S], alive 141 to 150   attention.mfl:10 */
#define HYPERGRADIENT_sum_exp_block_difference AT(124416)   /* float [S], alive 142 to 163   attention.mfl:10 */
#define HYPERGRADIENT_block_choice_2          AT(114432)   /* float [S], alive 143 to 146   attention.mfl:10 */
#define HYPERGRADIENT_d_block_product         AT(112128)   /* float [S][S], alive 155 to 163   attention.mfl:10 */
#define HYPERGRADIENT_d_block_product_2       AT(114432)   /* float [S][S], alive 156 to 163   attention.mfl:10 */
#define HYPERGRADIENT_d_block                 AT(112128)   /* float [S][D], alive 166 to 170   attention.mfl:10 */
#define HYPERGRADIENT_g_h_2                   AT(135936)   /* float [S][D], alive 171 to 233 */
#define HYPERGRADIENT_d_g_h                   AT(137472)   /* float [S][D], alive 171 to 233   attention.mfl:13 */
#define HYPERGRADIENT_logits_2                AT(112128)   /* float [7], alive 172 to 176   attention.mfl:14 */
#define HYPERGRADIENT_inner_exp_2             AT(112192)   /* float [7], alive 176 to 182   attention.mfl:23 */
#define HYPERGRADIENT_d_inner_exp             AT(112256)   /* float [7], alive 176 to 182   attention.mfl:23 */
#define HYPERGRADIENT_g_inner_exp             AT(112128)   /* float [7], alive 180 to 182   attention.mfl:23 */
#define HYPERGRADIENT_d_g_blocks_q_at         AT(112128)   /* float [L][D][D], alive 183 to 236   attention.mfl:10 */
#define HYPERGRADIENT_d_g_blocks_v_at         AT(115200)   /* float [L][D][D], alive 183 to 236   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_q_at_2         AT(118272)   /* float [L][D][D], alive 183 to 236   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_v_at_2         AT(121344)   /* float [L][D][D], alive 183 to 236   attention.mfl:10 */
#define HYPERGRADIENT_g_rms_norm_blocks_v_2   AT(139008)   /* float [S][D], alive 183 to 233   attention.mfl:10 */
#define HYPERGRADIENT_g_block_quotient_2      AT(124416)   /* float [S][S], alive 184 to 205   attention.mfl:10 */
#define HYPERGRADIENT_g_exp_block_difference  AT(126720)   /* float [S][S], alive 185 to 205   attention.mfl:10 */
#define HYPERGRADIENT_g_scaled_block_product_2 AT(129024)   /* float [S][S], alive 185 to 217   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_4              AT(140544)   /* float [S][D], alive 185 to 233   attention.mfl:9 */
#define HYPERGRADIENT_g_rms_norm_blocks_q_2   AT(142080)   /* float [S][D], alive 191 to 232   attention.mfl:10 */
#define HYPERGRADIENT_g_rms_norm_2            AT(143616)   /* float [S][D], alive 192 to 227   attention.mfl:10 */
#define HYPERGRADIENT_d_g_rms_norm_blocks_v   AT(145152)   /* float [S][D], alive 195 to 231   attention.mfl:10 */
#define HYPERGRADIENT_d_g_block_quotient      AT(131328)   /* float [S][S], alive 197 to 205   attention.mfl:10 */
#define HYPERGRADIENT_d_g_scaled_block_product AT(133632)   /* float [S][S], alive 199 to 216   attention.mfl:10 */
#define HYPERGRADIENT_d_g_rms_norm            AT(124416)   /* float [S][D], alive 206 to 227   attention.mfl:10 */
#define HYPERGRADIENT_g_rsqrt                 AT(150784)   /* float [S], alive 208 to 227   attention.mfl:9 */
#define HYPERGRADIENT_g_sqrt_rms_norm_sum     AT(150912)   /* float [S], alive 208 to 227   attention.mfl:9 */
#define HYPERGRADIENT_g_h_squared             AT(125952)   /* float [S][D], alive 208 to 227   attention.mfl:9 */
#define HYPERGRADIENT_d_rsqrt                 AT(127488)   /* float [S][D], alive 208 to 227   attention.mfl:9 */
#define HYPERGRADIENT_d_rms_norm_2            AT(131328)   /* float [S][D], alive 208 to 230   attention.mfl:9 */
#define HYPERGRADIENT_d_g_rms_norm_blocks_q   AT(146688)   /* float [S][D], alive 216 to 229   attention.mfl:10 */
#define HYPERGRADIENT_d_g_rms_norm_2          AT(129024)   /* float [S][D], alive 218 to 227   attention.mfl:10 */
#define HYPERGRADIENT_d_g_rms_norm_3          AT(132864)   /* float [S][D], alive 220 to 227   attention.mfl:10 */

/* One step of the inner loop, in place. */
static void attention_hypergradient_step(const attention_data *data, void *work, int t)
{
    const float (*x)[D] = (const float (*)[D])data->x;                  /* [S][D] */
    const int32_t *y = data->y;                                         /* [S] */
    const float exp_log_rate = *(const float *)HYPERGRADIENT_exp_log_rate;
    float (*blocks_q)[D][D] = HYPERGRADIENT_blocks_q;                   /* [L][D][D] */
    float (*blocks_v)[D][D] = HYPERGRADIENT_blocks_v;                   /* [L][D][D] */
    float (*blocks_q_at)[L][D][D] = HYPERGRADIENT_blocks_q_at;          /* [STEPS][L][D][D] */
    float (*blocks_v_at)[L][D][D] = HYPERGRADIENT_blocks_v_at;          /* [STEPS][L][D][D] */
    float (*g_h_at)[S][D] = HYPERGRADIENT_g_h_at;                       /* [STEPS][S][D] */
    float (*h)[D] = HYPERGRADIENT_h;                                    /* [S][D] */
    float (*h_at)[S][D] = HYPERGRADIENT_h_at;                           /* [L][S][D] */
    float (*slope_sqrt_rms_norm_sum_at)[S] = HYPERGRADIENT_slope_sqrt_rms_norm_sum_at;  /* [L][S] */
    float (*rsqrt_at)[S] = HYPERGRADIENT_rsqrt_at;                      /* [L][S] */
    float (*slope_rsqrt_at)[S] = HYPERGRADIENT_slope_rsqrt_at;          /* [L][S] */
    float (*rms_norm_blocks_q_at)[S][D] = HYPERGRADIENT_rms_norm_blocks_q_at;  /* [L][S][D] */
    float (*exp_block_difference_at)[S][S] = HYPERGRADIENT_exp_block_difference_at;  /* [L][S][S] */
    float (*block_quotient_at)[S][S] = HYPERGRADIENT_block_quotient_at; /* [L][S][S] */
    float (*slope_block_quotient_at_2)[S][S] = HYPERGRADIENT_slope_block_quotient_at_2;  /* [L][S][S] */
    float (*rms_norm_blocks_v_at)[S][D] = HYPERGRADIENT_rms_norm_blocks_v_at;  /* [L][S][D] */
    float (*slope_block_quotient_at)[S] = HYPERGRADIENT_slope_block_quotient_at;  /* [L][S] */
    float (*rms_norm)[D] = HYPERGRADIENT_rms_norm;                      /* [S][D] */
    float (*block_product)[S] = HYPERGRADIENT_block_product;            /* [S][S] */
    float *block_choice = HYPERGRADIENT_block_choice;                   /* [S] */
    float *logits = HYPERGRADIENT_logits;                               /* [7] */
    float *inner_exp = HYPERGRADIENT_inner_exp;                         /* [7] */
    float (*g_h)[D] = HYPERGRADIENT_g_h;                                /* [S][D] */
    float (*g_blocks_q_at)[D] = HYPERGRADIENT_g_blocks_q_at;            /* [D][D] */
    float (*g_blocks_v_at)[D] = HYPERGRADIENT_g_blocks_v_at;            /* [D][D] */
    float (*g_rms_norm_blocks_v)[D] = HYPERGRADIENT_g_rms_norm_blocks_v;  /* [S][D] */
    float (*g_block_quotient)[S] = HYPERGRADIENT_g_block_quotient;      /* [S][S] */
    float (*g_scaled_block_product)[S] = HYPERGRADIENT_g_scaled_block_product;  /* [S][S] */
    float (*rms_norm_2)[D] = HYPERGRADIENT_rms_norm_2;                  /* [S][D] */
    float (*g_rms_norm_blocks_q)[D] = HYPERGRADIENT_g_rms_norm_blocks_q;  /* [S][D] */
    float (*g_rms_norm)[D] = HYPERGRADIENT_g_rms_norm;                  /* [S][D] */

    for (int s = 0; s < S; s++)
        MFL_SIMD for (int d = 0; d < D; d++)
            h[s][d] = x[s][d];
    for (int l = 0; l < L; l++) {
        for (int d = 0; d < D; d++)
            MFL_SIMD for (int i = 0; i < D; i++) {
                blocks_q_at[t][l][d][i] = blocks_q[l][d][i];
                blocks_v_at[t][l][d][i] = blocks_v[l][d][i];
            }
        for (int s = 0; s < S; s++) {
            float sum_h_squared_part[16] = { 0 };                       /* a = rms_norm(h)   attention.mfl:9 */
            MFL_LANES(d, D, 16, lane, {
                h_at[l][s][d] = h[s][d];                                /* blocks   attention.mfl:13 */
                sum_h_squared_part[lane] += h[s][d] * h[s][d];
            })
            /* a = rms_norm(h)   attention.mfl:9 */
            float sum_h_squared = mfl_fold_addf(sum_h_squared_part, 16);
            float sqrt_rms_norm_sum = mfl_sqrtf(0.0625f * sum_h_squared + 1e-6f);
            rsqrt_at[l][s] = 1.0f / sqrt_rms_norm_sum;
            slope_sqrt_rms_norm_sum_at[l][s] = 0.5f / sqrt_rms_norm_sum;  /* tangent of a = rms_norm(h)   attention.mfl:9 */
            slope_rsqrt_at[l][s] = rsqrt_at[l][s] / sqrt_rms_norm_sum;
            float this_rsqrt_at = rsqrt_at[l][s];
            MFL_SIMD for (int d = 0; d < D; d++)
                rms_norm[s][d] = h[s][d] * this_rsqrt_at;               /* a = rms_norm(h)   attention.mfl:9 */
        }
        /* rms_norm_blocks_q_at = rms_norm blocks_q: a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm[0][0], D, 0, &blocks_q[l][0][0], D, 0,
                0, &rms_norm_blocks_q_at[l][0][0], D);
        /* block_product = rms_norm_blocks_q_at rms_norm': attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &rms_norm_blocks_q_at[l][0][0], D, 0,
                &rms_norm[0][0], D, 1, 0, &block_product[0][0], S);
        for (int s = 0; s < S; s++) {
            float max_block_choice_part[16];                            /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            for (int lane = 0; lane < 16; lane++)
                max_block_choice_part[lane] = (float)-INFINITY;
            MFL_LANES(i, S, 16, lane, {
                block_choice[i] = (s >= i) ? block_product[s][i] * 0.25f : (-1e9f);
                max_block_choice_part[lane] = mfl_maxf(block_choice[i], max_block_choice_part[lane]);
            })
            float max_block_choice = mfl_fold_maxf(max_block_choice_part, 16);
            float sum_exp_block_difference_part[16] = { 0 };
            MFL_LANES(i, S, 16, lane, {
                exp_block_difference_at[l][s][i] = mfl_expf(block_choice[i] - max_block_choice);
                sum_exp_block_difference_part[lane] += exp_block_difference_at[l][s][i];
            })
            float sum_exp_block_difference_2 = mfl_fold_addf(sum_exp_block_difference_part, 16);
            slope_block_quotient_at[l][s] = 1.0f / sum_exp_block_difference_2;  /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            MFL_SIMD for (int i = 0; i < S; i++) {
                /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                block_quotient_at[l][s][i] = exp_block_difference_at[l][s][i]
                        / sum_exp_block_difference_2;
                /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                slope_block_quotient_at_2[l][s][i] = block_quotient_at[l][s][i]
                        / sum_exp_block_difference_2;
            }
        }
        /* rms_norm_blocks_v_at = rms_norm blocks_v: a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm[0][0], D, 0, &blocks_v[l][0][0], D, 0,
                0, &rms_norm_blocks_v_at[l][0][0], D);
        /* h += block_quotient_at rms_norm_blocks_v_at: attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at[l][0][0], S, 0,
                &rms_norm_blocks_v_at[l][0][0], D, 0, 1, &h[0][0], D);
    }

    memset(&g_h_at[t][0][0], 0, sizeof(float) * S * D);
    for (int s = 0; s < S; s++) {
        g_h_at[t][s][y[s]] += -1.0f / (float)S;                         /* adjoint of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float max_logits_part[1];                                       /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        for (int lane = 0; lane < 1; lane++)
            max_logits_part[lane] = (float)-INFINITY;
        MFL_LANES(d, 7, 1, lane, {
            logits[d] = h[s][d];                                        /* h[:, 0:C]   attention.mfl:14 */
            max_logits_part[lane] = mfl_maxf(logits[d], max_logits_part[lane]);
        })
        float max_logits_2 = mfl_fold_maxf(max_logits_part, 1);         /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float sum_inner_exp_part[1] = { 0 };
        MFL_LANES(d, 7, 1, lane, {
            inner_exp[d] = mfl_expf(logits[d] - max_logits_2);
            sum_inner_exp_part[lane] += inner_exp[d];
        })
        float sum_inner_exp = mfl_fold_addf(sum_inner_exp_part, 1);
        float slope_log_sum_inner_exp = 1.0f / sum_inner_exp;           /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        MFL_SIMD for (int d = 0; d < D; d++)
            /* adjoint of h[:, 0:C]   attention.mfl:14 */
            g_h[s][d] = g_h_at[t][s][d] + ((d < 7) ? inner_exp[d] * (1.0f / (float)S * slope_log_sum_inner_exp)
                    : 0.0f);
    }

    for (int b = L - 1; b >= 0; b--) {
        /* g_rms_norm_blocks_v = block_quotient_at' g_h: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at[b][0][0], S, 1, &g_h[0][0], D,
                0, 0, &g_rms_norm_blocks_v[0][0], D);
        /* g_block_quotient = g_h rms_norm_blocks_v_at': adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &g_h[0][0], D, 0, &rms_norm_blocks_v_at[b][0][0], D,
                1, 0, &g_block_quotient[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, g_sum_exp_block_difference_sum, i, S, 16,
                    slope_block_quotient_at_2[b][s][i] * g_block_quotient[s][i]);
            /* adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float g_sum_exp_block_difference = -g_sum_exp_block_difference_sum;
            float this_slope_block_quotient_at = slope_block_quotient_at[b][s];
            MFL_SIMD for (int i = 0; i < S; i++)
                g_scaled_block_product[s][i] = (s >= i) ? exp_block_difference_at[b][s][i]
                        * (g_sum_exp_block_difference + g_block_quotient[s][i]
                        * this_slope_block_quotient_at) : 0.0f;
            MFL_SIMD for (int d = 0; d < D; d++)
                rms_norm_2[s][d] = h_at[b][s][d] * rsqrt_at[b][s];      /* a = rms_norm(h)   attention.mfl:9 */
        }
        /* g_rms_norm_blocks_q = 0.25f g_scaled_block_product rms_norm_2: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product[0][0], S, 0,
                &rms_norm_2[0][0], D, 0, 0, &g_rms_norm_blocks_q[0][0], D);
        /* g_rms_norm = g_rms_norm_blocks_v blocks_v': adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_v[0][0], D, 0, &blocks_v[b][0][0],
                D, 1, 0, &g_rms_norm[0][0], D);
        /* g_rms_norm += 0.25f g_scaled_block_product' rms_norm_blocks_q_at: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product[0][0], S, 1,
                &rms_norm_blocks_q_at[b][0][0], D, 0, 1, &g_rms_norm[0][0], D);
        /* g_rms_norm += g_rms_norm_blocks_q blocks_q': adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_q[0][0], D, 0, &blocks_q[b][0][0],
                D, 1, 1, &g_rms_norm[0][0], D);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, g_rsqrt_sum, d, D, 16, h_at[b][s][d] * g_rms_norm[s][d]);
            float g_rsqrt_2 = -g_rsqrt_sum;                             /* adjoint of a = rms_norm(h)   attention.mfl:9 */
            float g_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at[b][s]
                    * (slope_rsqrt_at[b][s] * g_rsqrt_2);
            MFL_SIMD for (int d = 0; d < D; d++)
                g_h[s][d] = g_h[s][d] + h_at[b][s][d] * (0.125f * g_scaled_sum_h_squared) + rsqrt_at[b][s]
                        * g_rms_norm[s][d];
        }
        /* g_blocks_q_at = rms_norm_2' g_rms_norm_blocks_q: adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_2[0][0], D, 1, &g_rms_norm_blocks_q[0][0],
                D, 0, 0, &g_blocks_q_at[0][0], D);
        /* g_blocks_v_at = rms_norm_2' g_rms_norm_blocks_v: adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_2[0][0], D, 1, &g_rms_norm_blocks_v[0][0],
                D, 0, 0, &g_blocks_v_at[0][0], D);
        for (int d = 0; d < D; d++)
            MFL_SIMD for (int i = 0; i < D; i++) {
                /* p = p - rate * g   std/optimizers.mfl:5 */
                blocks_q[b][d][i] -= g_blocks_q_at[d][i] * exp_log_rate;
                blocks_v[b][d][i] -= exp_log_rate * g_blocks_v_at[d][i];
            }
    }
}

/* Backward through one step of the inner loop: adjoints of what it made become those of what it began
 * with, in place; those of meta variables add up. */
static void attention_hypergradient_step_adjoint(const attention_data *data, void *work, int t)
{
    const float (*x)[D] = (const float (*)[D])data->x;                  /* [S][D] */
    const float exp_log_rate = *(const float *)HYPERGRADIENT_exp_log_rate;
    const float (*blocks_q_at)[L][D][D] = HYPERGRADIENT_blocks_q_at;    /* [STEPS][L][D][D] */
    const float (*blocks_v_at)[L][D][D] = HYPERGRADIENT_blocks_v_at;    /* [STEPS][L][D][D] */
    const float (*g_h_at)[S][D] = HYPERGRADIENT_g_h_at;                 /* [STEPS][S][D] */
    float (*b_blocks_q)[D][D] = HYPERGRADIENT_b_blocks_q;               /* [L][D][D] */
    float (*b_blocks_v)[D][D] = HYPERGRADIENT_b_blocks_v;               /* [L][D][D] */
    float *b_log_rate = HYPERGRADIENT_b_log_rate;
    float (*b_g_blocks_q)[D][D] = HYPERGRADIENT_b_g_blocks_q;           /* [L][D][D] */
    float (*b_g_blocks_v)[D][D] = HYPERGRADIENT_b_g_blocks_v;           /* [L][D][D] */
    float (*h_2)[D] = HYPERGRADIENT_h_2;                                /* [S][D] */
    float (*d_h)[D] = HYPERGRADIENT_d_h;                                /* [S][D] */
    float (*h_at_2)[S][D] = HYPERGRADIENT_h_at_2;                       /* [L][S][D] */
    float (*d_h_at)[S][D] = HYPERGRADIENT_d_h_at;                       /* [L][S][D] */
    float (*slope_sqrt_rms_norm_sum_at_2)[S] = HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_2;  /* [L][S] */
    float (*rsqrt_at_2)[S] = HYPERGRADIENT_rsqrt_at_2;                  /* [L][S] */
    float (*slope_rsqrt_at_2)[S] = HYPERGRADIENT_slope_rsqrt_at_2;      /* [L][S] */
    float (*rms_norm_blocks_q_at_2)[S][D] = HYPERGRADIENT_rms_norm_blocks_q_at_2;  /* [L][S][D] */
    float (*exp_block_difference_at_2)[S][S] = HYPERGRADIENT_exp_block_difference_at_2;  /* [L][S][S] */
    float (*block_quotient_at_2)[S][S] = HYPERGRADIENT_block_quotient_at_2;  /* [L][S][S] */
    float (*slope_block_quotient_at_4)[S][S] = HYPERGRADIENT_slope_block_quotient_at_4;  /* [L][S][S] */
    float (*rms_norm_blocks_v_at_2)[S][D] = HYPERGRADIENT_rms_norm_blocks_v_at_2;  /* [L][S][D] */
    float (*slope_block_quotient_at_3)[S] = HYPERGRADIENT_slope_block_quotient_at_3;  /* [L][S] */
    float (*d_rsqrt_at)[S] = HYPERGRADIENT_d_rsqrt_at;                  /* [L][S] */
    float (*d_rms_norm_blocks_q_at)[S][D] = HYPERGRADIENT_d_rms_norm_blocks_q_at;  /* [L][S][D] */
    float (*d_exp_block_difference_at)[S][S] = HYPERGRADIENT_d_exp_block_difference_at;  /* [L][S][S] */
    float (*d_block_quotient_at)[S][S] = HYPERGRADIENT_d_block_quotient_at;  /* [L][S][S] */
    float (*d_slope_block_quotient_at_2)[S][S] = HYPERGRADIENT_d_slope_block_quotient_at_2;  /* [L][S][S] */
    float (*d_rms_norm_blocks_v_at)[S][D] = HYPERGRADIENT_d_rms_norm_blocks_v_at;  /* [L][S][D] */
    float (*d_slope_block_quotient_at)[S] = HYPERGRADIENT_d_slope_block_quotient_at;  /* [L][S] */
    float (*d_slope_rsqrt_at)[S] = HYPERGRADIENT_d_slope_rsqrt_at;      /* [L][S] */
    float (*d_slope_sqrt_rms_norm_sum_at)[S] = HYPERGRADIENT_d_slope_sqrt_rms_norm_sum_at;  /* [L][S] */
    float (*rms_norm_3)[D] = HYPERGRADIENT_rms_norm_3;                  /* [S][D] */
    float (*block_product_2)[S] = HYPERGRADIENT_block_product_2;        /* [S][S] */
    float *block_choice_2 = HYPERGRADIENT_block_choice_2;               /* [S] */
    float *sum_exp_block_difference = HYPERGRADIENT_sum_exp_block_difference;  /* [S] */
    float (*block)[D] = HYPERGRADIENT_block;                            /* [S][D] */
    float (*d_rms_norm)[D] = HYPERGRADIENT_d_rms_norm;                  /* [S][D] */
    float (*d_block_product)[S] = HYPERGRADIENT_d_block_product;        /* [S][S] */
    float (*d_block_product_2)[S] = HYPERGRADIENT_d_block_product_2;    /* [S][S] */
    float (*d_block)[D] = HYPERGRADIENT_d_block;                        /* [S][D] */
    float *logits_2 = HYPERGRADIENT_logits_2;                           /* [7] */
    float *inner_exp_2 = HYPERGRADIENT_inner_exp_2;                     /* [7] */
    float *g_inner_exp = HYPERGRADIENT_g_inner_exp;                     /* [7] */
    float *d_inner_exp = HYPERGRADIENT_d_inner_exp;                     /* [7] */
    float (*g_h_2)[D] = HYPERGRADIENT_g_h_2;                            /* [S][D] */
    float (*d_g_h)[D] = HYPERGRADIENT_d_g_h;                            /* [S][D] */
    float (*d_g_blocks_q_at)[D][D] = HYPERGRADIENT_d_g_blocks_q_at;     /* [L][D][D] */
    float (*d_g_blocks_v_at)[D][D] = HYPERGRADIENT_d_g_blocks_v_at;     /* [L][D][D] */
    float (*g_blocks_q_at_2)[D][D] = HYPERGRADIENT_g_blocks_q_at_2;     /* [L][D][D] */
    float (*g_blocks_v_at_2)[D][D] = HYPERGRADIENT_g_blocks_v_at_2;     /* [L][D][D] */
    float (*g_rms_norm_blocks_v_2)[D] = HYPERGRADIENT_g_rms_norm_blocks_v_2;  /* [S][D] */
    float (*g_block_quotient_2)[S] = HYPERGRADIENT_g_block_quotient_2;  /* [S][S] */
    float (*g_exp_block_difference)[S] = HYPERGRADIENT_g_exp_block_difference;  /* [S][S] */
    float (*g_scaled_block_product_2)[S] = HYPERGRADIENT_g_scaled_block_product_2;  /* [S][S] */
    float (*rms_norm_4)[D] = HYPERGRADIENT_rms_norm_4;                  /* [S][D] */
    float (*g_rms_norm_blocks_q_2)[D] = HYPERGRADIENT_g_rms_norm_blocks_q_2;  /* [S][D] */
    float (*g_rms_norm_2)[D] = HYPERGRADIENT_g_rms_norm_2;              /* [S][D] */
    float *g_rsqrt = HYPERGRADIENT_g_rsqrt;                             /* [S] */
    float *g_sqrt_rms_norm_sum = HYPERGRADIENT_g_sqrt_rms_norm_sum;     /* [S] */
    float (*g_h_squared)[D] = HYPERGRADIENT_g_h_squared;                /* [S][D] */
    float (*d_g_rms_norm_blocks_v)[D] = HYPERGRADIENT_d_g_rms_norm_blocks_v;  /* [S][D] */
    float (*d_g_block_quotient)[S] = HYPERGRADIENT_d_g_block_quotient;  /* [S][S] */
    float (*d_g_scaled_block_product)[S] = HYPERGRADIENT_d_g_scaled_block_product;  /* [S][S] */
    float (*d_g_rms_norm)[D] = HYPERGRADIENT_d_g_rms_norm;              /* [S][D] */
    float (*d_rsqrt)[D] = HYPERGRADIENT_d_rsqrt;                        /* [S][D] */
    float (*d_rms_norm_2)[D] = HYPERGRADIENT_d_rms_norm_2;              /* [S][D] */
    float (*d_g_rms_norm_blocks_q)[D] = HYPERGRADIENT_d_g_rms_norm_blocks_q;  /* [S][D] */
    float (*d_g_rms_norm_2)[D] = HYPERGRADIENT_d_g_rms_norm_2;          /* [S][D] */
    float (*d_g_rms_norm_3)[D] = HYPERGRADIENT_d_g_rms_norm_3;          /* [S][D] */

    float b_exp_log_rate_sum = 0.0f;
    for (int s = 0; s < S; s++)
        MFL_SIMD for (int d = 0; d < D; d++)
            h_2[s][d] = x[s][d];
    memset(&d_h[0][0], 0, sizeof(float) * S * D);
    for (int l = 0; l < L; l++) {
        for (int d = 0; d < D; d++)
            MFL_SIMD for (int i = 0; i < D; i++) {
                /* adjoint of rate * g   std/optimizers.mfl:5 */
                b_g_blocks_q[l][d][i] = -(b_blocks_q[l][d][i] * exp_log_rate);
                b_g_blocks_v[l][d][i] = -(b_blocks_v[l][d][i] * exp_log_rate);
            }
        for (int s = 0; s < S; s++) {
            float sum_h_squared_part[16] = { 0 };                       /* a = rms_norm(h)   attention.mfl:9 */
            float d_sum_h_squared_sum_part[16] = { 0 };
            MFL_LANES(d, D, 16, lane, {
                h_at_2[l][s][d] = h_2[s][d];                            /* blocks   attention.mfl:13 */
                d_h_at[l][s][d] = d_h[s][d];                            /* tangent of blocks   attention.mfl:13 */
                block[s][d] = h_2[s][d];                                /* h + attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                sum_h_squared_part[lane] += h_2[s][d] * h_2[s][d];
                d_sum_h_squared_sum_part[lane] += h_2[s][d] * d_h[s][d];
            })
            /* a = rms_norm(h)   attention.mfl:9 */
            float sum_h_squared = mfl_fold_addf(sum_h_squared_part, 16);
            float d_sum_h_squared_sum = mfl_fold_addf(d_sum_h_squared_sum_part, 16);
            float sqrt_rms_norm_sum = mfl_sqrtf(0.0625f * sum_h_squared + 1e-6f);
            rsqrt_at_2[l][s] = 1.0f / sqrt_rms_norm_sum;
            float d_sum_h_squared = 2.0f * d_sum_h_squared_sum;         /* tangent of a = rms_norm(h)   attention.mfl:9 */
            slope_sqrt_rms_norm_sum_at_2[l][s] = 0.5f / sqrt_rms_norm_sum;
            float d_sqrt_rms_norm_sum = 0.0625f * d_sum_h_squared * slope_sqrt_rms_norm_sum_at_2[l][s];
            slope_rsqrt_at_2[l][s] = rsqrt_at_2[l][s] / sqrt_rms_norm_sum;
            d_rsqrt_at[l][s] = d_sqrt_rms_norm_sum * slope_rsqrt_at_2[l][s];
            d_slope_rsqrt_at[l][s] = rsqrt_at_2[l][s] * d_rsqrt_at[l][s] + d_sqrt_rms_norm_sum
                    * (slope_rsqrt_at_2[l][s] / sqrt_rms_norm_sum);
            d_slope_sqrt_rms_norm_sum_at[l][s] = d_sqrt_rms_norm_sum
                    * (slope_sqrt_rms_norm_sum_at_2[l][s] / sqrt_rms_norm_sum);
            float this_rsqrt_at = rsqrt_at_2[l][s];
            float this_d_rsqrt_at = d_rsqrt_at[l][s];
            MFL_SIMD for (int d = 0; d < D; d++) {
                rms_norm_3[s][d] = h_2[s][d] * this_rsqrt_at;           /* a = rms_norm(h)   attention.mfl:9 */
                /* tangent of a = rms_norm(h)   attention.mfl:9 */
                d_rms_norm[s][d] = d_h[s][d] * this_rsqrt_at + h_2[s][d] * (-this_d_rsqrt_at);
            }
        }
        /* rms_norm_blocks_q_at_2 = rms_norm_3 blocks_q_at: a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_3[0][0], D, 0, &blocks_q_at[t][l][0][0], D,
                0, 0, &rms_norm_blocks_q_at_2[l][0][0], D);
        /* block_product_2 = rms_norm_blocks_q_at_2 rms_norm_3': attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &rms_norm_blocks_q_at_2[l][0][0], D, 0,
                &rms_norm_3[0][0], D, 1, 0, &block_product_2[0][0], S);
        for (int s = 0; s < S; s++) {
            float max_block_choice_part[16];                            /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            for (int lane = 0; lane < 16; lane++)
                max_block_choice_part[lane] = (float)-INFINITY;
            MFL_LANES(i, S, 16, lane, {
                block_choice_2[i] = (s >= i) ? block_product_2[s][i] * 0.25f : (-1e9f);
                max_block_choice_part[lane] = mfl_maxf(block_choice_2[i], max_block_choice_part[lane]);
            })
            float max_block_choice = mfl_fold_maxf(max_block_choice_part, 16);
            float sum_exp_block_difference_sum_part[16] = { 0 };
            MFL_LANES(i, S, 16, lane, {
                exp_block_difference_at_2[l][s][i] = mfl_expf(block_choice_2[i] - max_block_choice);
                sum_exp_block_difference_sum_part[lane] += exp_block_difference_at_2[l][s][i];
            })
            float sum_exp_block_difference_sum = mfl_fold_addf(sum_exp_block_difference_sum_part, 16);
            sum_exp_block_difference[s] = sum_exp_block_difference_sum;
            slope_block_quotient_at_3[l][s] = 1.0f / sum_exp_block_difference[s];  /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            MFL_SIMD for (int i = 0; i < S; i++) {
                /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                block_quotient_at_2[l][s][i] = exp_block_difference_at_2[l][s][i]
                        / sum_exp_block_difference_sum;
                /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                slope_block_quotient_at_4[l][s][i] = block_quotient_at_2[l][s][i]
                        / sum_exp_block_difference_sum;
            }
        }
        /* rms_norm_blocks_v_at_2 = rms_norm_3 blocks_v_at: a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_3[0][0], D, 0, &blocks_v_at[t][l][0][0], D,
                0, 0, &rms_norm_blocks_v_at_2[l][0][0], D);
        /* block += block_quotient_at_2 rms_norm_blocks_v_at_2: attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_2[l][0][0], S, 0,
                &rms_norm_blocks_v_at_2[l][0][0], D, 0, 1, &block[0][0], D);
        /* d_rms_norm_blocks_q_at = d_rms_norm blocks_q_at: tangent of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &d_rms_norm[0][0], D, 0, &blocks_q_at[t][l][0][0], D,
                0, 0, &d_rms_norm_blocks_q_at[l][0][0], D);
        /* d_rms_norm_blocks_q_at += rms_norm_3 b_g_blocks_q: tangent of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_3[0][0], D, 0, &b_g_blocks_q[l][0][0], D,
                0, 1, &d_rms_norm_blocks_q_at[l][0][0], D);
        /* d_block_product = d_rms_norm_blocks_q_at rms_norm_3': tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &d_rms_norm_blocks_q_at[l][0][0], D, 0,
                &rms_norm_3[0][0], D, 1, 0, &d_block_product[0][0], S);
        /* d_block_product_2 = rms_norm_blocks_q_at_2 d_rms_norm': tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &rms_norm_blocks_q_at_2[l][0][0], D, 0,
                &d_rms_norm[0][0], D, 1, 0, &d_block_product_2[0][0], S);
        for (int s = 0; s < S; s++) {
            float d_sum_exp_block_difference_part[16] = { 0 };          /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            MFL_LANES(i, S, 16, lane, {
                d_exp_block_difference_at[l][s][i] = exp_block_difference_at_2[l][s][i]
                        * ((s >= i) ? 0.25f * (d_block_product[s][i] + d_block_product_2[s][i]) : 0.0f);
                d_sum_exp_block_difference_part[lane] += d_exp_block_difference_at[l][s][i];
            })
            float d_sum_exp_block_difference = mfl_fold_addf(d_sum_exp_block_difference_part, 16);
            d_slope_block_quotient_at[l][s] = mfl_mulzf(d_sum_exp_block_difference,
                    slope_block_quotient_at_3[l][s] / sum_exp_block_difference[s]);
            float this_slope_block_quotient_at = slope_block_quotient_at_3[l][s];
            float this_sum_exp_block_difference = sum_exp_block_difference[s];
            MFL_SIMD for (int i = 0; i < S; i++) {
                d_block_quotient_at[l][s][i] = d_exp_block_difference_at[l][s][i]
                        * this_slope_block_quotient_at - d_sum_exp_block_difference
                        * slope_block_quotient_at_4[l][s][i];
                d_slope_block_quotient_at_2[l][s][i] =
                        mfl_mulzf(this_slope_block_quotient_at, d_block_quotient_at[l][s][i])
                        - mfl_mulzf(d_sum_exp_block_difference, slope_block_quotient_at_4[l][s][i]
                        / this_sum_exp_block_difference);
            }
        }
        /* d_rms_norm_blocks_v_at = d_rms_norm blocks_v_at: tangent of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &d_rms_norm[0][0], D, 0, &blocks_v_at[t][l][0][0], D,
                0, 0, &d_rms_norm_blocks_v_at[l][0][0], D);
        /* d_rms_norm_blocks_v_at += rms_norm_3 b_g_blocks_v: tangent of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_3[0][0], D, 0, &b_g_blocks_v[l][0][0], D,
                0, 1, &d_rms_norm_blocks_v_at[l][0][0], D);
        /* d_block = d_block_quotient_at rms_norm_blocks_v_at_2: tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &d_block_quotient_at[l][0][0], S, 0,
                &rms_norm_blocks_v_at_2[l][0][0], D, 0, 0, &d_block[0][0], D);
        /* d_block += block_quotient_at_2 d_rms_norm_blocks_v_at: tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_2[l][0][0], S, 0,
                &d_rms_norm_blocks_v_at[l][0][0], D, 0, 1, &d_block[0][0], D);
        for (int s = 0; s < S; s++)
            MFL_SIMD for (int d = 0; d < D; d++)
                d_block[s][d] += d_h[s][d];                             /* tangent of h + attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        memcpy(&h_2[0][0], &block[0][0], sizeof(float) * S * D);
        memcpy(&d_h[0][0], &d_block[0][0], sizeof(float) * S * D);
    }

    for (int s = 0; s < S; s++) {
        float max_logits_part[1];                                       /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        for (int lane = 0; lane < 1; lane++)
            max_logits_part[lane] = (float)-INFINITY;
        MFL_LANES(d, 7, 1, lane, {
            logits_2[d] = h_2[s][d];                                    /* h[:, 0:C]   attention.mfl:14 */
            max_logits_part[lane] = mfl_maxf(logits_2[d], max_logits_part[lane]);
        })
        float max_logits_2 = mfl_fold_maxf(max_logits_part, 1);         /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float sum_inner_exp_part[1] = { 0 };
        float d_sum_inner_exp_part[1] = { 0 };                          /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        MFL_LANES(d, 7, 1, lane, {
            inner_exp_2[d] = mfl_expf(logits_2[d] - max_logits_2);      /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
            d_inner_exp[d] = inner_exp_2[d] * d_h[s][d];                /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
            sum_inner_exp_part[lane] += inner_exp_2[d];
            d_sum_inner_exp_part[lane] += d_inner_exp[d];
        })
        float sum_inner_exp = mfl_fold_addf(sum_inner_exp_part, 1);     /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float d_sum_inner_exp = mfl_fold_addf(d_sum_inner_exp_part, 1);
        float slope_log_sum_inner_exp = 1.0f / sum_inner_exp;
        for (int d = 0; d < 7; d++)
            g_inner_exp[d] = 1.0f / (float)S * slope_log_sum_inner_exp; /* adjoint of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float d_slope_log_sum_inner_exp = d_sum_inner_exp * (slope_log_sum_inner_exp / sum_inner_exp);
        MFL_SIMD for (int d = 0; d < D; d++) {
            /* adjoint of h[:, 0:C]   attention.mfl:14 */
            g_h_2[s][d] = g_h_at[t][s][d] + ((d < 7) ? inner_exp_2[d] * g_inner_exp[d] : 0.0f);
            /* tangent of the adjoint of h[:, 0:C]   attention.mfl:14 */
            d_g_h[s][d] = (d < 7) ? g_inner_exp[d] * d_inner_exp[d] + inner_exp_2[d]
                    * ((-1.0f / (float)S) * d_slope_log_sum_inner_exp) : 0.0f;
        }
    }

    for (int b = L - 1; b >= 0; b--) {
        /* g_rms_norm_blocks_v_2 = block_quotient_at_2' g_h_2: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_2[b][0][0], S, 1, &g_h_2[0][0], D,
                0, 0, &g_rms_norm_blocks_v_2[0][0], D);
        /* g_block_quotient_2 = g_h_2 rms_norm_blocks_v_at_2': adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &g_h_2[0][0], D, 0, &rms_norm_blocks_v_at_2[b][0][0],
                D, 1, 0, &g_block_quotient_2[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, g_sum_exp_block_difference_sum, i, S, 16,
                    slope_block_quotient_at_4[b][s][i] * g_block_quotient_2[s][i]);
            /* adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float g_sum_exp_block_difference = -g_sum_exp_block_difference_sum;
            MFL_SIMD for (int i = 0; i < S; i++) {
                g_exp_block_difference[s][i] = g_sum_exp_block_difference + g_block_quotient_2[s][i]
                        * slope_block_quotient_at_3[b][s];
                g_scaled_block_product_2[s][i] = (s >= i) ? exp_block_difference_at_2[b][s][i]
                        * g_exp_block_difference[s][i] : 0.0f;
            }
            MFL_SIMD for (int d = 0; d < D; d++)
                rms_norm_4[s][d] = h_at_2[b][s][d] * rsqrt_at_2[b][s];  /* a = rms_norm(h)   attention.mfl:9 */
        }
        /* g_rms_norm_blocks_q_2 = 0.25f g_scaled_block_product_2 rms_norm_4: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product_2[0][0], S, 0,
                &rms_norm_4[0][0], D, 0, 0, &g_rms_norm_blocks_q_2[0][0], D);
        /* g_rms_norm_2 = g_rms_norm_blocks_v_2 blocks_v_at': adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_v_2[0][0], D, 0,
                &blocks_v_at[t][b][0][0], D, 1, 0, &g_rms_norm_2[0][0], D);
        /* g_rms_norm_2 += 0.25f g_scaled_block_product_2' rms_norm_blocks_q_at_2: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product_2[0][0], S, 1,
                &rms_norm_blocks_q_at_2[b][0][0], D, 0, 1, &g_rms_norm_2[0][0], D);
        /* g_rms_norm_2 += g_rms_norm_blocks_q_2 blocks_q_at': adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_q_2[0][0], D, 0,
                &blocks_q_at[t][b][0][0], D, 1, 1, &g_rms_norm_2[0][0], D);
        /* d_g_rms_norm_blocks_v = d_block_quotient_at' g_h_2: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &d_block_quotient_at[b][0][0], S, 1, &g_h_2[0][0], D,
                0, 0, &d_g_rms_norm_blocks_v[0][0], D);
        /* d_g_rms_norm_blocks_v += block_quotient_at_2' d_g_h: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_2[b][0][0], S, 1, &d_g_h[0][0], D,
                0, 1, &d_g_rms_norm_blocks_v[0][0], D);
        /* d_g_block_quotient = d_g_h rms_norm_blocks_v_at_2': tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &d_g_h[0][0], D, 0, &rms_norm_blocks_v_at_2[b][0][0],
                D, 1, 0, &d_g_block_quotient[0][0], S);
        /* d_g_block_quotient += g_h_2 d_rms_norm_blocks_v_at': tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &g_h_2[0][0], D, 0, &d_rms_norm_blocks_v_at[b][0][0],
                D, 1, 1, &d_g_block_quotient[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, d_g_sum_exp_block_difference_sum, i, S, 16,
                    mfl_mulzf(g_block_quotient_2[s][i], d_slope_block_quotient_at_2[b][s][i])
                    + mfl_mulzf(slope_block_quotient_at_4[b][s][i], d_g_block_quotient[s][i]));
            /* tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float d_g_sum_exp_block_difference = -d_g_sum_exp_block_difference_sum;
            float this_slope_block_quotient_at_2 = slope_block_quotient_at_3[b][s];
            float this_d_slope_block_quotient_at = d_slope_block_quotient_at[b][s];
            MFL_SIMD for (int i = 0; i < S; i++)
                d_g_scaled_block_product[s][i] = (s >= i)
                        ? mfl_mulzf(g_exp_block_difference[s][i], d_exp_block_difference_at[b][s][i])
                        + mfl_mulzf(exp_block_difference_at_2[b][s][i], d_g_sum_exp_block_difference
                        + (mfl_mulzf(this_slope_block_quotient_at_2, d_g_block_quotient[s][i])
                        + mfl_mulzf(g_block_quotient_2[s][i], -this_d_slope_block_quotient_at))) : 0.0f;
        }
        /* d_g_rms_norm = 0.25f g_scaled_block_product_2' d_rms_norm_blocks_q_at: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product_2[0][0], S, 1,
                &d_rms_norm_blocks_q_at[b][0][0], D, 0, 0, &d_g_rms_norm[0][0], D);
        /* d_g_rms_norm += 0.25f d_g_scaled_block_product' rms_norm_blocks_q_at_2: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &d_g_scaled_block_product[0][0], S, 1,
                &rms_norm_blocks_q_at_2[b][0][0], D, 0, 1, &d_g_rms_norm[0][0], D);
        for (int s = 0; s < S; s++) {
            float g_rsqrt_sum_part[16] = { 0 };
            MFL_LANES(d, D, 16, lane, {
                d_rsqrt[s][d] = -d_rsqrt_at[b][s];                      /* tangent of a = rms_norm(h)   attention.mfl:9 */
                d_rms_norm_2[s][d] = rsqrt_at_2[b][s] * d_h_at[b][s][d] + h_at_2[b][s][d]
                        * d_rsqrt[s][d];
                g_rsqrt_sum_part[lane] += h_at_2[b][s][d] * g_rms_norm_2[s][d];
            })
            float g_rsqrt_sum = mfl_fold_addf(g_rsqrt_sum_part, 16);
            g_rsqrt[s] = -g_rsqrt_sum;                                  /* adjoint of a = rms_norm(h)   attention.mfl:9 */
            g_sqrt_rms_norm_sum[s] = slope_rsqrt_at_2[b][s] * g_rsqrt[s];
            float g_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at_2[b][s] * g_sqrt_rms_norm_sum[s];
            float this_rsqrt_at_2 = rsqrt_at_2[b][s];
            MFL_SIMD for (int d = 0; d < D; d++) {
                g_h_squared[s][d] = 0.125f * g_scaled_sum_h_squared;
                g_h_2[s][d] = g_h_2[s][d] + h_at_2[b][s][d] * g_h_squared[s][d] + this_rsqrt_at_2
                        * g_rms_norm_2[s][d];
            }
        }
        /* d_g_rms_norm_blocks_q = 0.25f d_g_scaled_block_product rms_norm_4: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &d_g_scaled_block_product[0][0], S, 0,
                &rms_norm_4[0][0], D, 0, 0, &d_g_rms_norm_blocks_q[0][0], D);
        /* d_g_rms_norm_blocks_q += 0.25f g_scaled_block_product_2 d_rms_norm_2: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product_2[0][0], S, 0,
                &d_rms_norm_2[0][0], D, 0, 1, &d_g_rms_norm_blocks_q[0][0], D);
        /* d_g_rms_norm_2 = d_g_rms_norm_blocks_q blocks_q_at': tangent of the adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &d_g_rms_norm_blocks_q[0][0], D, 0,
                &blocks_q_at[t][b][0][0], D, 1, 0, &d_g_rms_norm_2[0][0], D);
        /* d_g_rms_norm_2 += g_rms_norm_blocks_q_2 b_g_blocks_q': tangent of the adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_q_2[0][0], D, 0,
                &b_g_blocks_q[b][0][0], D, 1, 1, &d_g_rms_norm_2[0][0], D);
        /* d_g_rms_norm_3 = d_g_rms_norm_blocks_v blocks_v_at': tangent of the adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &d_g_rms_norm_blocks_v[0][0], D, 0,
                &blocks_v_at[t][b][0][0], D, 1, 0, &d_g_rms_norm_3[0][0], D);
        /* d_g_rms_norm_3 += g_rms_norm_blocks_v_2 b_g_blocks_v': tangent of the adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_v_2[0][0], D, 0,
                &b_g_blocks_v[b][0][0], D, 1, 1, &d_g_rms_norm_3[0][0], D);
        for (int s = 0; s < S; s++) {
            float d_g_rsqrt_sum_part[16] = { 0 };
            MFL_LANES(d, D, 16, lane, {
                d_g_rms_norm_3[s][d] += d_g_rms_norm[s][d];             /* tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                d_g_rms_norm_3[s][d] += d_g_rms_norm_2[s][d];           /* tangent of the adjoint of a @ p.q   attention.mfl:10 */
                d_g_rsqrt_sum_part[lane] += g_rms_norm_2[s][d] * d_h_at[b][s][d] + h_at_2[b][s][d]
                        * d_g_rms_norm_3[s][d];
            })
            float d_g_rsqrt_sum = mfl_fold_addf(d_g_rsqrt_sum_part, 16);
            float d_g_rsqrt = -d_g_rsqrt_sum;                           /* tangent of the adjoint of a = rms_norm(h)   attention.mfl:9 */
            float d_g_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at_2[b][s]
                    * (slope_rsqrt_at_2[b][s] * d_g_rsqrt - g_rsqrt[s] * d_slope_rsqrt_at[b][s])
                    - g_sqrt_rms_norm_sum[s] * d_slope_sqrt_rms_norm_sum_at[b][s];
            MFL_SIMD for (int d = 0; d < D; d++)
                d_g_h[s][d] = d_g_h[s][d] + (g_h_squared[s][d] * d_h_at[b][s][d] + h_at_2[b][s][d]
                        * (0.125f * d_g_scaled_sum_h_squared))
                        + (g_rms_norm_2[s][d] * d_rsqrt[s][d] + rsqrt_at_2[b][s] * d_g_rms_norm_3[s][d]);
        }
        /* d_g_blocks_q_at = d_rms_norm_2' g_rms_norm_blocks_q_2: tangent of the adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &d_rms_norm_2[0][0], D, 1,
                &g_rms_norm_blocks_q_2[0][0], D, 0, 0, &d_g_blocks_q_at[b][0][0], D);
        /* d_g_blocks_q_at += rms_norm_4' d_g_rms_norm_blocks_q: tangent of the adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_4[0][0], D, 1,
                &d_g_rms_norm_blocks_q[0][0], D, 0, 1, &d_g_blocks_q_at[b][0][0], D);
        /* d_g_blocks_v_at = d_rms_norm_2' g_rms_norm_blocks_v_2: tangent of the adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &d_rms_norm_2[0][0], D, 1,
                &g_rms_norm_blocks_v_2[0][0], D, 0, 0, &d_g_blocks_v_at[b][0][0], D);
        /* d_g_blocks_v_at += rms_norm_4' d_g_rms_norm_blocks_v: tangent of the adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_4[0][0], D, 1,
                &d_g_rms_norm_blocks_v[0][0], D, 0, 1, &d_g_blocks_v_at[b][0][0], D);
        /* g_blocks_q_at_2 = rms_norm_4' g_rms_norm_blocks_q_2: adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_4[0][0], D, 1,
                &g_rms_norm_blocks_q_2[0][0], D, 0, 0, &g_blocks_q_at_2[b][0][0], D);
        /* g_blocks_v_at_2 = rms_norm_4' g_rms_norm_blocks_v_2: adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_4[0][0], D, 1,
                &g_rms_norm_blocks_v_2[0][0], D, 0, 0, &g_blocks_v_at_2[b][0][0], D);
    }
    for (int l = 0; l < L; l++)
        for (int d = 0; d < D; d++) {
            float b_exp_log_rate_sum_part[16] = { 0 };
            MFL_LANES(i, D, 16, lane, {
                b_exp_log_rate_sum_part[lane] += b_blocks_v[l][d][i] * g_blocks_v_at_2[l][d][i]
                        + b_blocks_q[l][d][i] * g_blocks_q_at_2[l][d][i];
                b_blocks_q[l][d][i] += d_g_blocks_q_at[l][d][i];
                b_blocks_v[l][d][i] += d_g_blocks_v_at[l][d][i];
            })
            b_exp_log_rate_sum += mfl_fold_addf(b_exp_log_rate_sum_part, 16);
        }

    float b_exp_log_rate = -b_exp_log_rate_sum;                         /* adjoint of rate * g   std/optimizers.mfl:5 */
    *b_log_rate += exp_log_rate * b_exp_log_rate;
}

/* The outer value and its gradient, computed in the workspace. */
static int attention_run_hypergradient(const attention_data *data, const attention_meta *meta, void *work, mfl_status *status)
{
    const float (*xv)[D] = (const float (*)[D])data->xv;                /* [S][D] */
    const int32_t *yv = data->yv;                                       /* [S] */
    const float log_rate = *meta->log_rate;
    float *exp_log_rate = HYPERGRADIENT_exp_log_rate;
    float (*blocks_q)[D][D] = HYPERGRADIENT_blocks_q;                   /* [L][D][D] */
    float (*blocks_v)[D][D] = HYPERGRADIENT_blocks_v;                   /* [L][D][D] */
    float (*h_3)[D] = HYPERGRADIENT_h_3;                                /* [S][D] */
    float (*h_at_3)[S][D] = HYPERGRADIENT_h_at_3;                       /* [L][S][D] */
    float (*slope_sqrt_rms_norm_sum_at_3)[S] = HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_3;  /* [L][S] */
    float (*rsqrt_at_3)[S] = HYPERGRADIENT_rsqrt_at_3;                  /* [L][S] */
    float (*slope_rsqrt_at_3)[S] = HYPERGRADIENT_slope_rsqrt_at_3;      /* [L][S] */
    float (*rms_norm_blocks_q_at_3)[S][D] = HYPERGRADIENT_rms_norm_blocks_q_at_3;  /* [L][S][D] */
    float (*exp_block_difference_at_3)[S][S] = HYPERGRADIENT_exp_block_difference_at_3;  /* [L][S][S] */
    float (*block_quotient_at_3)[S][S] = HYPERGRADIENT_block_quotient_at_3;  /* [L][S][S] */
    float (*slope_block_quotient_at_6)[S][S] = HYPERGRADIENT_slope_block_quotient_at_6;  /* [L][S][S] */
    float (*rms_norm_blocks_v_at_3)[S][D] = HYPERGRADIENT_rms_norm_blocks_v_at_3;  /* [L][S][D] */
    float (*slope_block_quotient_at_5)[S] = HYPERGRADIENT_slope_block_quotient_at_5;  /* [L][S] */
    float (*rms_norm_5)[D] = HYPERGRADIENT_rms_norm_5;                  /* [S][D] */
    float (*block_product_3)[S] = HYPERGRADIENT_block_product_3;        /* [S][S] */
    float *block_choice_3 = HYPERGRADIENT_block_choice_3;               /* [S] */
    float *max_logits = HYPERGRADIENT_max_logits;                       /* [S] */
    float *outer_exp = HYPERGRADIENT_outer_exp;                         /* [7] */
    float *sum_outer_exp = HYPERGRADIENT_sum_outer_exp;                 /* [S] */
    float (*b_h_2)[D] = HYPERGRADIENT_b_h_2;                            /* [S][D] */
    float (*b_h)[D] = HYPERGRADIENT_b_h;                                /* [S][D] */
    float (*b_rms_norm_blocks_v)[D] = HYPERGRADIENT_b_rms_norm_blocks_v;  /* [S][D] */
    float (*b_block_quotient)[S] = HYPERGRADIENT_b_block_quotient;      /* [S][S] */
    float (*b_scaled_block_product)[S] = HYPERGRADIENT_b_scaled_block_product;  /* [S][S] */
    float (*rms_norm_6)[D] = HYPERGRADIENT_rms_norm_6;                  /* [S][D] */
    float (*b_rms_norm_blocks_q)[D] = HYPERGRADIENT_b_rms_norm_blocks_q;  /* [S][D] */
    float (*b_rms_norm)[D] = HYPERGRADIENT_b_rms_norm;                  /* [S][D] */
    float (*b_blocks_q)[D][D] = HYPERGRADIENT_b_blocks_q;               /* [L][D][D] */
    float (*b_blocks_v)[D][D] = HYPERGRADIENT_b_blocks_v;               /* [L][D][D] */
    float *b_log_rate = HYPERGRADIENT_b_log_rate;
    float *outer_value = HYPERGRADIENT_outer_value;

    *exp_log_rate = mfl_expf(log_rate);                                 /* rate = exp(log_rate)   attention.mfl:24 */

    for (int l = 0; l < L; l++)
        for (int d = 0; d < D; d++)
            MFL_SIMD for (int i = 0; i < D; i++) {
                /* normal(0.25)   attention.mfl:6 */
                blocks_q[l][d][i] = mfl_normalf(0, 100000, i + d * 16 + l * 256) * 0.25f;
                blocks_v[l][d][i] = 0.25f * mfl_normalf(0, 100001, i + d * 16 + l * 256);
            }

    /* The inner loop. */
    for (int t = 0; t < STEPS; t++)
        attention_hypergradient_step(data, work, t);
    for (int s = 0; s < S; s++)
        MFL_SIMD for (int d = 0; d < D; d++)
            h_3[s][d] = xv[s][d];

    for (int b = 0; b < L; b++) {
        for (int s = 0; s < S; s++) {
            float sum_h_squared_part[16] = { 0 };                       /* a = rms_norm(h)   attention.mfl:9 */
            MFL_LANES(d, D, 16, lane, {
                h_at_3[b][s][d] = h_3[s][d];                            /* blocks   attention.mfl:13 */
                sum_h_squared_part[lane] += h_3[s][d] * h_3[s][d];
            })
            /* a = rms_norm(h)   attention.mfl:9 */
            float sum_h_squared = mfl_fold_addf(sum_h_squared_part, 16);
            float sqrt_rms_norm_sum = mfl_sqrtf(0.0625f * sum_h_squared + 1e-6f);
            rsqrt_at_3[b][s] = 1.0f / sqrt_rms_norm_sum;
            slope_sqrt_rms_norm_sum_at_3[b][s] = 0.5f / sqrt_rms_norm_sum;  /* tangent of a = rms_norm(h)   attention.mfl:9 */
            slope_rsqrt_at_3[b][s] = rsqrt_at_3[b][s] / sqrt_rms_norm_sum;
            float this_rsqrt_at = rsqrt_at_3[b][s];
            MFL_SIMD for (int d = 0; d < D; d++)
                rms_norm_5[s][d] = h_3[s][d] * this_rsqrt_at;           /* a = rms_norm(h)   attention.mfl:9 */
        }
        /* rms_norm_blocks_q_at_3 = rms_norm_5 blocks_q: a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_5[0][0], D, 0, &blocks_q[b][0][0], D, 0,
                0, &rms_norm_blocks_q_at_3[b][0][0], D);
        /* block_product_3 = rms_norm_blocks_q_at_3 rms_norm_5': attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &rms_norm_blocks_q_at_3[b][0][0], D, 0,
                &rms_norm_5[0][0], D, 1, 0, &block_product_3[0][0], S);
        for (int s = 0; s < S; s++) {
            float max_block_choice_part[16];                            /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            for (int lane = 0; lane < 16; lane++)
                max_block_choice_part[lane] = (float)-INFINITY;
            MFL_LANES(i, S, 16, lane, {
                block_choice_3[i] = (s >= i) ? block_product_3[s][i] * 0.25f : (-1e9f);
                max_block_choice_part[lane] = mfl_maxf(block_choice_3[i], max_block_choice_part[lane]);
            })
            float max_block_choice = mfl_fold_maxf(max_block_choice_part, 16);
            float sum_exp_block_difference_part[16] = { 0 };
            MFL_LANES(i, S, 16, lane, {
                exp_block_difference_at_3[b][s][i] = mfl_expf(block_choice_3[i] - max_block_choice);
                sum_exp_block_difference_part[lane] += exp_block_difference_at_3[b][s][i];
            })
            float sum_exp_block_difference_2 = mfl_fold_addf(sum_exp_block_difference_part, 16);
            slope_block_quotient_at_5[b][s] = 1.0f / sum_exp_block_difference_2;  /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            MFL_SIMD for (int i = 0; i < S; i++) {
                /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                block_quotient_at_3[b][s][i] = exp_block_difference_at_3[b][s][i]
                        / sum_exp_block_difference_2;
                /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                slope_block_quotient_at_6[b][s][i] = block_quotient_at_3[b][s][i]
                        / sum_exp_block_difference_2;
            }
        }
        /* rms_norm_blocks_v_at_3 = rms_norm_5 blocks_v: a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_5[0][0], D, 0, &blocks_v[b][0][0], D, 0,
                0, &rms_norm_blocks_v_at_3[b][0][0], D);
        /* h_3 += block_quotient_at_3 rms_norm_blocks_v_at_3: attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_3[b][0][0], S, 0,
                &rms_norm_blocks_v_at_3[b][0][0], D, 0, 1, &h_3[0][0], D);
    }

    for (int s = 0; s < S; s++) {
        MFL_MAX(float, max_logits_so_far, d, 7, 1, h_3[s][d]);
        max_logits[s] = max_logits_so_far;                              /* cross_entropy(logits(blocks, xv), yv)   attention.mfl:25 */
        float sum_outer_exp_sum_part[1] = { 0 };
        MFL_LANES(d, 7, 1, lane, {
            outer_exp[d] = mfl_expf(h_3[s][d] - max_logits_so_far);
            sum_outer_exp_sum_part[lane] += outer_exp[d];
        })
        float sum_outer_exp_sum = mfl_fold_addf(sum_outer_exp_sum_part, 1);
        sum_outer_exp[s] = sum_outer_exp_sum;
        float slope_log_sum_outer_exp = 1.0f / sum_outer_exp[s];        /* tangent of cross_entropy(logits(blocks, xv), yv)   attention.mfl:25 */
        MFL_SIMD for (int d = 0; d < D; d++)
            /* adjoint of h[:, 0:C]   attention.mfl:14 */
            b_h[s][d] = (d < 7) ? outer_exp[d] * (1.0f / (float)S * slope_log_sum_outer_exp) : 0.0f;
    }
    /* outer = mean(cross_entropy(logits(blocks, xv), yv))   attention.mfl:25 */
    MFL_SUM(float, sum_outer_difference, s, S, 16, mfl_logf(sum_outer_exp[s])
            - (h_3[s][yv[s]] - max_logits[s]));
    *b_log_rate = 0.0f;
    *outer_value = sum_outer_difference * (1.0f / (float)S);

    memset(&b_h_2[0][0], 0, sizeof(float) * S * D);
    for (int s = 0; s < S; s++) {
        b_h_2[s][yv[s]] += -1.0f / (float)S;                            /* adjoint of cross_entropy(logits(blocks, xv), yv)   attention.mfl:25 */
        MFL_SIMD for (int d = 0; d < D; d++)
            b_h[s][d] += b_h_2[s][d];
    }

    for (int b = L - 1; b >= 0; b--) {
        /* b_rms_norm_blocks_v = block_quotient_at_3' b_h: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_3[b][0][0], S, 1, &b_h[0][0], D,
                0, 0, &b_rms_norm_blocks_v[0][0], D);
        /* b_block_quotient = b_h rms_norm_blocks_v_at_3': adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &b_h[0][0], D, 0, &rms_norm_blocks_v_at_3[b][0][0],
                D, 1, 0, &b_block_quotient[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, b_sum_exp_block_difference_sum, i, S, 16,
                    slope_block_quotient_at_6[b][s][i] * b_block_quotient[s][i]);
            /* adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float b_sum_exp_block_difference = -b_sum_exp_block_difference_sum;
            float this_slope_block_quotient_at = slope_block_quotient_at_5[b][s];
            MFL_SIMD for (int i = 0; i < S; i++)
                b_scaled_block_product[s][i] = (s >= i) ? exp_block_difference_at_3[b][s][i]
                        * (b_sum_exp_block_difference + b_block_quotient[s][i]
                        * this_slope_block_quotient_at) : 0.0f;
            MFL_SIMD for (int d = 0; d < D; d++)
                rms_norm_6[s][d] = h_at_3[b][s][d] * rsqrt_at_3[b][s];  /* a = rms_norm(h)   attention.mfl:9 */
        }
        /* b_rms_norm_blocks_q = 0.25f b_scaled_block_product rms_norm_6: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &b_scaled_block_product[0][0], S, 0,
                &rms_norm_6[0][0], D, 0, 0, &b_rms_norm_blocks_q[0][0], D);
        /* b_rms_norm = b_rms_norm_blocks_v blocks_v': adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &b_rms_norm_blocks_v[0][0], D, 0, &blocks_v[b][0][0],
                D, 1, 0, &b_rms_norm[0][0], D);
        /* b_rms_norm += 0.25f b_scaled_block_product' rms_norm_blocks_q_at_3: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &b_scaled_block_product[0][0], S, 1,
                &rms_norm_blocks_q_at_3[b][0][0], D, 0, 1, &b_rms_norm[0][0], D);
        /* b_rms_norm += b_rms_norm_blocks_q blocks_q': adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &b_rms_norm_blocks_q[0][0], D, 0, &blocks_q[b][0][0],
                D, 1, 1, &b_rms_norm[0][0], D);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, b_rsqrt_sum, d, D, 16, h_at_3[b][s][d] * b_rms_norm[s][d]);
            float b_rsqrt = -b_rsqrt_sum;                               /* adjoint of a = rms_norm(h)   attention.mfl:9 */
            float b_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at_3[b][s]
                    * (slope_rsqrt_at_3[b][s] * b_rsqrt);
            MFL_SIMD for (int d = 0; d < D; d++)
                b_h[s][d] = b_h[s][d] + h_at_3[b][s][d] * (0.125f * b_scaled_sum_h_squared)
                        + rsqrt_at_3[b][s] * b_rms_norm[s][d];
        }
        /* b_blocks_q = rms_norm_6' b_rms_norm_blocks_q: adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_6[0][0], D, 1, &b_rms_norm_blocks_q[0][0],
                D, 0, 0, &b_blocks_q[b][0][0], D);
        /* b_blocks_v = rms_norm_6' b_rms_norm_blocks_v: adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_6[0][0], D, 1, &b_rms_norm_blocks_v[0][0],
                D, 0, 0, &b_blocks_v[b][0][0], D);
    }

    /* Back through the steps of the inner loop. */
    for (int t = STEPS - 1; t >= 0; t--)
        attention_hypergradient_step_adjoint(data, work, t);
    return mfl_ok(status);
}

