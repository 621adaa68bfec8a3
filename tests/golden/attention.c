/* Workspace of attention_hypergradient: 148160 bytes. Arrays that are not alive at the same time share bytes; statements are counted as they stand,
 * attention_hypergradient_step is 8 to 60,
 * attention_hypergradient_step_adjoint is 120 to 234. */
#define HYPERGRADIENT_exp_log_rate                147968   /* float, alive 1 to 234   attention.mfl:24 */
#define HYPERGRADIENT_normal                           0   /* float [768], alive 2 to 3   attention.mfl:6 */
#define HYPERGRADIENT_normal_2                      3072   /* float [L][D][D], alive 3 to 4   attention.mfl:6 */
#define HYPERGRADIENT_blocks_q                     59136   /* float [L][D][D], alive 4 to 119 */
#define HYPERGRADIENT_normal_3                         0   /* float [768], alive 5 to 6   attention.mfl:6 */
#define HYPERGRADIENT_normal_4                      3072   /* float [L][D][D], alive 6 to 7   attention.mfl:6 */
#define HYPERGRADIENT_blocks_v                     62208   /* float [L][D][D], alive 7 to 119 */
#define HYPERGRADIENT_blocks_q_at                      0   /* float [STEPS][L][D][D], alive 8 to 234 */
#define HYPERGRADIENT_blocks_v_at                  12288   /* float [STEPS][L][D][D], alive 8 to 234 */
#define HYPERGRADIENT_h                            67584   /* float [S][D], alive 8 to 39   attention.mfl:13 */
#define HYPERGRADIENT_h_at                         45312   /* float [L][S][D], alive 9 to 60   attention.mfl:13 */
#define HYPERGRADIENT_slope_sqrt_rms_norm_sum_at    76032   /* float [L][S], alive 9 to 60   attention.mfl:9 */
#define HYPERGRADIENT_rsqrt_at                     76352   /* float [L][S], alive 9 to 60   attention.mfl:9 */
#define HYPERGRADIENT_slope_rsqrt_at               76672   /* float [L][S], alive 9 to 60   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_blocks_q_at         49920   /* float [L][S][D], alive 9 to 60   attention.mfl:10 */
#define HYPERGRADIENT_exp_block_difference_at      24576   /* float [L][S][S], alive 9 to 60   attention.mfl:10 */
#define HYPERGRADIENT_block_quotient_at            31488   /* float [L][S][S], alive 9 to 60   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_2    38400   /* float [L][S][S], alive 9 to 60   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_blocks_v_at         54528   /* float [L][S][D], alive 9 to 60   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at      76992   /* float [L][S], alive 9 to 60   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm                     69120   /* float [S][D], alive 10 to 28   attention.mfl:9 */
#define HYPERGRADIENT_block_product                65280   /* float [S][S], alive 19 to 27   attention.mfl:10 */
#define HYPERGRADIENT_block_choice                 70656   /* float [S], alive 21 to 24   attention.mfl:10 */
#define HYPERGRADIENT_g_h_2                        69888   /* float [S][D], alive 30 to 60   attention.mfl:13 */
#define HYPERGRADIENT_logits                       65280   /* float [7], alive 31 to 34   attention.mfl:14 */
#define HYPERGRADIENT_inner_exp                    65344   /* float [7], alive 34 to 37   attention.mfl:23 */
#define HYPERGRADIENT_g_h                          65280   /* float [D], alive 37 to 39   attention.mfl:14 */
#define HYPERGRADIENT_g_rms_norm_blocks_v          71424   /* float [S][D], alive 40 to 59   attention.mfl:10 */
#define HYPERGRADIENT_g_block_quotient             65280   /* float [S][S], alive 41 to 47   attention.mfl:10 */
#define HYPERGRADIENT_g_scaled_block_product       67584   /* float [S][S], alive 42 to 50   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_2                   72960   /* float [S][D], alive 42 to 59   attention.mfl:9 */
#define HYPERGRADIENT_g_rms_norm_blocks_q          65280   /* float [S][D], alive 48 to 58   attention.mfl:10 */
#define HYPERGRADIENT_g_rms_norm                   74496   /* float [S][D], alive 49 to 57   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_q_at                66816   /* float [D][D], alive 58 to 60   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_v_at                65280   /* float [D][D], alive 59 to 60   attention.mfl:10 */
#define HYPERGRADIENT_h_3                          67584   /* float [S][D], alive 61 to 95   attention.mfl:13 */
#define HYPERGRADIENT_h_at_3                       45312   /* float [L][S][D], alive 62 to 119   attention.mfl:13 */
#define HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_3    76032   /* float [L][S], alive 62 to 119   attention.mfl:9 */
#define HYPERGRADIENT_rsqrt_at_3                   76352   /* float [L][S], alive 62 to 119   attention.mfl:9 */
#define HYPERGRADIENT_slope_rsqrt_at_3             76672   /* float [L][S], alive 62 to 119   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_blocks_q_at_3       49920   /* float [L][S][D], alive 62 to 119   attention.mfl:10 */
#define HYPERGRADIENT_exp_block_difference_at_3    24576   /* float [L][S][S], alive 62 to 119   attention.mfl:10 */
#define HYPERGRADIENT_block_quotient_at_3          31488   /* float [L][S][S], alive 62 to 119   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_6    38400   /* float [L][S][S], alive 62 to 119   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_blocks_v_at_3       54528   /* float [L][S][D], alive 62 to 119   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_5    76992   /* float [L][S], alive 62 to 119   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_5                   69120   /* float [S][D], alive 62 to 80   attention.mfl:9 */
#define HYPERGRADIENT_block_product_3              65280   /* float [S][S], alive 71 to 79   attention.mfl:10 */
#define HYPERGRADIENT_block_choice_3               70656   /* float [S], alive 73 to 76   attention.mfl:10 */
#define HYPERGRADIENT_max_logits                   65280   /* float [S], alive 82 to 95   attention.mfl:25 */
#define HYPERGRADIENT_sum_outer_exp                65408   /* float [S], alive 82 to 95   attention.mfl:25 */
#define HYPERGRADIENT_b_h_2                        69888   /* float [S][D], alive 82 to 119   attention.mfl:13 */
#define HYPERGRADIENT_outer_exp                    65536   /* float [7], alive 87 to 91   attention.mfl:25 */
#define HYPERGRADIENT_b_h                          65600   /* float [D], alive 91 to 93   attention.mfl:14 */
#define HYPERGRADIENT_b_log_rate                  148032   /* float, alive 97 to 236 */
#define HYPERGRADIENT_outer_value                 148096   /* float, alive 98 to 235   attention.mfl:25 */
#define HYPERGRADIENT_b_rms_norm_blocks_v          71424   /* float [S][D], alive 99 to 118   attention.mfl:10 */
#define HYPERGRADIENT_b_blocks_q                   93696   /* float [L][D][D], alive 99 to 234 */
#define HYPERGRADIENT_b_blocks_v                   96768   /* float [L][D][D], alive 99 to 234 */
#define HYPERGRADIENT_b_block_quotient             65280   /* float [S][S], alive 100 to 106   attention.mfl:10 */
#define HYPERGRADIENT_b_scaled_block_product       67584   /* float [S][S], alive 101 to 109   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_6                   72960   /* float [S][D], alive 101 to 118   attention.mfl:9 */
#define HYPERGRADIENT_b_rms_norm_blocks_q          65280   /* float [S][D], alive 107 to 117   attention.mfl:10 */
#define HYPERGRADIENT_b_rms_norm                   74496   /* float [S][D], alive 108 to 116   attention.mfl:10 */
#define HYPERGRADIENT_b_blocks_q_at                66816   /* float [D][D], alive 117 to 119   attention.mfl:10 */
#define HYPERGRADIENT_b_blocks_v_at                65280   /* float [D][D], alive 118 to 119   attention.mfl:10 */
#define HYPERGRADIENT_h_2                         110592   /* float [S][D], alive 120 to 180   attention.mfl:13 */
#define HYPERGRADIENT_d_h                         112128   /* float [S][D], alive 121 to 180   attention.mfl:13 */
#define HYPERGRADIENT_b_g_blocks_q                 99840   /* float [L][D][D], alive 122 to 228   std/optimizers.mfl:5 */
#define HYPERGRADIENT_b_g_blocks_v                102912   /* float [L][D][D], alive 122 to 228   std/optimizers.mfl:5 */
#define HYPERGRADIENT_h_at_2                       66048   /* float [L][S][D], alive 122 to 228   attention.mfl:13 */
#define HYPERGRADIENT_d_h_at                       70656   /* float [L][S][D], alive 122 to 228   attention.mfl:13 */
#define HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_2   145152   /* float [L][S], alive 122 to 228   attention.mfl:9 */
#define HYPERGRADIENT_rsqrt_at_2                  145472   /* float [L][S], alive 122 to 228   attention.mfl:9 */
#define HYPERGRADIENT_slope_rsqrt_at_2            145792   /* float [L][S], alive 122 to 228   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_blocks_q_at_2       75264   /* float [L][S][D], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_exp_block_difference_at_2    24576   /* float [L][S][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_block_quotient_at_2          31488   /* float [L][S][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_4    38400   /* float [L][S][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_blocks_v_at_2       79872   /* float [L][S][D], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_slope_block_quotient_at_3   146112   /* float [L][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_d_rsqrt_at                  146432   /* float [L][S], alive 122 to 228   attention.mfl:9 */
#define HYPERGRADIENT_d_rms_norm_blocks_q_at       84480   /* float [L][S][D], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_d_exp_block_difference_at    45312   /* float [L][S][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_d_block_quotient_at          52224   /* float [L][S][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_d_slope_block_quotient_at_2    59136   /* float [L][S][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_d_rms_norm_blocks_v_at       89088   /* float [L][S][D], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_d_slope_block_quotient_at   146752   /* float [L][S], alive 122 to 228   attention.mfl:10 */
#define HYPERGRADIENT_d_slope_rsqrt_at            147072   /* float [L][S], alive 122 to 228   attention.mfl:9 */
#define HYPERGRADIENT_d_slope_sqrt_rms_norm_sum_at   147392   /* float [L][S], alive 122 to 228   attention.mfl:9 */
#define HYPERGRADIENT_rms_norm_3                  113664   /* float [S][D], alive 123 to 162   attention.mfl:9 */
#define HYPERGRADIENT_block                       115200   /* float [S][D], alive 123 to 165   attention.mfl:10 */
#define HYPERGRADIENT_d_rms_norm                  116736   /* float [S][D], alive 123 to 161   attention.mfl:9 */
#define HYPERGRADIENT_block_product_2             105984   /* float [S][S], alive 140 to 149   attention.mfl:10 */
#define HYPERGRADIENT_sum_exp_block_difference    118272   /* float [S], alive 141 to 160   attention.mfl:10 */
#define HYPERGRADIENT_block_choice_2              108288   /* float [S], alive 142 to 145   attention.mfl:10 */
#define HYPERGRADIENT_d_block_product             105984   /* float [S][S], alive 154 to 160   attention.mfl:10 */
#define HYPERGRADIENT_d_block_product_2           108288   /* float [S][S], alive 155 to 160   attention.mfl:10 */
#define HYPERGRADIENT_g_h_4                       129792   /* float [S][D], alive 166 to 228 */
#define HYPERGRADIENT_d_g_h                       131328   /* float [S][D], alive 166 to 228   attention.mfl:13 */
#define HYPERGRADIENT_logits_2                    105984   /* float [7], alive 167 to 170   attention.mfl:14 */
#define HYPERGRADIENT_inner_exp_2                 106048   /* float [7], alive 170 to 180   attention.mfl:23 */
#define HYPERGRADIENT_d_inner_exp                 106112   /* float [7], alive 170 to 180   attention.mfl:23 */
#define HYPERGRADIENT_g_inner_exp                 105984   /* float [7], alive 173 to 180   attention.mfl:23 */
#define HYPERGRADIENT_g_h_3                       106176   /* float [D], alive 174 to 180   attention.mfl:14 */
#define HYPERGRADIENT_d_g_blocks_q_at             105984   /* float [L][D][D], alive 181 to 232   attention.mfl:10 */
#define HYPERGRADIENT_d_g_blocks_v_at             109056   /* float [L][D][D], alive 181 to 232   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_q_at_2             112128   /* float [L][D][D], alive 181 to 232   attention.mfl:10 */
#define HYPERGRADIENT_g_blocks_v_at_2             115200   /* float [L][D][D], alive 181 to 232   attention.mfl:10 */
#define HYPERGRADIENT_g_rms_norm_blocks_v_2       132864   /* float [S][D], alive 181 to 228   attention.mfl:10 */
#define HYPERGRADIENT_g_block_quotient_2          118272   /* float [S][S], alive 182 to 208   attention.mfl:10 */
#define HYPERGRADIENT_g_exp_block_difference      120576   /* float [S][S], alive 183 to 208   attention.mfl:10 */
#define HYPERGRADIENT_g_scaled_block_product_2    122880   /* float [S][S], alive 183 to 213   attention.mfl:10 */
#define HYPERGRADIENT_rms_norm_4                  134400   /* float [S][D], alive 183 to 228   attention.mfl:9 */
#define HYPERGRADIENT_g_rms_norm_blocks_q_2       135936   /* float [S][D], alive 189 to 227   attention.mfl:10 */
#define HYPERGRADIENT_g_rms_norm_2                137472   /* float [S][D], alive 190 to 222   attention.mfl:10 */
#define HYPERGRADIENT_d_g_rms_norm_blocks_v       139008   /* float [S][D], alive 193 to 226   attention.mfl:10 */
#define HYPERGRADIENT_d_g_block_quotient          125184   /* float [S][S], alive 195 to 208   attention.mfl:10 */
#define HYPERGRADIENT_g_rsqrt                     147712   /* float [S], alive 197 to 222   attention.mfl:9 */
#define HYPERGRADIENT_g_sqrt_rms_norm_sum         147840   /* float [S], alive 197 to 222   attention.mfl:9 */
#define HYPERGRADIENT_g_h_squared                 140544   /* float [S][D], alive 197 to 222   attention.mfl:9 */
#define HYPERGRADIENT_d_g_scaled_block_product    127488   /* float [S][S], alive 197 to 214   attention.mfl:10 */
#define HYPERGRADIENT_d_rsqrt                     142080   /* float [S][D], alive 197 to 222   attention.mfl:9 */
#define HYPERGRADIENT_d_rms_norm_2                143616   /* float [S][D], alive 197 to 225   attention.mfl:9 */
#define HYPERGRADIENT_d_g_rms_norm_blocks_q       118272   /* float [S][D], alive 209 to 224   attention.mfl:10 */
#define HYPERGRADIENT_d_g_rms_norm                119808   /* float [S][D], alive 211 to 222   attention.mfl:10 */

/* One step of the inner loop. */
static void attention_hypergradient_step(const attention_data *data, char *work, int t)
{
    const float (*x)[D] = (const float (*)[D])data->x;                  /* [S][D] */
    const int32_t *y = data->y;                                         /* [S] */
    const float *exp_log_rate = (const float *)(work + HYPERGRADIENT_exp_log_rate);
    float (*blocks_q)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_blocks_q);  /* [L][D][D] */
    float (*blocks_v)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_blocks_v);  /* [L][D][D] */
    float (*blocks_q_at)[L][D][D] = (float (*)[L][D][D])(work + HYPERGRADIENT_blocks_q_at);  /* [STEPS][L][D][D] */
    float (*blocks_v_at)[L][D][D] = (float (*)[L][D][D])(work + HYPERGRADIENT_blocks_v_at);  /* [STEPS][L][D][D] */
    float (*h)[D] = (float (*)[D])(work + HYPERGRADIENT_h);             /* [S][D] */
    float (*h_at)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_h_at); /* [L][S][D] */
    float (*slope_sqrt_rms_norm_sum_at)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_sqrt_rms_norm_sum_at);  /* [L][S] */
    float (*rsqrt_at)[S] = (float (*)[S])(work + HYPERGRADIENT_rsqrt_at);  /* [L][S] */
    float (*slope_rsqrt_at)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_rsqrt_at);  /* [L][S] */
    float (*rms_norm_blocks_q_at)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_rms_norm_blocks_q_at);  /* [L][S][D] */
    float (*exp_block_difference_at)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_exp_block_difference_at);  /* [L][S][S] */
    float (*block_quotient_at)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_block_quotient_at);  /* [L][S][S] */
    float (*slope_block_quotient_at_2)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_slope_block_quotient_at_2);  /* [L][S][S] */
    float (*rms_norm_blocks_v_at)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_rms_norm_blocks_v_at);  /* [L][S][D] */
    float (*slope_block_quotient_at)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_block_quotient_at);  /* [L][S] */
    float (*rms_norm)[D] = (float (*)[D])(work + HYPERGRADIENT_rms_norm);  /* [S][D] */
    float (*block_product)[S] = (float (*)[S])(work + HYPERGRADIENT_block_product);  /* [S][S] */
    float *block_choice = (float *)(work + HYPERGRADIENT_block_choice); /* [S] */
    float *logits = (float *)(work + HYPERGRADIENT_logits);             /* [7] */
    float *inner_exp = (float *)(work + HYPERGRADIENT_inner_exp);       /* [7] */
    float *g_h = (float *)(work + HYPERGRADIENT_g_h);                   /* [D] */
    float (*g_h_2)[D] = (float (*)[D])(work + HYPERGRADIENT_g_h_2);     /* [S][D] */
    float (*g_blocks_q_at)[D] = (float (*)[D])(work + HYPERGRADIENT_g_blocks_q_at);  /* [D][D] */
    float (*g_blocks_v_at)[D] = (float (*)[D])(work + HYPERGRADIENT_g_blocks_v_at);  /* [D][D] */
    float (*g_rms_norm_blocks_v)[D] = (float (*)[D])(work + HYPERGRADIENT_g_rms_norm_blocks_v);  /* [S][D] */
    float (*g_block_quotient)[S] = (float (*)[S])(work + HYPERGRADIENT_g_block_quotient);  /* [S][S] */
    float (*g_scaled_block_product)[S] = (float (*)[S])(work + HYPERGRADIENT_g_scaled_block_product);  /* [S][S] */
    float (*rms_norm_2)[D] = (float (*)[D])(work + HYPERGRADIENT_rms_norm_2);  /* [S][D] */
    float (*g_rms_norm_blocks_q)[D] = (float (*)[D])(work + HYPERGRADIENT_g_rms_norm_blocks_q);  /* [S][D] */
    float (*g_rms_norm)[D] = (float (*)[D])(work + HYPERGRADIENT_g_rms_norm);  /* [S][D] */

    for (int s = 0; s < S; s++)
        for (int d = 0; d < D; d++)
            h[s][d] = x[s][d];
    for (int l = 0; l < L; l++) {
        for (int d = 0; d < D; d++)
            for (int i = 0; i < D; i++) {
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
            float sqrt_rms_norm_sum = mfl_sqrtf(0.0625f * sum_h_squared + 1e-06f);
            rsqrt_at[l][s] = 1.0f / sqrt_rms_norm_sum;
            slope_sqrt_rms_norm_sum_at[l][s] = 0.5f / sqrt_rms_norm_sum;  /* tangent of a = rms_norm(h)   attention.mfl:9 */
            slope_rsqrt_at[l][s] = rsqrt_at[l][s] / sqrt_rms_norm_sum;
            for (int d = 0; d < D; d++)
                rms_norm[s][d] = h[s][d] * rsqrt_at[l][s];              /* a = rms_norm(h)   attention.mfl:9 */
        }
        /* rms_norm_blocks_q_at = rms_norm blocks_q: a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm[0][0], D, 0, &blocks_q[l][0][0], D, 0,
                0, &rms_norm_blocks_q_at[l][0][0], D);
        /* block_product = rms_norm_blocks_q_at rms_norm': attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &rms_norm_blocks_q_at[l][0][0], D, 0,
                &rms_norm[0][0], D, 1, 0, &block_product[0][0], S);
        for (int s = 0; s < S; s++) {
            /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float max_block_choice_part[16];
            for (int lane = 0; lane
                    < 16; lane++)
                max_block_choice_part[lane] = (float)-INFINITY;
            MFL_LANES(i, S, 16, lane, {
                block_choice[i] = (s >= i) ? block_product[s][i] * 0.25f : (-1e+09f);
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
            for (int i = 0; i < S; i++) {
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

    for (int s = 0; s < S; s++) {
        /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float max_logits_part[4];
        for (int lane = 0; lane
                < 4; lane++)
            max_logits_part[lane] = (float)-INFINITY;
        MFL_LANES(d, 7, 4, lane, {
            logits[d] = h[s][d];                                        /* h[:, 0:C]   attention.mfl:14 */
            max_logits_part[lane] = mfl_maxf(logits[d], max_logits_part[lane]);
        })
        float max_logits_2 = mfl_fold_maxf(max_logits_part, 4);         /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float sum_inner_exp_part[4] = { 0 };
        MFL_LANES(d, 7, 4, lane, {
            inner_exp[d] = mfl_expf(logits[d] - max_logits_2);
            sum_inner_exp_part[lane] += inner_exp[d];
        })
        float sum_inner_exp = mfl_fold_addf(sum_inner_exp_part, 4);
        float slope_log_sum_inner_exp = 1.0f / sum_inner_exp;           /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        for (int d = 0; d < D; d++)
            /* adjoint of h[:, 0:C]   attention.mfl:14 */
            g_h[d] = (d < 7) ? inner_exp[d] * (1.0f / S * slope_log_sum_inner_exp) : 0.0f;
        g_h[y[s]] += (-1.0f / S) * 1.0f;                                /* adjoint of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        for (int d = 0; d < D; d++)
            g_h_2[s][d] = g_h[d];                                       /* adjoint of h[:, 0:C]   attention.mfl:14 */
    }

    for (int b = L - 1; b >= 0; b--) {
        /* g_rms_norm_blocks_v = block_quotient_at' g_h_2: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at[b][0][0], S, 1, &g_h_2[0][0], D,
                0, 0, &g_rms_norm_blocks_v[0][0], D);
        /* g_block_quotient = g_h_2 rms_norm_blocks_v_at': adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &g_h_2[0][0], D, 0, &rms_norm_blocks_v_at[b][0][0],
                D, 1, 0, &g_block_quotient[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, g_sum_exp_block_difference_sum, i, S, 16,
                    slope_block_quotient_at_2[b][s][i] * g_block_quotient[s][i]);
            /* adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float g_sum_exp_block_difference = (-1.0f) * g_sum_exp_block_difference_sum;
            for (int i = 0; i < S; i++)
                g_scaled_block_product[s][i] = (s >= i) ? exp_block_difference_at[b][s][i]
                        * (g_sum_exp_block_difference + g_block_quotient[s][i]
                        * slope_block_quotient_at[b][s]) : 0.0f;
            for (int d = 0; d < D; d++)
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
            float g_rsqrt_2 = (-1.0f) * g_rsqrt_sum;                    /* adjoint of a = rms_norm(h)   attention.mfl:9 */
            float g_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at[b][s]
                    * (slope_rsqrt_at[b][s] * g_rsqrt_2);
            for (int d = 0; d < D; d++)
                g_h_2[s][d] = g_h_2[s][d] + h_at[b][s][d] * (0.125f * g_scaled_sum_h_squared)
                        + rsqrt_at[b][s] * g_rms_norm[s][d];
        }
        /* g_blocks_q_at = rms_norm_2' g_rms_norm_blocks_q: adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_2[0][0], D, 1, &g_rms_norm_blocks_q[0][0],
                D, 0, 0, &g_blocks_q_at[0][0], D);
        /* g_blocks_v_at = rms_norm_2' g_rms_norm_blocks_v: adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_2[0][0], D, 1, &g_rms_norm_blocks_v[0][0],
                D, 0, 0, &g_blocks_v_at[0][0], D);
        for (int d = 0; d < D; d++)
            for (int i = 0; i < D; i++) {
                /* p = p - rate * g   std/optimizers.mfl:5 */
                blocks_q[b][d][i] = blocks_q[b][d][i] - g_blocks_q_at[d][i] * exp_log_rate[0];
                blocks_v[b][d][i] = blocks_v[b][d][i] - exp_log_rate[0] * g_blocks_v_at[d][i];
            }
    }
}

/* Backward through one step of the inner loop. */
static void attention_hypergradient_step_adjoint(const attention_data *data, char *work, int t)
{
    const float (*x)[D] = (const float (*)[D])data->x;                  /* [S][D] */
    const int32_t *y = data->y;                                         /* [S] */
    const float *exp_log_rate = (const float *)(work + HYPERGRADIENT_exp_log_rate);
    const float (*blocks_q_at)[L][D][D] = (const float (*)[L][D][D])(work + HYPERGRADIENT_blocks_q_at);  /* [STEPS][L][D][D] */
    const float (*blocks_v_at)[L][D][D] = (const float (*)[L][D][D])(work + HYPERGRADIENT_blocks_v_at);  /* [STEPS][L][D][D] */
    float (*b_blocks_q)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_b_blocks_q);  /* [L][D][D] */
    float (*b_blocks_v)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_b_blocks_v);  /* [L][D][D] */
    float *b_log_rate = (float *)(work + HYPERGRADIENT_b_log_rate);
    float (*b_g_blocks_q)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_b_g_blocks_q);  /* [L][D][D] */
    float (*b_g_blocks_v)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_b_g_blocks_v);  /* [L][D][D] */
    float (*h_2)[D] = (float (*)[D])(work + HYPERGRADIENT_h_2);         /* [S][D] */
    float (*d_h)[D] = (float (*)[D])(work + HYPERGRADIENT_d_h);         /* [S][D] */
    float (*h_at_2)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_h_at_2);  /* [L][S][D] */
    float (*d_h_at)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_d_h_at);  /* [L][S][D] */
    float (*slope_sqrt_rms_norm_sum_at_2)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_2);  /* [L][S] */
    float (*rsqrt_at_2)[S] = (float (*)[S])(work + HYPERGRADIENT_rsqrt_at_2);  /* [L][S] */
    float (*slope_rsqrt_at_2)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_rsqrt_at_2);  /* [L][S] */
    float (*rms_norm_blocks_q_at_2)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_rms_norm_blocks_q_at_2);  /* [L][S][D] */
    float (*exp_block_difference_at_2)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_exp_block_difference_at_2);  /* [L][S][S] */
    float (*block_quotient_at_2)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_block_quotient_at_2);  /* [L][S][S] */
    float (*slope_block_quotient_at_4)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_slope_block_quotient_at_4);  /* [L][S][S] */
    float (*rms_norm_blocks_v_at_2)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_rms_norm_blocks_v_at_2);  /* [L][S][D] */
    float (*slope_block_quotient_at_3)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_block_quotient_at_3);  /* [L][S] */
    float (*d_rsqrt_at)[S] = (float (*)[S])(work + HYPERGRADIENT_d_rsqrt_at);  /* [L][S] */
    float (*d_rms_norm_blocks_q_at)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_d_rms_norm_blocks_q_at);  /* [L][S][D] */
    float (*d_exp_block_difference_at)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_d_exp_block_difference_at);  /* [L][S][S] */
    float (*d_block_quotient_at)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_d_block_quotient_at);  /* [L][S][S] */
    float (*d_slope_block_quotient_at_2)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_d_slope_block_quotient_at_2);  /* [L][S][S] */
    float (*d_rms_norm_blocks_v_at)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_d_rms_norm_blocks_v_at);  /* [L][S][D] */
    float (*d_slope_block_quotient_at)[S] = (float (*)[S])(work + HYPERGRADIENT_d_slope_block_quotient_at);  /* [L][S] */
    float (*d_slope_rsqrt_at)[S] = (float (*)[S])(work + HYPERGRADIENT_d_slope_rsqrt_at);  /* [L][S] */
    float (*d_slope_sqrt_rms_norm_sum_at)[S] = (float (*)[S])(work + HYPERGRADIENT_d_slope_sqrt_rms_norm_sum_at);  /* [L][S] */
    float (*rms_norm_3)[D] = (float (*)[D])(work + HYPERGRADIENT_rms_norm_3);  /* [S][D] */
    float (*block_product_2)[S] = (float (*)[S])(work + HYPERGRADIENT_block_product_2);  /* [S][S] */
    float *block_choice_2 = (float *)(work + HYPERGRADIENT_block_choice_2);  /* [S] */
    float *sum_exp_block_difference = (float *)(work + HYPERGRADIENT_sum_exp_block_difference);  /* [S] */
    float (*block)[D] = (float (*)[D])(work + HYPERGRADIENT_block);     /* [S][D] */
    float (*d_rms_norm)[D] = (float (*)[D])(work + HYPERGRADIENT_d_rms_norm);  /* [S][D] */
    float (*d_block_product)[S] = (float (*)[S])(work + HYPERGRADIENT_d_block_product);  /* [S][S] */
    float (*d_block_product_2)[S] = (float (*)[S])(work + HYPERGRADIENT_d_block_product_2);  /* [S][S] */
    float *logits_2 = (float *)(work + HYPERGRADIENT_logits_2);         /* [7] */
    float *inner_exp_2 = (float *)(work + HYPERGRADIENT_inner_exp_2);   /* [7] */
    float *g_inner_exp = (float *)(work + HYPERGRADIENT_g_inner_exp);   /* [7] */
    float *g_h_3 = (float *)(work + HYPERGRADIENT_g_h_3);               /* [D] */
    float *d_inner_exp = (float *)(work + HYPERGRADIENT_d_inner_exp);   /* [7] */
    float (*g_h_4)[D] = (float (*)[D])(work + HYPERGRADIENT_g_h_4);     /* [S][D] */
    float (*d_g_h)[D] = (float (*)[D])(work + HYPERGRADIENT_d_g_h);     /* [S][D] */
    float (*d_g_blocks_q_at)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_d_g_blocks_q_at);  /* [L][D][D] */
    float (*d_g_blocks_v_at)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_d_g_blocks_v_at);  /* [L][D][D] */
    float (*g_blocks_q_at_2)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_g_blocks_q_at_2);  /* [L][D][D] */
    float (*g_blocks_v_at_2)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_g_blocks_v_at_2);  /* [L][D][D] */
    float (*g_rms_norm_blocks_v_2)[D] = (float (*)[D])(work + HYPERGRADIENT_g_rms_norm_blocks_v_2);  /* [S][D] */
    float (*g_block_quotient_2)[S] = (float (*)[S])(work + HYPERGRADIENT_g_block_quotient_2);  /* [S][S] */
    float (*g_exp_block_difference)[S] = (float (*)[S])(work + HYPERGRADIENT_g_exp_block_difference);  /* [S][S] */
    float (*g_scaled_block_product_2)[S] = (float (*)[S])(work + HYPERGRADIENT_g_scaled_block_product_2);  /* [S][S] */
    float (*rms_norm_4)[D] = (float (*)[D])(work + HYPERGRADIENT_rms_norm_4);  /* [S][D] */
    float (*g_rms_norm_blocks_q_2)[D] = (float (*)[D])(work + HYPERGRADIENT_g_rms_norm_blocks_q_2);  /* [S][D] */
    float (*g_rms_norm_2)[D] = (float (*)[D])(work + HYPERGRADIENT_g_rms_norm_2);  /* [S][D] */
    float *g_rsqrt = (float *)(work + HYPERGRADIENT_g_rsqrt);           /* [S] */
    float *g_sqrt_rms_norm_sum = (float *)(work + HYPERGRADIENT_g_sqrt_rms_norm_sum);  /* [S] */
    float (*g_h_squared)[D] = (float (*)[D])(work + HYPERGRADIENT_g_h_squared);  /* [S][D] */
    float (*d_g_rms_norm_blocks_v)[D] = (float (*)[D])(work + HYPERGRADIENT_d_g_rms_norm_blocks_v);  /* [S][D] */
    float (*d_g_block_quotient)[S] = (float (*)[S])(work + HYPERGRADIENT_d_g_block_quotient);  /* [S][S] */
    float (*d_g_scaled_block_product)[S] = (float (*)[S])(work + HYPERGRADIENT_d_g_scaled_block_product);  /* [S][S] */
    float (*d_rsqrt)[D] = (float (*)[D])(work + HYPERGRADIENT_d_rsqrt); /* [S][D] */
    float (*d_rms_norm_2)[D] = (float (*)[D])(work + HYPERGRADIENT_d_rms_norm_2);  /* [S][D] */
    float (*d_g_rms_norm_blocks_q)[D] = (float (*)[D])(work + HYPERGRADIENT_d_g_rms_norm_blocks_q);  /* [S][D] */
    float (*d_g_rms_norm)[D] = (float (*)[D])(work + HYPERGRADIENT_d_g_rms_norm);  /* [S][D] */

    for (int s = 0; s < S; s++)
        for (int d = 0; d < D; d++)
            h_2[s][d] = x[s][d];
    memset(&d_h[0][0], 0, sizeof(float) * S * D);
    for (int l = 0; l < L; l++) {
        for (int d = 0; d < D; d++)
            for (int i = 0; i < D; i++) {
                /* adjoint of rate * g   std/optimizers.mfl:5 */
                b_g_blocks_q[l][d][i] = -(b_blocks_q[l][d][i] * exp_log_rate[0]);
                b_g_blocks_v[l][d][i] = -(b_blocks_v[l][d][i] * exp_log_rate[0]);
            }
        for (int s = 0; s < S; s++) {
            float sum_h_squared_part[16] = { 0 };                       /* a = rms_norm(h)   attention.mfl:9 */
            MFL_LANES(d, D, 16, lane, {
                h_at_2[l][s][d] = h_2[s][d];                            /* blocks   attention.mfl:13 */
                d_h_at[l][s][d] = d_h[s][d];                            /* tangent of blocks   attention.mfl:13 */
                block[s][d] = h_2[s][d];                                /* h + attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                sum_h_squared_part[lane] += h_2[s][d] * h_2[s][d];
            })
            /* a = rms_norm(h)   attention.mfl:9 */
            float sum_h_squared = mfl_fold_addf(sum_h_squared_part, 16);
            float sqrt_rms_norm_sum = mfl_sqrtf(0.0625f * sum_h_squared + 1e-06f);
            rsqrt_at_2[l][s] = 1.0f / sqrt_rms_norm_sum;
            float d_sum_h_squared_sum_part[16] = { 0 };
            MFL_LANES(d, D, 16, lane, {
                rms_norm_3[s][d] = h_2[s][d] * rsqrt_at_2[l][s];
                d_sum_h_squared_sum_part[lane] += h_2[s][d] * d_h[s][d];
            })
            float d_sum_h_squared_sum = mfl_fold_addf(d_sum_h_squared_sum_part, 16);
            float d_sum_h_squared = 2.0f * d_sum_h_squared_sum;         /* tangent of a = rms_norm(h)   attention.mfl:9 */
            slope_sqrt_rms_norm_sum_at_2[l][s] = 0.5f / sqrt_rms_norm_sum;
            float d_sqrt_rms_norm_sum = 0.0625f * d_sum_h_squared * slope_sqrt_rms_norm_sum_at_2[l][s];
            slope_rsqrt_at_2[l][s] = rsqrt_at_2[l][s] / sqrt_rms_norm_sum;
            d_rsqrt_at[l][s] = d_sqrt_rms_norm_sum * slope_rsqrt_at_2[l][s];
            d_slope_rsqrt_at[l][s] = rsqrt_at_2[l][s] * d_rsqrt_at[l][s] + d_sqrt_rms_norm_sum
                    * (slope_rsqrt_at_2[l][s] / sqrt_rms_norm_sum);
            d_slope_sqrt_rms_norm_sum_at[l][s] = d_sqrt_rms_norm_sum
                    * (slope_sqrt_rms_norm_sum_at_2[l][s] / sqrt_rms_norm_sum);
            for (int d = 0; d < D; d++)
                d_rms_norm[s][d] = d_h[s][d] * rsqrt_at_2[l][s] + h_2[s][d] * ((-1.0f) * d_rsqrt_at[l][s]);
        }
        /* rms_norm_blocks_q_at_2 = rms_norm_3 blocks_q_at: a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_3[0][0], D, 0, &blocks_q_at[t][l][0][0], D,
                0, 0, &rms_norm_blocks_q_at_2[l][0][0], D);
        /* block_product_2 = rms_norm_blocks_q_at_2 rms_norm_3': attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &rms_norm_blocks_q_at_2[l][0][0], D, 0,
                &rms_norm_3[0][0], D, 1, 0, &block_product_2[0][0], S);
        for (int s = 0; s < S; s++) {
            /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float max_block_choice_part[16];
            for (int lane = 0; lane
                    < 16; lane++)
                max_block_choice_part[lane] = (float)-INFINITY;
            MFL_LANES(i, S, 16, lane, {
                block_choice_2[i] = (s >= i) ? block_product_2[s][i] * 0.25f : (-1e+09f);
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
            for (int i = 0; i < S; i++) {
                /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                block_quotient_at_2[l][s][i] = exp_block_difference_at_2[l][s][i]
                        / sum_exp_block_difference[s];
                /* tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
                slope_block_quotient_at_4[l][s][i] = block_quotient_at_2[l][s][i]
                        / sum_exp_block_difference[s];
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
            for (int i = 0; i < S; i++) {
                d_block_quotient_at[l][s][i] = d_exp_block_difference_at[l][s][i]
                        * slope_block_quotient_at_3[l][s] - d_sum_exp_block_difference
                        * slope_block_quotient_at_4[l][s][i];
                d_slope_block_quotient_at_2[l][s][i] =
                        mfl_mulzf(slope_block_quotient_at_3[l][s], d_block_quotient_at[l][s][i])
                        - mfl_mulzf(d_sum_exp_block_difference, slope_block_quotient_at_4[l][s][i]
                        / sum_exp_block_difference[s]);
            }
        }
        /* d_rms_norm_blocks_v_at = d_rms_norm blocks_v_at: tangent of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &d_rms_norm[0][0], D, 0, &blocks_v_at[t][l][0][0], D,
                0, 0, &d_rms_norm_blocks_v_at[l][0][0], D);
        /* d_rms_norm_blocks_v_at += rms_norm_3 b_g_blocks_v: tangent of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_3[0][0], D, 0, &b_g_blocks_v[l][0][0], D,
                0, 1, &d_rms_norm_blocks_v_at[l][0][0], D);
        /* d_h += d_block_quotient_at rms_norm_blocks_v_at_2: tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &d_block_quotient_at[l][0][0], S, 0,
                &rms_norm_blocks_v_at_2[l][0][0], D, 0, 1, &d_h[0][0], D);
        /* d_h += block_quotient_at_2 d_rms_norm_blocks_v_at: tangent of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_2[l][0][0], S, 0,
                &d_rms_norm_blocks_v_at[l][0][0], D, 0, 1, &d_h[0][0], D);
        memcpy(&h_2[0][0], &block[0][0], sizeof(float) * S * D);
    }

    for (int s = 0; s < S; s++) {
        /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float max_logits_part[4];
        for (int lane = 0; lane
                < 4; lane++)
            max_logits_part[lane] = (float)-INFINITY;
        MFL_LANES(d, 7, 4, lane, {
            logits_2[d] = h_2[s][d];                                    /* h[:, 0:C]   attention.mfl:14 */
            max_logits_part[lane] = mfl_maxf(logits_2[d], max_logits_part[lane]);
        })
        float max_logits_2 = mfl_fold_maxf(max_logits_part, 4);         /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float sum_inner_exp_part[4] = { 0 };
        MFL_LANES(d, 7, 4, lane, {
            inner_exp_2[d] = mfl_expf(logits_2[d] - max_logits_2);
            d_inner_exp[d] = inner_exp_2[d] * d_h[s][d];                /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
            sum_inner_exp_part[lane] += inner_exp_2[d];
        })
        float sum_inner_exp = mfl_fold_addf(sum_inner_exp_part, 4);     /* cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float slope_log_sum_inner_exp = 1.0f / sum_inner_exp;           /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        for (int d = 0; d < 7; d++)
            g_inner_exp[d] = 1.0f / S * slope_log_sum_inner_exp;        /* adjoint of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        for (int d = 0; d < D; d++)
            /* adjoint of h[:, 0:C]   attention.mfl:14 */
            g_h_3[d] = (d < 7) ? inner_exp_2[d] * g_inner_exp[d] : 0.0f;
        g_h_3[y[s]] += (-1.0f / S) * 1.0f;                              /* adjoint of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        MFL_SUM(float, d_sum_inner_exp, d, 7, 1, d_inner_exp[d]);       /* tangent of cross_entropy(logits(blocks, x), y)   attention.mfl:23 */
        float d_slope_log_sum_inner_exp = d_sum_inner_exp * (slope_log_sum_inner_exp / sum_inner_exp);
        for (int d = 0; d < D; d++) {
            /* tangent of the adjoint of h[:, 0:C]   attention.mfl:14 */
            float d_g_h_2 = (d < 7) ? g_inner_exp[d] * d_inner_exp[d] + inner_exp_2[d]
                    * ((-1.0f / S) * d_slope_log_sum_inner_exp) : 0.0f;
            g_h_4[s][d] = g_h_3[d];                                     /* adjoint of h[:, 0:C]   attention.mfl:14 */
            d_g_h[s][d] = d_g_h_2;                                      /* tangent of the adjoint of h[:, 0:C]   attention.mfl:14 */
        }
    }

    for (int b = L - 1; b >= 0; b--) {
        /* g_rms_norm_blocks_v_2 = block_quotient_at_2' g_h_4: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_2[b][0][0], S, 1, &g_h_4[0][0], D,
                0, 0, &g_rms_norm_blocks_v_2[0][0], D);
        /* g_block_quotient_2 = g_h_4 rms_norm_blocks_v_at_2': adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &g_h_4[0][0], D, 0, &rms_norm_blocks_v_at_2[b][0][0],
                D, 1, 0, &g_block_quotient_2[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, g_sum_exp_block_difference_sum, i, S, 16,
                    slope_block_quotient_at_4[b][s][i] * g_block_quotient_2[s][i]);
            /* adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float g_sum_exp_block_difference = (-1.0f) * g_sum_exp_block_difference_sum;
            for (int i = 0; i < S; i++) {
                g_exp_block_difference[s][i] = g_sum_exp_block_difference + g_block_quotient_2[s][i]
                        * slope_block_quotient_at_3[b][s];
                g_scaled_block_product_2[s][i] = (s >= i) ? exp_block_difference_at_2[b][s][i]
                        * g_exp_block_difference[s][i] : 0.0f;
            }
            for (int d = 0; d < D; d++)
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
        /* d_g_rms_norm_blocks_v = d_block_quotient_at' g_h_4: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &d_block_quotient_at[b][0][0], S, 1, &g_h_4[0][0], D,
                0, 0, &d_g_rms_norm_blocks_v[0][0], D);
        /* d_g_rms_norm_blocks_v += block_quotient_at_2' d_g_h: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_2[b][0][0], S, 1, &d_g_h[0][0], D,
                0, 1, &d_g_rms_norm_blocks_v[0][0], D);
        /* d_g_block_quotient = d_g_h rms_norm_blocks_v_at_2': tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &d_g_h[0][0], D, 0, &rms_norm_blocks_v_at_2[b][0][0],
                D, 1, 0, &d_g_block_quotient[0][0], S);
        /* d_g_block_quotient += g_h_4 d_rms_norm_blocks_v_at': tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &g_h_4[0][0], D, 0, &d_rms_norm_blocks_v_at[b][0][0],
                D, 1, 1, &d_g_block_quotient[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, d_g_sum_exp_block_difference_sum, i, S, 16,
                    mfl_mulzf(g_block_quotient_2[s][i], d_slope_block_quotient_at_2[b][s][i])
                    + mfl_mulzf(slope_block_quotient_at_4[b][s][i], d_g_block_quotient[s][i]));
            /* tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float d_g_sum_exp_block_difference = (-1.0f) * d_g_sum_exp_block_difference_sum;
            for (int i = 0; i < S; i++)
                d_g_scaled_block_product[s][i] = (s >= i)
                        ? mfl_mulzf(g_exp_block_difference[s][i], d_exp_block_difference_at[b][s][i])
                        + mfl_mulzf(exp_block_difference_at_2[b][s][i], d_g_sum_exp_block_difference
                        + (mfl_mulzf(slope_block_quotient_at_3[b][s], d_g_block_quotient[s][i])
                        + mfl_mulzf(g_block_quotient_2[s][i], (-1.0f) * d_slope_block_quotient_at[b][s])))
                        : 0.0f;
            float g_rsqrt_sum_part[16] = { 0 };
            MFL_LANES(d, D, 16, lane, {
                d_rsqrt[s][d] = (-1.0f) * d_rsqrt_at[b][s];             /* tangent of a = rms_norm(h)   attention.mfl:9 */
                d_rms_norm_2[s][d] = rsqrt_at_2[b][s] * d_h_at[b][s][d] + h_at_2[b][s][d]
                        * d_rsqrt[s][d];
                g_rsqrt_sum_part[lane] += h_at_2[b][s][d] * g_rms_norm_2[s][d];
            })
            float g_rsqrt_sum = mfl_fold_addf(g_rsqrt_sum_part, 16);
            g_rsqrt[s] = (-1.0f) * g_rsqrt_sum;                         /* adjoint of a = rms_norm(h)   attention.mfl:9 */
            g_sqrt_rms_norm_sum[s] = slope_rsqrt_at_2[b][s] * g_rsqrt[s];
            float g_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at_2[b][s] * g_sqrt_rms_norm_sum[s];
            for (int d = 0; d < D; d++) {
                g_h_squared[s][d] = 0.125f * g_scaled_sum_h_squared;
                g_h_4[s][d] = g_h_4[s][d] + h_at_2[b][s][d] * g_h_squared[s][d] + rsqrt_at_2[b][s]
                        * g_rms_norm_2[s][d];
            }
        }
        /* d_g_rms_norm_blocks_q = 0.25f d_g_scaled_block_product rms_norm_4: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &d_g_scaled_block_product[0][0], S, 0,
                &rms_norm_4[0][0], D, 0, 0, &d_g_rms_norm_blocks_q[0][0], D);
        /* d_g_rms_norm_blocks_q += 0.25f g_scaled_block_product_2 d_rms_norm_2: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product_2[0][0], S, 0,
                &d_rms_norm_2[0][0], D, 0, 1, &d_g_rms_norm_blocks_q[0][0], D);
        /* d_g_rms_norm = d_g_rms_norm_blocks_v blocks_v_at': tangent of the adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &d_g_rms_norm_blocks_v[0][0], D, 0,
                &blocks_v_at[t][b][0][0], D, 1, 0, &d_g_rms_norm[0][0], D);
        /* d_g_rms_norm += g_rms_norm_blocks_v_2 b_g_blocks_v': tangent of the adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_v_2[0][0], D, 0,
                &b_g_blocks_v[b][0][0], D, 1, 1, &d_g_rms_norm[0][0], D);
        /* d_g_rms_norm += 0.25f g_scaled_block_product_2' d_rms_norm_blocks_q_at: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &g_scaled_block_product_2[0][0], S, 1,
                &d_rms_norm_blocks_q_at[b][0][0], D, 0, 1, &d_g_rms_norm[0][0], D);
        /* d_g_rms_norm += 0.25f d_g_scaled_block_product' rms_norm_blocks_q_at_2: tangent of the adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 0.25f, &d_g_scaled_block_product[0][0], S, 1,
                &rms_norm_blocks_q_at_2[b][0][0], D, 0, 1, &d_g_rms_norm[0][0], D);
        /* d_g_rms_norm += d_g_rms_norm_blocks_q blocks_q_at': tangent of the adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &d_g_rms_norm_blocks_q[0][0], D, 0,
                &blocks_q_at[t][b][0][0], D, 1, 1, &d_g_rms_norm[0][0], D);
        /* d_g_rms_norm += g_rms_norm_blocks_q_2 b_g_blocks_q': tangent of the adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &g_rms_norm_blocks_q_2[0][0], D, 0,
                &b_g_blocks_q[b][0][0], D, 1, 1, &d_g_rms_norm[0][0], D);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, d_g_rsqrt_sum, d, D, 16, g_rms_norm_2[s][d] * d_h_at[b][s][d]
                    + h_at_2[b][s][d] * d_g_rms_norm[s][d]);
            float d_g_rsqrt = (-1.0f) * d_g_rsqrt_sum;                  /* tangent of the adjoint of a = rms_norm(h)   attention.mfl:9 */
            float d_g_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at_2[b][s]
                    * (slope_rsqrt_at_2[b][s] * d_g_rsqrt - g_rsqrt[s] * d_slope_rsqrt_at[b][s])
                    - g_sqrt_rms_norm_sum[s] * d_slope_sqrt_rms_norm_sum_at[b][s];
            for (int d = 0; d < D; d++)
                d_g_h[s][d] = d_g_h[s][d] + (g_h_squared[s][d] * d_h_at[b][s][d] + h_at_2[b][s][d]
                        * (0.125f * d_g_scaled_sum_h_squared))
                        + (g_rms_norm_2[s][d] * d_rsqrt[s][d] + rsqrt_at_2[b][s] * d_g_rms_norm[s][d]);
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
    float b_exp_log_rate_sum = 0.0f;
    for (int l = 0; l < L; l++)
        for (int d = 0; d < D; d++) {
            float b_exp_log_rate_sum_part[16] = { 0 };
            MFL_LANES(i, D, 16, lane, {
                b_exp_log_rate_sum_part[lane] += b_blocks_v[l][d][i] * g_blocks_v_at_2[l][d][i]
                        + b_blocks_q[l][d][i] * g_blocks_q_at_2[l][d][i];
                b_blocks_q[l][d][i] = b_blocks_q[l][d][i] + d_g_blocks_q_at[l][d][i];
                b_blocks_v[l][d][i] = b_blocks_v[l][d][i] + d_g_blocks_v_at[l][d][i];
            })
            b_exp_log_rate_sum += mfl_fold_addf(b_exp_log_rate_sum_part, 16);
        }

    float b_exp_log_rate = (-1.0f) * b_exp_log_rate_sum;                /* adjoint of rate * g   std/optimizers.mfl:5 */
    b_log_rate[0] = b_log_rate[0] + exp_log_rate[0] * b_exp_log_rate;
}

/* The outer value and its gradient, computed in the workspace. */
static int attention_run_hypergradient(const attention_data *data, const attention_meta *meta, char *work, mfl_status *status)
{
    const float (*xv)[D] = (const float (*)[D])data->xv;                /* [S][D] */
    const int32_t *yv = data->yv;                                       /* [S] */
    const float *log_rate = meta->log_rate;
    float *normal = (float *)(work + HYPERGRADIENT_normal);             /* [768] */
    float (*normal_2)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_normal_2);  /* [L][D][D] */
    float *normal_3 = (float *)(work + HYPERGRADIENT_normal_3);         /* [768] */
    float (*normal_4)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_normal_4);  /* [L][D][D] */
    float *exp_log_rate = (float *)(work + HYPERGRADIENT_exp_log_rate);
    float (*blocks_q)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_blocks_q);  /* [L][D][D] */
    float (*blocks_v)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_blocks_v);  /* [L][D][D] */
    float (*h_3)[D] = (float (*)[D])(work + HYPERGRADIENT_h_3);         /* [S][D] */
    float (*h_at_3)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_h_at_3);  /* [L][S][D] */
    float (*slope_sqrt_rms_norm_sum_at_3)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_sqrt_rms_norm_sum_at_3);  /* [L][S] */
    float (*rsqrt_at_3)[S] = (float (*)[S])(work + HYPERGRADIENT_rsqrt_at_3);  /* [L][S] */
    float (*slope_rsqrt_at_3)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_rsqrt_at_3);  /* [L][S] */
    float (*rms_norm_blocks_q_at_3)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_rms_norm_blocks_q_at_3);  /* [L][S][D] */
    float (*exp_block_difference_at_3)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_exp_block_difference_at_3);  /* [L][S][S] */
    float (*block_quotient_at_3)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_block_quotient_at_3);  /* [L][S][S] */
    float (*slope_block_quotient_at_6)[S][S] = (float (*)[S][S])(work + HYPERGRADIENT_slope_block_quotient_at_6);  /* [L][S][S] */
    float (*rms_norm_blocks_v_at_3)[S][D] = (float (*)[S][D])(work + HYPERGRADIENT_rms_norm_blocks_v_at_3);  /* [L][S][D] */
    float (*slope_block_quotient_at_5)[S] = (float (*)[S])(work + HYPERGRADIENT_slope_block_quotient_at_5);  /* [L][S] */
    float (*rms_norm_5)[D] = (float (*)[D])(work + HYPERGRADIENT_rms_norm_5);  /* [S][D] */
    float (*block_product_3)[S] = (float (*)[S])(work + HYPERGRADIENT_block_product_3);  /* [S][S] */
    float *block_choice_3 = (float *)(work + HYPERGRADIENT_block_choice_3);  /* [S] */
    float *max_logits = (float *)(work + HYPERGRADIENT_max_logits);     /* [S] */
    float *outer_exp = (float *)(work + HYPERGRADIENT_outer_exp);       /* [7] */
    float *sum_outer_exp = (float *)(work + HYPERGRADIENT_sum_outer_exp);  /* [S] */
    float *b_h = (float *)(work + HYPERGRADIENT_b_h);                   /* [D] */
    float (*b_h_2)[D] = (float (*)[D])(work + HYPERGRADIENT_b_h_2);     /* [S][D] */
    float (*b_blocks_q_at)[D] = (float (*)[D])(work + HYPERGRADIENT_b_blocks_q_at);  /* [D][D] */
    float (*b_blocks_v_at)[D] = (float (*)[D])(work + HYPERGRADIENT_b_blocks_v_at);  /* [D][D] */
    float (*b_rms_norm_blocks_v)[D] = (float (*)[D])(work + HYPERGRADIENT_b_rms_norm_blocks_v);  /* [S][D] */
    float (*b_block_quotient)[S] = (float (*)[S])(work + HYPERGRADIENT_b_block_quotient);  /* [S][S] */
    float (*b_scaled_block_product)[S] = (float (*)[S])(work + HYPERGRADIENT_b_scaled_block_product);  /* [S][S] */
    float (*rms_norm_6)[D] = (float (*)[D])(work + HYPERGRADIENT_rms_norm_6);  /* [S][D] */
    float (*b_rms_norm_blocks_q)[D] = (float (*)[D])(work + HYPERGRADIENT_b_rms_norm_blocks_q);  /* [S][D] */
    float (*b_rms_norm)[D] = (float (*)[D])(work + HYPERGRADIENT_b_rms_norm);  /* [S][D] */
    float (*b_blocks_q)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_b_blocks_q);  /* [L][D][D] */
    float (*b_blocks_v)[D][D] = (float (*)[D][D])(work + HYPERGRADIENT_b_blocks_v);  /* [L][D][D] */
    float *b_log_rate = (float *)(work + HYPERGRADIENT_b_log_rate);
    float *outer_value = (float *)(work + HYPERGRADIENT_outer_value);

    exp_log_rate[0] = mfl_expf(log_rate[0]);                            /* rate = exp(log_rate)   attention.mfl:24 */

    for (int i = 0; i < 768; i++)
        normal[i] = mfl_normalf(0, 100000, i);                          /* normal(0.25)   attention.mfl:6 */
    memcpy(&normal_2[0][0][0], normal, sizeof(float) * 768);
    for (int l = 0; l < L; l++)
        for (int d = 0; d < D; d++)
            for (int i = 0; i < D; i++) {
                float blocks_q_2 = normal_2[l][d][i] * 0.25f;
                blocks_q[l][d][i] = blocks_q_2;
            }
    for (int i = 0; i < 768; i++)
        normal_3[i] = mfl_normalf(0, 100001, i);
    memcpy(&normal_4[0][0][0], normal_3, sizeof(float) * 768);
    for (int l = 0; l < L; l++)
        for (int d = 0; d < D; d++)
            for (int i = 0; i < D; i++) {
                float blocks_v_2 = 0.25f * normal_4[l][d][i];
                blocks_v[l][d][i] = blocks_v_2;
            }

    /* The inner loop. */
    for (int t = 0; t < STEPS; t++)
        attention_hypergradient_step(data, work, t);
    for (int s = 0; s < S; s++)
        for (int d = 0; d < D; d++)
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
            float sqrt_rms_norm_sum = mfl_sqrtf(0.0625f * sum_h_squared + 1e-06f);
            rsqrt_at_3[b][s] = 1.0f / sqrt_rms_norm_sum;
            slope_sqrt_rms_norm_sum_at_3[b][s] = 0.5f / sqrt_rms_norm_sum;  /* tangent of a = rms_norm(h)   attention.mfl:9 */
            slope_rsqrt_at_3[b][s] = rsqrt_at_3[b][s] / sqrt_rms_norm_sum;
            for (int d = 0; d < D; d++)
                rms_norm_5[s][d] = h_3[s][d] * rsqrt_at_3[b][s];        /* a = rms_norm(h)   attention.mfl:9 */
        }
        /* rms_norm_blocks_q_at_3 = rms_norm_5 blocks_q: a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(S, D, D, 1.0f, &rms_norm_5[0][0], D, 0, &blocks_q[b][0][0], D, 0,
                0, &rms_norm_blocks_q_at_3[b][0][0], D);
        /* block_product_3 = rms_norm_blocks_q_at_3 rms_norm_5': attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &rms_norm_blocks_q_at_3[b][0][0], D, 0,
                &rms_norm_5[0][0], D, 1, 0, &block_product_3[0][0], S);
        for (int s = 0; s < S; s++) {
            /* attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float max_block_choice_part[16];
            for (int lane = 0; lane
                    < 16; lane++)
                max_block_choice_part[lane] = (float)-INFINITY;
            MFL_LANES(i, S, 16, lane, {
                block_choice_3[i] = (s >= i) ? block_product_3[s][i] * 0.25f : (-1e+09f);
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
            for (int i = 0; i < S; i++) {
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
        float sum_outer_exp_sum_part[4] = { 0 };
        MFL_LANES(d, 7, 4, lane, {
            outer_exp[d] = mfl_expf(h_3[s][d] - max_logits[s]);
            sum_outer_exp_sum_part[lane] += outer_exp[d];
        })
        float sum_outer_exp_sum = mfl_fold_addf(sum_outer_exp_sum_part, 4);
        sum_outer_exp[s] = sum_outer_exp_sum;
        float slope_log_sum_outer_exp = 1.0f / sum_outer_exp[s];        /* tangent of cross_entropy(logits(blocks, xv), yv)   attention.mfl:25 */
        for (int d = 0; d < D; d++)
            /* adjoint of h[:, 0:C]   attention.mfl:14 */
            b_h[d] = (d < 7) ? outer_exp[d] * (1.0f / S * slope_log_sum_outer_exp) : 0.0f;
        b_h[yv[s]] += (-1.0f / S) * 1.0f;                               /* adjoint of cross_entropy(logits(blocks, xv), yv)   attention.mfl:25 */
        for (int d = 0; d < D; d++)
            b_h_2[s][d] = b_h[d];                                       /* adjoint of h[:, 0:C]   attention.mfl:14 */
    }
    /* outer = mean(cross_entropy(logits(blocks, xv), yv))   attention.mfl:25 */
    MFL_SUM(float, sum_outer_difference, s, S, 16, mfl_logf(sum_outer_exp[s])
            - (h_3[s][yv[s]] - max_logits[s]));
    b_log_rate[0] = 0.0f;
    outer_value[0] = sum_outer_difference * (1.0f / S);

    for (int b = L - 1; b >= 0; b--) {
        /* b_rms_norm_blocks_v = block_quotient_at_3' b_h_2: adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, D, S, 1.0f, &block_quotient_at_3[b][0][0], S, 1, &b_h_2[0][0], D,
                0, 0, &b_rms_norm_blocks_v[0][0], D);
        /* b_block_quotient = b_h_2 rms_norm_blocks_v_at_3': adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
        mfl_gemm_f32(S, S, D, 1.0f, &b_h_2[0][0], D, 0, &rms_norm_blocks_v_at_3[b][0][0],
                D, 1, 0, &b_block_quotient[0][0], S);
        for (int s = 0; s < S; s++) {
            MFL_SUM(float, b_sum_exp_block_difference_sum, i, S, 16,
                    slope_block_quotient_at_6[b][s][i] * b_block_quotient[s][i]);
            /* adjoint of attention(a @ p.q, a, a @ p.v, causal)   attention.mfl:10 */
            float b_sum_exp_block_difference = (-1.0f) * b_sum_exp_block_difference_sum;
            for (int i = 0; i < S; i++)
                b_scaled_block_product[s][i] = (s >= i) ? exp_block_difference_at_3[b][s][i]
                        * (b_sum_exp_block_difference + b_block_quotient[s][i]
                        * slope_block_quotient_at_5[b][s]) : 0.0f;
            for (int d = 0; d < D; d++)
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
            float b_rsqrt = (-1.0f) * b_rsqrt_sum;                      /* adjoint of a = rms_norm(h)   attention.mfl:9 */
            float b_scaled_sum_h_squared = slope_sqrt_rms_norm_sum_at_3[b][s]
                    * (slope_rsqrt_at_3[b][s] * b_rsqrt);
            for (int d = 0; d < D; d++)
                b_h_2[s][d] = b_h_2[s][d] + h_at_3[b][s][d] * (0.125f * b_scaled_sum_h_squared)
                        + rsqrt_at_3[b][s] * b_rms_norm[s][d];
        }
        /* b_blocks_q_at = rms_norm_6' b_rms_norm_blocks_q: adjoint of a @ p.q   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_6[0][0], D, 1, &b_rms_norm_blocks_q[0][0],
                D, 0, 0, &b_blocks_q_at[0][0], D);
        /* b_blocks_v_at = rms_norm_6' b_rms_norm_blocks_v: adjoint of a @ p.v   attention.mfl:10 */
        mfl_gemm_f32(D, D, S, 1.0f, &rms_norm_6[0][0], D, 1, &b_rms_norm_blocks_v[0][0],
                D, 0, 0, &b_blocks_v_at[0][0], D);
        for (int d = 0; d < D; d++)
            for (int i = 0; i < D; i++) {
                b_blocks_q[b][d][i] = b_blocks_q_at[d][i];              /* adjoint of blocks   attention.mfl:13 */
                b_blocks_v[b][d][i] = b_blocks_v_at[d][i];
            }
    }

    /* Back through the steps of the inner loop. */
    for (int t = STEPS - 1; t >= 0; t--)
        attention_hypergradient_step_adjoint(data, work, t);
    return mfl_ok(status);
}

