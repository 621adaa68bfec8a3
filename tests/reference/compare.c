/* compare.c -- compares every array of a folder of results with the folder of expected ones:
 *   compare EXPECTED GOT TOLERANCE
 * For each NAME.npy of EXPECTED (but exact_*, implicit_*), GOT must hold the same shape with max|a - b| <= TOLERANCE * max|b|.
 * Prints what differs; exit 0 when all agree. Reads little-endian f8 and f4, C order: what mflc and NumPy write here. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Array { char shape[128]; long n; double *at; } Array;

static int read_npy(const char *path, Array *a)
{
    unsigned char head[10];
    char text[4096], *shape, *end;
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    int ok = fread(head, 1, 10, f) == 10 && !memcmp(head, "\x93NUMPY", 6);
    size_t len = ok ? head[8] + 256u * head[9] : 0;
    ok = ok && len < sizeof text && fread(text, 1, len, f) == len;
    text[ok ? len : 0] = 0;
    int wide = strstr(text, "<f8") != NULL;
    ok = ok && (wide || strstr(text, "<f4")) && strstr(text, "False") && (shape = strchr(text, '(')) && (end = strchr(shape, ')'));
    if (ok) {
        snprintf(a->shape, sizeof a->shape, "%.*s", (int)(end - shape + 1), shape);
        a->n = 1;
        for (char *p = shape + 1; p < end; p++)
            if (strchr("0123456789", *p))
                a->n *= strtol(p, &p, 10);
        a->at = calloc((size_t)(a->n ? a->n : 1), 8);
        for (long k = 0; ok && k < a->n; k++) {
            float x = 0;
            ok = wide ? fread(&a->at[k], 8, 1, f) == 1 : fread(&x, 4, 1, f) == 1;
            if (!wide)
                a->at[k] = x;
        }
    }
    fclose(f);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: compare EXPECTED GOT TOLERANCE\n"), 2;
    double tol = atof(argv[3]);
    DIR *d = opendir(argv[1]);
    int bad = 0, seen = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[4096];
        Array want, got;
        size_t n = strlen(e->d_name);
        if (n < 5 || strcmp(e->d_name + n - 4, ".npy") || !strncmp(e->d_name, "exact_", 6) || !strncmp(e->d_name, "implicit_", 9))
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        if (!read_npy(path, &want)) {
            printf("  %s: cannot be read\n", path);
            bad++;
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", argv[2], e->d_name);
        seen++;
        if (!read_npy(path, &got)) {
            printf("  %s: missing or not readable\n", path);
            bad++;
            free(want.at);
            continue;
        }
        double diff = 0, size = 0;
        int nan = 0;
        for (long k = 0; k < want.n && k < got.n; k++) {
            diff = fmax(diff, fabs(want.at[k] - got.at[k]));
            size = fmax(size, fabs(want.at[k]));
            nan |= isnan(got.at[k]) != isnan(want.at[k]);
        }
        if (strcmp(want.shape, got.shape) || nan || !(diff <= tol * size)) {
            printf("  %s: shape %s, expected %s; largest difference %.3g of %.3g%s\n", e->d_name, got.shape, want.shape, diff, size, nan ? "; NaN" : "");
            bad++;
        }
        free(want.at);
        free(got.at);
    }
    if (d)
        closedir(d);
    return bad || !seen;
}
