/* rates.c -- the profile of this machine: seconds per unit of each kind of work, as `mflc bench --calibrate` measures them. Text, a line for each rate:
 *   float scalar 3e-10 */
#include "driver.h"
#include <stdlib.h>
#include <unistd.h>

const char *rates_path(Arena *a)
{
    const char *path = getenv("MFLC_PROFILE"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (path)
        return path;
    if (config && *config)
        return arena_printf(a, "%s/mflc/profile", config);
    return arena_printf(a, "%s/.config/mflc/profile", home ? home : "");
}

/* One line; false: it is no rate. */
static bool read_rate(const char *line, Rates *r)
{
    char real[16], name[32], more[2];
    double seconds;
    if (sscanf(line, "%15s %31s %lf %1s", real, name, &seconds, more) != 3 || !(seconds > 0 && seconds < 1) || (strcmp(real, "double") && strcmp(real, "float")))
        return false;
    for (int k = 0, d = !strcmp(real, "double"); k < W_KINDS; k++)
        if (!strcmp(name, work_name[k])) {
            r->seconds[d][k] = seconds;
            return true;
        }
    return false;
}

/* Why the text is no profile; NULL: r has its rates, and its own where the text has none. */
static const char *read_rates(Arena *a, const char *text, Rates *r)
{
    for (int line = 1; *text; line++) {
        size_t n = strcspn(text, "\n");
        if (!read_rate(arena_strndup(a, text, n), r))
            return arena_printf(a, "line %d is not a rate, such as `float scalar 3e-10`", line);
        text += n + (text[n] == '\n');
    }
    r->measured = true;
    return NULL;
}

/* The built-in ones where there is no profile, or none that can be used: that is said. */
Rates rates_load(void)
{
    Rates r = default_rates;
    Arena *a = arena_new("pass");
    const char *path = rates_path(a), *why = NULL;
    size_t n = 0;
    const char *text = access(path, F_OK) ? NULL : (const char *)slurp(a, path, &n, &why);
    if (text && strlen(text) != n)
        why = "it is no text";
    else if (text)
        why = read_rates(a, text, &r);
    if (why) {
        fprintf(messages(), "mflc: note: the profile %s is not used: %s; mflc bench --calibrate writes it anew\n", path, why);
        r = default_rates;
    }
    arena_free(a);
    return r;
}

bool rates_writable(const char *path)
{
    Arena *a = arena_new("pass");
    char *folder = arena_printf(a, "%s", path), *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    bool ok = make_folder(slash ? folder : ".") && !access(slash ? folder : ".", W_OK | X_OK);
    arena_free(a);
    return ok;
}

bool rates_save(const Rates *r, const char *path)
{
    Buf b = { 0 };
    for (int d = 0; d < 2; d++)
        for (int k = 0; k < W_KINDS; k++)
            buf_printf(&b, "%s %s %.6g\n", d ? "double" : "float", work_name[k], r->seconds[d][k]);
    bool ok = write_atomically(path, b.at, b.n);
    buf_free(&b);
    return ok;
}
