/* test_store.c -- the file store: what was saved comes back; what was not, or not wholly, is an error; a full disk and a wrong path are told at once. */
#include "mfl/store.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BYTES = 1000 };
static char folder[] = "/tmp/mfl-store-XXXXXX", path[64];
static void enter(void)
{
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/states", folder);
}
static void leave(void)
{
    remove(path);
    cr_assert(rmdir(folder) == 0, "something is left behind");
}
TestSuite(store, .init = enter, .fini = leave);

static void fill(unsigned char *a, int seed)
{
    for (int k = 0; k < BYTES; k++)
        a[k] = (unsigned char)(k * 31 + seed * 17 + (k >> 3));
}

Test(store, back)
{
    mfl_file_store f;
    mfl_store s;
    unsigned char a[BYTES], b[BYTES];
    cr_assert_eq(mfl_file_store_open(&f, path, BYTES, &s), MFL_OK);
    static const int order[] = { 5, 0, 3, 1, 5, 0, 40 };
    for (int k = 0; k < 7; k++) {
        fill(a, order[k] + 100 * k);
        cr_assert_eq(s.save(s.user, order[k], a, BYTES), MFL_OK);
    }
    static const int last[][2] = { { 40, 640 }, { 0, 500 }, { 1, 301 }, { 3, 203 }, { 5, 405 } };
    for (int k = 0; k < 5; k++) {
        fill(a, last[k][1]);
        cr_assert_eq(s.load(s.user, last[k][0], b, BYTES), MFL_OK);
        cr_assert_arr_eq(a, b, BYTES);
    }
    cr_assert_eq(s.save(s.user, 0, a, 10), MFL_OK);            /* less than a slot holds */
    cr_assert_eq(s.load(s.user, 0, b, 10), MFL_OK);
    cr_assert_eq(s.load(s.user, 0, b, BYTES), MFL_STORE_LOAD); /* of another size */
    cr_assert_eq(s.save(s.user, 2, a, 0), MFL_OK);
    cr_assert_eq(s.load(s.user, 2, b, 0), MFL_OK);
    cr_assert_eq(s.save(s.user, 2, a, BYTES + 1), MFL_STORE_SAVE);
    cr_assert_eq(mfl_file_store_close(&f), MFL_OK);
    cr_assert(access(path, F_OK) != 0);
    cr_assert_eq(s.save(s.user, 0, a, 1), MFL_STORE_SAVE);     /* closed */
    cr_assert_eq(mfl_file_store_close(&f), MFL_OK);
}

Test(store, never_saved)
{
    mfl_file_store f;
    mfl_store s;
    unsigned char a[BYTES];
    fill(a, 1);
    for (int round = 0; round < 2; round++) {                  /* the second finds the file of one that was killed */
        cr_assert_eq(mfl_file_store_open(&f, path, BYTES, &s), MFL_OK);
        cr_assert_eq(s.load(s.user, 7, a, BYTES), MFL_STORE_LOAD);
        cr_assert_eq(s.save(s.user, 7, a, BYTES), MFL_OK);
        for (int slot = 0; slot < 7; slot++)                   /* the hole before it */
            cr_assert_eq(s.load(s.user, slot, a, BYTES), MFL_STORE_LOAD);
        cr_assert_eq(s.load(s.user, 8, a, BYTES), MFL_STORE_LOAD);
        cr_assert_eq(s.load(s.user, -1, a, BYTES), MFL_STORE_LOAD);
        cr_assert_eq(s.save(s.user, INT64_MAX, a, BYTES), MFL_STORE_SAVE);
        cr_assert_eq(s.save(s.user, INT64_MIN, a, BYTES), MFL_STORE_SAVE);
        if (!round)
            fclose(f.file);
    }
    cr_assert_eq(truncate(path, 64 + 7 * (64 + BYTES) + 64 + BYTES / 2), 0);
    cr_assert_eq(s.load(s.user, 7, a, BYTES), MFL_STORE_LOAD); /* cut short */
    cr_assert_eq(mfl_file_store_close(&f), MFL_OK);
}

/* A byte that is another one, and the state of a store that was opened on the same file: neither is taken for what was saved. */
Test(store, damaged)
{
    mfl_file_store f, g;
    mfl_store s, other;
    unsigned char a[BYTES], b[BYTES];
    fill(a, 4);
    cr_assert_eq(mfl_file_store_open(&f, path, BYTES, &s), MFL_OK);
    cr_assert_eq(s.save(s.user, 1, a, BYTES), MFL_OK);
    cr_assert_eq(s.load(s.user, 1, b, BYTES), MFL_OK);
    for (int at = 0; at < 64 + BYTES; at += at < 64 ? 1 : 7) {
        FILE *file = fopen(path, "r+b");
        long place = 64 + (64 + BYTES) + at;
        fseek(file, place, SEEK_SET);
        int byte = fgetc(file);
        for (int back = 0; back < 2; back++) {
            fseek(file, place, SEEK_SET);
            fputc(back ? byte : byte ^ 4, file);
            fflush(file);
            cr_expect_eq(s.load(s.user, 1, b, BYTES), back || (at >= 32 && at < 64) ? MFL_OK : MFL_STORE_LOAD, "byte %d", at);      /* the rest of a header holds nothing */
        }
        fclose(file);
    }
    cr_assert_eq(mfl_file_store_open(&g, path, BYTES, &other), MFL_OK);
    fill(b, 5);
    cr_assert_eq(other.save(other.user, 1, b, BYTES), MFL_OK);
    cr_assert_eq(s.load(s.user, 1, a, BYTES), MFL_STORE_LOAD);
    cr_assert_eq(other.load(other.user, 1, a, BYTES), MFL_OK);
    cr_assert_eq(mfl_file_store_close(&g), MFL_OK);
    fclose(f.file);
}

/* A limit on the size of files, and the device that is always full. */
Test(store, no_space)
{
    mfl_file_store f;
    mfl_store s;
    unsigned char a[BYTES], b[BYTES];
    struct rlimit most = { 64 + 2 * (64 + BYTES) + 500, RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(mfl_file_store_open(&f, path, BYTES, &s), MFL_OK);
    fill(a, 3);
    cr_assert_eq(s.save(s.user, 0, a, BYTES), MFL_OK);
    setrlimit(RLIMIT_FSIZE, &most);
    cr_assert_eq(s.save(s.user, 1, a, BYTES), MFL_OK);
    cr_assert_eq(s.save(s.user, 2, a, BYTES), MFL_STORE_SAVE);
    cr_assert_eq(s.load(s.user, 2, b, BYTES), MFL_STORE_LOAD); /* no half of it */
    cr_assert_eq(s.load(s.user, 1, b, BYTES), MFL_OK);
    cr_assert_arr_eq(a, b, BYTES);
    most.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &most);
    FILE *kept = f.file;
    cr_assert((f.file = fopen("/dev/full", "r+b")) != NULL);
    setvbuf(f.file, NULL, _IONBF, 0);
    cr_assert_eq(s.save(s.user, 0, a, BYTES), MFL_STORE_SAVE);
    fclose(f.file);
    f.file = kept;
    cr_assert_eq(mfl_file_store_close(&f), MFL_OK);
}

Test(store, wrong_path)
{
    mfl_file_store f;
    mfl_store s;
    char missing[80];
    snprintf(missing, sizeof missing, "%s/none/states", folder);
    cr_assert_eq(mfl_file_store_open(&f, missing, BYTES, &s), MFL_STORE_OPEN);
    cr_assert_eq(mfl_file_store_open(&f, folder, BYTES, &s), MFL_STORE_OPEN);
    cr_assert_eq(mfl_file_store_open(&f, NULL, BYTES, &s), MFL_STORE_OPEN);
    cr_assert_eq(mfl_file_store_open(&f, path, SIZE_MAX, &s), MFL_STORE_OPEN);
    cr_assert_eq(mfl_file_store_close(&f), MFL_OK);
    FILE *theirs = fopen(path, "w");                           /* a file that is not ours stays as it is */
    fputs("precious numbers\n", theirs);
    fclose(theirs);
    cr_assert_eq(mfl_file_store_open(&f, path, BYTES, &s), MFL_STORE_OPEN);
    char line[32] = "";
    theirs = fopen(path, "r");
    cr_assert(fgets(line, sizeof line, theirs) && !strcmp(line, "precious numbers\n"));
    fclose(theirs);
    for (int code = MFL_OK; code <= MFL_STORE_LOAD; code++)
        cr_assert(strcmp(mfl_strerror(code), "unknown code"), "code %d has no text", code);
}
