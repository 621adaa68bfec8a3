/* rates.c -- the profile of this machine: seconds per unit of each kind of work, as `mflc bench --calibrate` measures them. Text, a line for each rate:
 *   float gemm 1.1e-11 */
#include "driver.h"
#include <stdlib.h>

const char *rates_path(Arena *a)
{
    const char *path = getenv("MFLC_PROFILE"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (path)
        return path;
    if (config && *config)
        return arena_printf(a, "%s/mflc/profile", config);
    return arena_printf(a, "%s/.config/mflc/profile", home ? home : "");
}

Rates rates_load(void)
{
    Rates r = default_rates;
    Arena *a = arena_new("pass");
    FILE *f = fopen(rates_path(a), "r");
    char real[16], name[32];
    double seconds;
    while (f && fscanf(f, "%15s %31s %lf", real, name, &seconds) == 3)
        for (int k = 0; k < W_KINDS; k++)
            if (!strcmp(name, work_name[k]) && seconds > 0 && seconds < 1) {
                r.seconds[!strcmp(real, "double")][k] = seconds;
                r.measured = true;
            }
    if (f)
        fclose(f);
    arena_free(a);
    return r;
}

bool rates_save(const Rates *r, const char *path)
{
    Buf b = { 0 };
    for (int d = 0; d < 2; d++)
        for (int k = 0; k < W_KINDS; k++)
            buf_printf(&b, "%s %s %.6g\n", d ? "double" : "float", work_name[k], r->seconds[d][k]);
    Arena *a = arena_new("pass");
    char *folder = arena_printf(a, "%s", path), *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
    bool ok = (!slash || !*folder || make_folder(folder)) && write_atomically(path, b.at, b.n);
    arena_free(a);
    buf_free(&b);
    return ok;
}
